"""The one contract suite: every model of the registry keeps every promise."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlfactory import registry
from mlfactory.errors import UserError
from mlfactory.models._base import MIN_PROBABILITY, log_loss
from naive_models import (
    ENSEMBLES,
    IN_TWO_STAGES,
    SMALL,
    feature_rows,
    make,
    market,
    part,
    prior_log_loss,
    shipped,
)

TWO_STAGE = [f"{name}{IN_TWO_STAGES}" for name in ("lightgbm", "logistic", "gru")]
MODELS = [*registry.list_all(), *TWO_STAGE]
BOOSTING = ["catboost", "lightgbm", "xgboost"]
NEURAL = ["gru", "lstm", "tcn"]
SEARCHING = [*BOOSTING, *NEURAL, *TWO_STAGE, "logistic", "svm"]
REFUSALS = {
    "cut": lambda content: content[: len(content) // 2],
    "flipped": lambda content: content[:-20] + bytes([content[-20] ^ 1]) + content[-19:],
    "emptied": lambda content: b"",
}

pytestmark = pytest.mark.parametrize("name", MODELS)


@pytest.fixture(scope="module")
def fitted():
    """Each model fitted once on the first 600 rows, with the next 100 as validation."""
    models = {}

    def get(name):
        if name not in models:
            data = market(name)
            train, validation = part(data, 0, 600), part(data, 600, 700)
            model = make(name)
            metrics = model.fit(train.X, train.y, validation.X, validation.y)
            models[name] = (model, metrics, data)
        return models[name]

    return get


def test_suite_knows_every_model(name):
    assert name.removesuffix(IN_TWO_STAGES) in SMALL


def test_probabilities_are_three_a_row_positive_and_sum_to_one(name, fitted):
    model, _, data = fitted(name)
    probabilities = model.predict(data.X)
    assert probabilities.shape == (800, 3)
    assert probabilities.dtype == np.float64
    assert probabilities.min() >= MIN_PROBABILITY / 2
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)


def test_no_rows_asked_for_give_no_rows(name, fitted):
    model, _, data = fitted(name)
    assert model.predict(part(data, 0, 0).X).shape == (0, 3)


def test_planted_signal_is_learnt(name, fitted):
    model, _, data = fitted(name)
    held_out = part(data, 700, 800)
    loss = log_loss(model.predict(held_out.X), held_out.y)
    assert loss < prior_log_loss(data.y[:600], held_out.y) - 0.15


def test_pure_noise_is_hardly_overfitted(name):
    data = market(name, signal=0.0, seed=1)
    train, validation, held_out = part(data, 0, 600), part(data, 600, 700), part(data, 700, 800)
    model = make(name)
    model.fit(train.X, train.y, validation.X, validation.y)
    loss = log_loss(model.predict(held_out.X), held_out.y)
    assert loss < prior_log_loss(train.y, held_out.y) + (0.08 if name not in ENSEMBLES else 0.2)


def test_same_seed_gives_the_same_bytes(name, fitted, tmp_path):
    model, metrics, data = fitted(name)
    train, validation = part(data, 0, 600), part(data, 600, 700)
    again = make(name)
    assert again.fit(train.X, train.y, validation.X, validation.y) == metrics
    assert again.predict(data.X).tobytes() == model.predict(data.X).tobytes()
    assert _saved_bytes(again, tmp_path / "again") == _saved_bytes(model, tmp_path / "model")


def test_new_process_on_one_core_fits_the_same_bytes_and_loads_the_same_model(
    name, fitted, tmp_path
):
    model, _, data = fitted(name)
    model.save(tmp_path)
    script = Path(__file__).with_name("new_process.py")
    command = [sys.executable, str(script), name, str(tmp_path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    expected = model.predict(data.X).tobytes().hex()
    assert said == [expected, expected]


def test_saved_model_predicts_exactly_the_same(name, fitted, tmp_path):
    model, _, data = fitted(name)
    model.save(tmp_path)
    loaded = type(model).load(tmp_path)
    assert loaded.predict(data.X).tobytes() == model.predict(data.X).tobytes()
    assert loaded.get_feature_importance() == model.get_feature_importance()
    assert loaded.complexity == model.complexity


def test_one_row_alone_gives_the_same_bits_as_among_many(name, fitted):
    model, _, data = fitted(name)
    alone = [model.predict(part(data, row, row + 1).X)[0] for row in (0, 7, 799)]
    assert (np.array(alone) == model.predict(data.X)[[0, 7, 799]]).all()


def test_only_the_rows_asked_for_are_read(name, fitted):
    model, metrics, data = fitted(name)
    values = data.X.values.copy()
    values[700:] = 1e9
    poisoned = feature_rows(values, data.X.names)
    again = make(name)
    y = data.y
    rows = np.arange(800)
    assert metrics == again.fit(
        poisoned.take(rows[:600]), y[:600], poisoned.take(rows[600:700]), y[600:700]
    )
    expected = model.predict(data.X.take(rows[:700]))
    assert again.predict(poisoned.take(rows[:700])).tobytes() == expected.tobytes()


def test_weights_improve_the_prediction_of_the_heavy_rows(name):
    data = market(name, rows=600)
    guesser_is_right = data.X.values[:, -3:].argmax(axis=1) == data.y
    heavy = guesser_is_right if name in ENSEMBLES else data.y == 2
    weighting = {"weighting": "log_loss"} if name == "voting" else {}
    plain, weighted = make(name, **weighting), make(name, **weighting)
    plain.fit(data.X, data.y)
    weighted.fit(data.X, data.y, sample_weight=np.where(heavy, 5.0, 1.0))
    before, after = (
        log_loss(model.predict(data.X)[heavy], data.y[heavy]) for model in (plain, weighted)
    )
    assert after < before - 0.05


@pytest.mark.parametrize("absent", [0, 1, 2])
def test_class_missing_in_training_gets_the_floor(name, absent):
    data = market(name, rows=400)
    present = data.X.rows[(data.y != absent) & (data.X.rows < 300)]
    validation = part(data, 300, 400)
    model = make(name)
    model.fit(data.X.take(present), data.y[present], validation.X, validation.y)
    probabilities = model.predict(validation.X)
    assert probabilities[:, absent].max() <= MIN_PROBABILITY
    known = validation.y != absent
    others = [label for label in (0, 1, 2) if label != absent]
    best = np.array(others)[probabilities[known][:, others].argmax(axis=1)]
    assert (best == validation.y[known]).mean() > 0.6


def test_a_constant_feature_changes_nothing_for_the_worse(name, fitted):
    _, _, data = fitted(name)
    values = data.X.values.copy()
    if name in ENSEMBLES:
        values[:, 6:] = 1 / 3
    else:
        values[:, 7] = 5.0
    X = feature_rows(values, data.X.names)
    model = make(name)
    model.fit(X.take(X.rows[:600]), data.y[:600])
    held_out = log_loss(model.predict(X.take(X.rows[700:])), data.y[700:])
    assert held_out < prior_log_loss(data.y[:600], data.y[700:]) - 0.15
    if name not in ENSEMBLES:
        assert model.get_feature_importance()["h"] < 0.01


def test_one_feature_or_member_is_enough(name, fitted):
    _, _, data = fitted(name)
    width = 3 if name in ENSEMBLES else 1
    X = feature_rows(data.X.values[:, :width], data.X.names[:width])
    model = make(name)
    model.fit(X, data.y)
    assert log_loss(model.predict(X), data.y) < prior_log_loss(data.y, data.y) - 0.1


def test_few_rows_are_enough(name):
    few = part(market(name), 0, 12)
    model = make(name)
    model.fit(few.X, few.y)
    assert np.isfinite(model.predict(few.X)).all()
    importance = model.get_feature_importance()
    assert sum(importance.values()) == pytest.approx(1) or set(importance.values()) == {0.0}


def test_importance_has_every_feature_and_sums_to_one(name, fitted):
    model, _, data = fitted(name)
    importance = model.get_feature_importance()
    assert tuple(importance) == data.X.names
    assert sum(importance.values()) == pytest.approx(1)
    assert min(importance.values()) >= 0
    if name not in ENSEMBLES:
        assert {"a", "b"} == set(sorted(importance, key=importance.get)[-2:])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_missing_or_infinite_features_are_refused(name, fitted, value):
    model, _, data = fitted(name)
    values = data.X.values.copy()
    values[3, 2] = value
    spoilt = feature_rows(values, data.X.names)
    with pytest.raises(ValueError, match=f"{data.X.names[2]} is .* in row 3"):
        make(name).fit(spoilt, data.y)
    with pytest.raises(ValueError, match="in row 3"):
        model.predict(spoilt)
    reach = shipped(name)["needs"]["sequence_length"]
    beyond = spoilt.take(spoilt.rows[3 + reach :])
    assert len(model.predict(beyond)) == 797 - reach
    if reach > 1:
        with pytest.raises(ValueError, match="in row 3"):
            model.predict(spoilt.take(spoilt.rows[2 + reach :]))


def test_other_features_or_another_order_are_refused(name, fitted):
    model, _, data = fitted(name)
    with pytest.raises(ValueError, match="another order"):
        model.predict(feature_rows(data.X.values, data.X.names[::-1]))


def test_unfitted_model_neither_predicts_nor_saves(name, tmp_path):
    with pytest.raises(ValueError, match="not fitted"):
        make(name).predict(market(name).X)
    with pytest.raises(ValueError, match="not fitted"):
        make(name).save(tmp_path)
    assert not list(tmp_path.iterdir())


def test_validation_row_among_the_training_rows_is_refused(name):
    data = market(name)
    train, held_out = part(data, 4, len(data.y)), part(data, 0, 5)
    with pytest.raises(ValueError, match="among the training rows"):
        make(name).fit(train.X, train.y, held_out.X, held_out.y)


@pytest.mark.parametrize("how", [*REFUSALS, "missing"])
def test_damaged_file_is_refused_by_its_name(name, fitted, tmp_path, how):
    model, _, _ = fitted(name)
    for file in type(model).FILES:
        model.save(tmp_path)
        damaged = tmp_path / file
        if how == "missing":
            damaged.unlink()
        else:
            damaged.write_bytes(REFUSALS[how](damaged.read_bytes()))
        with pytest.raises(UserError, match=file):
            type(model).load(tmp_path)


@pytest.mark.parametrize("damage", ["cut", "gone", "list", "other model", "format", "no features"])
def test_bad_description_is_refused_by_its_name(name, fitted, tmp_path, damage):
    model, _, _ = fitted(name)
    model.save(tmp_path)
    file = tmp_path / "model.json"
    content = json.loads(file.read_text())
    spoilt = {
        "cut": file.read_text()[:100],
        "list": "[1]",
        "other model": json.dumps(content | {"model": "other"}),
        "format": json.dumps(content | {"format": 2}),
        "no features": json.dumps({k: v for k, v in content.items() if k != "features"}),
    }
    if damage == "gone":
        file.unlink()
    else:
        file.write_text(spoilt[damage])
    with pytest.raises(UserError, match=r"model\.json"):
        type(model).load(tmp_path)


def test_save_killed_half_way_leaves_nothing_that_loads(name, fitted, tmp_path, monkeypatch):
    model, _, _ = fitted(name)
    model.save(tmp_path)

    def killed(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(model, "_write_state", killed)
    with pytest.raises(KeyboardInterrupt):
        model.save(tmp_path)
    with pytest.raises(UserError, match="nothing whole was saved"):
        type(model).load(tmp_path)


def test_metrics_are_json(name, fitted):
    _, metrics, _ = fitted(name)
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    assert metrics["rows"] == 600


def test_refit_uses_what_validation_found_and_equals_a_fit_told_so(name, fitted):
    _, _, data = fitted(name)
    fast = {"rounds": 300, "learning_rate": 0.3} if name in BOOSTING else {}
    refitted = make(name, **fast)
    refitted.fit(*part(data, 0, 600), *part(data, 600, 700))
    found = dict(refitted.complexity)
    assert bool(found) == (name in SEARCHING)
    assert found.get("rounds", 0) < 250
    metrics = refitted.fit(*part(data, 0, 700))
    assert refitted.complexity == found
    if name in (*NEURAL, *TWO_STAGE, "svm"):
        return
    assert found.items() <= metrics.items()
    as_told = {key: [value] if key == "C" else value for key, value in found.items()}
    told = make(name, **fast | as_told)
    told.fit(*part(data, 0, 700))
    assert told.predict(data.X).tobytes() == refitted.predict(data.X).tobytes()


def _saved_bytes(model, folder):
    folder.mkdir(exist_ok=True)
    model.save(folder)
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
