"""Calibration mends what is too sure or shifted, from rows of the fit alone, and is saved whole."""

import json

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.isotonic import IsotonicRegression

from mlfactory import calibration, oof, registry, schemas, tables
from mlfactory.bundles import Bundle
from mlfactory.calibration import METHODS, Dirichlet, Isotonic, Temperature, fitted, restored
from mlfactory.config import load_models
from mlfactory.errors import UserError
from mlfactory.models._base import log_loss
from mlfactory.scaling import RobustScaler
from test_oof import fit
from training import logistic, training_tables


def market(n=4000, seed=0, sharpened=1.0, shift=(0.0, 0.0, 0.0)):
    """What a model says of n rows, sharpened and shifted against the odds that labels have."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=(n, 3)) * 0.8
    odds = softmax(scores, axis=1)
    label = (generator.random(n)[:, None] > odds.cumsum(axis=1)).sum(axis=1).astype(np.int8)
    return softmax(sharpened * (scores + np.array(shift)), axis=1), label


def test_temperature_is_that_of_a_search_over_a_grid():
    for seed, sharpened in ((0, 2.5), (1, 0.6), (2, 1.0)):
        p, label = market(600, seed, sharpened)
        grid = np.linspace(0.3, 4, 3701)
        losses = [log_loss(softmax(np.log(p) / t, axis=1), label) for t in grid]
        assert Temperature.fit(p, label).temperature == pytest.approx(
            grid[np.argmin(losses)], abs=0.002
        )


def test_temperature_takes_back_the_sharpening_and_keeps_the_choice():
    p, label = market(20000, sharpened=2.5)
    found = Temperature.fit(p, label)
    assert found.temperature == pytest.approx(2.5, abs=0.1)
    np.testing.assert_array_equal(found.apply(p).argmax(axis=1), p.argmax(axis=1))


def test_isotonic_is_the_regression_of_each_class_with_one_row_of_shares():
    p, label = market(500, sharpened=2)
    found = Isotonic.fit(p, label)
    expected = np.empty_like(p)
    for place in range(3):
        happened = label == place
        share = (happened.sum() + 1) / 503
        fit_one = IsotonicRegression(out_of_bounds="clip").fit(p[:, place], happened)
        expected[:, place] = (500 * fit_one.predict(p[:, place]) + share) / 501
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.apply(p), expected, rtol=1e-6)


def dirichlet_loss(p, label, weights, intercepts):
    """The penalised loss, row by row."""
    total = 0.0
    for row, happened in zip(p, label, strict=True):
        scores = [
            sum(w * np.log(q) for w, q in zip(of_class, row, strict=True)) + b
            for of_class, b in zip(weights, intercepts, strict=True)
        ]
        total -= scores[happened] - np.log(sum(np.exp(s) for s in scores))
    moved = ((weights - np.eye(3)) ** 2).sum() + (intercepts**2).sum()
    return total / len(p) + calibration.PENALTY / 2 * moved


def test_dirichlet_map_is_the_least_of_its_loss():
    p, label = market(150, sharpened=2, shift=(0.8, 0, 0))
    found = Dirichlet.fit(p, label)
    for at in np.ndindex(3, 4):
        step = np.zeros((3, 4))
        step[at] = 1e-4
        up, down = (
            dirichlet_loss(p, label, found.weights + s[:, :3], found.intercepts + s[:, 3])
            for s in (step, -step)
        )
        assert abs(up - down) / 2e-4 < 1e-5, "its slope is 0 everywhere, and it is convex"


def test_dirichlet_takes_back_a_shift_that_temperature_cannot():
    p, label = market(20000, shift=(1.0, 0, 0))
    fresh, happened = market(20000, seed=9, shift=(1.0, 0, 0))
    best, _ = market(20000, seed=9)
    losses = [log_loss(m.fit(p, label).apply(fresh), happened) for m in (Dirichlet, Temperature)]
    assert losses[0] - log_loss(best, happened) < 0.003
    assert losses[1] - losses[0] > 0.05


@pytest.mark.parametrize("method", METHODS)
def test_overconfidence_is_mended_on_fresh_rows_and_calibrated_rows_stay(method):
    for sharpened, low, high in ((2.5, 0.15, 1.0), (1.0, -0.01, 0.01)):
        p, label = market(3000, sharpened=sharpened)
        fresh, happened = market(6000, seed=5, sharpened=sharpened)
        found = fitted(method, p, label).apply(fresh)
        assert low < log_loss(fresh, happened) - log_loss(found, happened) < high


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_stay_probabilities_at_the_ends_and_without_a_class(method):
    p, label = market(200, sharpened=30)
    p = np.maximum(p, 1e-6)
    found = fitted(method, p / p.sum(axis=1, keepdims=True), np.where(label == 2, 1, label))
    ends = np.array([[1 - 2e-6, 1e-6, 1e-6], [1 / 3, 1 / 3, 1 / 3], [1e-6, 1e-6, 1 - 2e-6]])
    made = found.apply(ends)
    np.testing.assert_allclose(made.sum(axis=1), 1, rtol=1e-12)
    assert made.min() > 0.9e-6
    if method == "isotonic":
        assert made.min() > 2e-5, "one row of the class shares"


@pytest.mark.parametrize("method", METHODS)
def test_what_json_gives_back_is_the_same_map_to_the_bit(method):
    p, label = market(300, sharpened=2)
    found = fitted(method, p, label)
    written = json.loads(json.dumps({"method": method, **found.parameters()}))
    assert restored(written).apply(p).tobytes() == found.apply(p).tobytes()


def test_too_few_rows_are_refused_in_one_line():
    p, label = market(29)
    with pytest.raises(UserError, match=r"^config: fit.calibration=isotonic: a fit keeps 29 lab"):
        fitted("isotonic", p, label)
    p, label = market(50)
    with pytest.raises(UserError, match="50 labelled rows of 1 classes"):
        fitted("temperature", p, label * 0)


@pytest.mark.parametrize("method", METHODS)
def test_fit_saves_its_calibration_and_writes_both_probabilities(method, tmp_path):
    train, folds = training_tables(1200)
    bundle, table, record = fit(train, folds, calibration=method)
    tables.check(table, schemas.held_out(True), "oof")
    assert record["calibration"]["method"] == method
    X = oof.feature_rows(train)
    rows = np.flatnonzero((folds["fold"] == 1).to_numpy(dtype=bool))
    before = bundle.uncalibrated(X.take(rows))
    np.testing.assert_array_equal(table[list(schemas.UNCALIBRATED)], before.astype("f4"))
    np.testing.assert_array_equal(
        table[list(schemas.PROBABILITIES)], bundle.calibration.apply(before).astype("f4")
    )
    assert not np.allclose(before, bundle.predict(X.take(rows)))
    bundle.save(tmp_path)
    assert (tmp_path / "calibration.json").exists()
    assert Bundle.load(tmp_path).predict(X).tobytes() == bundle.predict(X).tobytes()


def test_without_calibration_nothing_is_written_or_changed(tmp_path):
    train, folds = training_tables(1200)
    bundle, table, record = fit(train, folds, calibration="off")
    tables.check(table, schemas.PREDICTIONS, "oof")
    assert "calibration" not in record
    X = oof.feature_rows(train)
    assert bundle.predict(X).tobytes() == bundle.uncalibrated(X).tobytes()
    bundle.save(tmp_path)
    assert not (tmp_path / "calibration.json").exists()
    assert Bundle.load(tmp_path).calibration is None


def test_each_row_calibrates_once_by_fits_that_saw_no_label_of_its_time(monkeypatch):
    train, folds = training_tables(1200)
    data = oof.training_set(train, folds)
    fits, predicted = [], []
    on, predict = oof._Fit.on, oof._Fit.predict

    def noted(fit, data, rows, held_out):
        fits.append(rows)
        return on(fit, data, rows, held_out)

    def noted_too(fit, data, rows, scaler):
        predicted.append((fits[-1], rows, scaler))
        return predict(fit, data, rows, scaler)

    monkeypatch.setattr(oof._Fit, "on", noted)
    monkeypatch.setattr(oof._Fit, "predict", noted_too)
    _, _, record = fit(train, folds, calibration="temperature", calibration_folds=3)
    rows, _ = oof.fold_rows(data, 1, 4)
    assert len(predicted) == 3
    np.testing.assert_array_equal(np.concatenate([held_out for _, held_out, _ in predicted]), rows)
    for fitted_on, held_out, scaler in predicted:
        start, end = data.start[held_out], data.end[held_out]
        reaching = (data.start[fitted_on][:, None] <= end) & (data.end[fitted_on][:, None] >= start)
        assert not reaching.any()
        assert len(fitted_on) > len(rows) / 2
        own = RobustScaler.fit(data.features.take(fitted_on).matrix())
        np.testing.assert_array_equal(scaler.center, own.center)
    assert record["calibration"] == {"method": "temperature", "rows": len(rows)}


@pytest.mark.parametrize("name", ["logistic", "random_forest", "lightgbm"])
def test_model_is_the_same_with_a_calibration_and_without(name):
    model = load_models([name])[name]
    model["training"] |= {"random_forest": {"trees": 3}, "lightgbm": {"rounds": 20}}.get(name, {})
    model["needs"] |= {"features": "all"}
    train, folds = training_tables(900)
    (_, usual, plain), (_, table, record) = (
        fit(train, folds, model=model, calibration=c) for c in ("off", "dirichlet")
    )
    np.testing.assert_array_equal(
        table[list(schemas.UNCALIBRATED)], usual[list(schemas.PROBABILITIES)]
    )
    assert {key: part for key, part in record.items() if key != "calibration"} == plain


def test_model_that_is_not_refitted_is_calibrated_on_its_latest_rows(monkeypatch):
    """As neural models are."""
    train, folds = training_tables(1200)
    data = oof.training_set(train, folds)
    monkeypatch.setattr(registry.get("logistic"), "REFITS", False)
    fits, predicted = [], []
    on, predict = oof._Fit.on, oof._Fit.predict
    monkeypatch.setattr(oof._Fit, "on", lambda *a: fits.append(a[2:]) or on(*a))
    monkeypatch.setattr(oof._Fit, "predict", lambda *a: predicted.append(a[2]) or predict(*a))
    fit(train, folds, calibration="temperature")
    rows, _ = oof.fold_rows(data, 1, 4)
    ((head, stop),), (latest,) = fits, predicted
    assert latest.tolist() == rows[-len(latest) :].tolist()
    assert len(latest) == pytest.approx(0.075 * len(rows), abs=1)
    assert data.end[np.concatenate([head, stop])].max() < data.start[latest].min()


def test_what_was_learnt_by_heart_is_taken_back_out_of_fold():
    """Calibrated on rows that its fit has seen, it would stay as sure as it was."""
    train, folds = training_tables(600, noise=60, signal=0.5)
    learnt = {"model": logistic(C=[10000.0]), "fit_share": 0.6}
    bundle, table, _ = fit(train, folds, calibration="temperature", **learnt)
    assert bundle.calibration.temperature > 1.8
    label = folds["label"][folds["fold"] == 1].reset_index(drop=True)
    known = label.notna().to_numpy()
    before, after = (
        log_loss(
            table.loc[known, list(names)].to_numpy(dtype=float), label[known].to_numpy(dtype=int)
        )
        for names in (schemas.UNCALIBRATED, schemas.PROBABILITIES)
    )
    assert after < before - 0.1
