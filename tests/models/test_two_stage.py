"""Neutral or not, then direction: what the two stages make of one problem."""

import numpy as np
import pytest

from mlfactory.models._base import MIN_PROBABILITY
from naive_models import IN_TWO_STAGES, Data, make, market, part

NAME = f"logistic{IN_TWO_STAGES}"


def undirected(rows=4000, seed=0):
    """Whether the price moves depends on b; which way it moves, on nothing."""
    data = market("logistic", rows=rows, seed=seed)
    random = np.random.default_rng(seed + 100)
    moves = random.random(rows) < 1 / (1 + np.exp(-2 * data.X.values[:, 1]))
    long = random.random(rows) < 0.3
    return Data(data.X, np.where(moves, np.where(long, 2, 0), 1).astype(np.int8))


def fitted(data, cut, last, **given):
    model = make(NAME, **given)
    return model, model.fit(*part(data, 0, cut), *part(data, cut, last))


@pytest.mark.parametrize("seed", range(3))
def test_overfitted_direction_is_hardly_believed(seed):
    data = undirected(seed=seed)
    model = make(f"lightgbm{IN_TWO_STAGES}", rounds=60, stopping={"enabled": False})
    metrics = model.fit(*part(data, 0, 2000), *part(data, 2000, 3000))
    assert metrics["direction_trust"] < 0.25
    later = part(data, 3000, 4000)
    long = model.predict(later.X)[:, 2] / model.predict(later.X)[:, [0, 2]].sum(axis=1)
    assert long.std() < 0.05


def test_direction_is_mixed_with_the_share_of_long_among_rows_that_moved():
    data = undirected(seed=3)
    model, metrics = fitted(data, 2000, 3000)
    train = data.y[:2000]
    prior = (train == 2).sum() / (train != 1).sum()
    probabilities = model.predict(data.X)
    long = probabilities[:, 2] / (probabilities[:, 0] + probabilities[:, 2])
    trust, alone = metrics["direction_trust"], model.stages["direction"].predict(data.X)[:, 2]
    np.testing.assert_allclose(long, trust * alone + (1 - trust) * prior, atol=1e-5)
    assert np.corrcoef(probabilities[:, 1], data.X.values[:, 1])[0, 1] < -0.9


def test_direction_that_gains_is_believed():
    data = market("logistic", rows=1200)
    _, metrics = fitted(data, 800, 1200)
    assert metrics["direction_trust"] > 0.8


def test_each_stage_is_fitted_on_its_rows_and_stops_by_itself():
    data = market("lightgbm", rows=800)
    name = f"lightgbm{IN_TWO_STAGES}"
    model = make(name, rounds=200, learning_rate=0.3, stopping={"patience": 5})
    metrics = model.fit(*part(data, 0, 600), *part(data, 600, 800))
    assert metrics["move"]["rows"] == 600
    assert metrics["direction"]["rows"] == (data.y[:600] != 1).sum()
    rounds = {stage: model.complexity[stage]["rounds"] for stage in ("move", "direction")}
    assert rounds == {stage: metrics[stage]["rounds"] for stage in rounds}
    assert rounds["move"] != rounds["direction"]


def test_refit_keeps_what_each_stage_and_the_trust_were_found_to_be():
    data = undirected()
    model, metrics = fitted(data, 2000, 3000)
    found = dict(model.complexity)
    refit = model.fit(*part(data, 0, 3000))
    assert model.complexity == found
    assert refit["direction_trust"] == metrics["direction_trust"]
    assert refit["move"]["C"] == found["move"]["C"]


@pytest.mark.parametrize(("absent", "stages"), [(1, {"direction"}), (0, {"move"}), (2, {"move"})])
def test_without_a_class_the_stage_that_needs_it_falls_away(absent, stages, tmp_path):
    data = market("logistic", rows=600)
    present = data.X.rows[data.y != absent]
    model = make(NAME)
    model.fit(data.X.take(present), data.y[present])
    assert set(model.stages) == stages
    probabilities = model.predict(data.X)
    assert probabilities[:, absent].max() <= MIN_PROBABILITY
    model.save(tmp_path)
    assert type(model).load(tmp_path).predict(data.X).tobytes() == probabilities.tobytes()


def test_direction_is_believed_by_rows_that_its_stage_was_not_fitted_on():
    """Validation rows that turn the direction round leave nothing to believe."""
    data = market("random_forest", rows=1200)
    y = data.y.copy()
    y[800:] = 2 - y[800:]
    model = make(f"random_forest{IN_TWO_STAGES}")
    rows = data.X.rows
    model.fit(data.X.take(rows[:800]), y[:800], data.X.take(rows[800:]), y[800:])
    assert model.trust < 0.01
    honest = make(f"random_forest{IN_TWO_STAGES}")
    honest.fit(*part(data, 0, 800), *part(data, 800, 1200))
    assert honest.trust > 0.8


def test_probabilities_are_the_products_of_the_stages():
    data = market("logistic", rows=600)
    model = make(NAME)
    model.fit(data.X, data.y)
    neutral = model.stages["move"].predict(data.X)[:, 1]
    long = model.stages["direction"].predict(data.X)[:, 2]
    expected = np.column_stack([(1 - neutral) * (1 - long), neutral, (1 - neutral) * long])
    np.testing.assert_allclose(model.predict(data.X), expected, atol=1e-5)


def asked_of(data, give_up, shared=None):
    """A fit that asks ``give_up``, and what its rounds asked."""
    asked = []
    model = make(f"lightgbm{IN_TWO_STAGES}", rounds=40, stopping={"enabled": False})
    model.give_up = lambda losses: asked.append(list(losses)) or give_up(losses)
    model.shared = shared
    return model, model.fit(*part(data, 0, 600), *part(data, 600, 800)), asked


def test_whether_to_give_up_is_asked_with_the_loss_of_both_stages():
    data = market("lightgbm", rows=800)
    shared = {}
    _, metrics, asked = asked_of(data, lambda losses: False, shared)
    assert len(asked) == 80
    assert asked[39] == pytest.approx(metrics["move"]["validation_curve"])
    moved = (data.y[600:] != 1).mean()
    of_both = metrics["move"]["validation_log_loss"] + moved * np.array(
        metrics["direction"]["validation_curve"]
    )
    assert asked[-1] == pytest.approx(of_both)
    least = metrics["validation_log_loss"] - metrics["move"]["validation_log_loss"]
    assert shared["direction_loss"] == pytest.approx(least, abs=1e-5)
    again = asked_of(data, lambda losses: False, shared)[2]
    assert np.subtract(again[39], asked[39]) == pytest.approx(shared["direction_loss"])


def test_a_first_stage_that_gave_up_is_not_followed_by_a_second():
    data = market("lightgbm", rows=800)
    model, metrics, asked = asked_of(data, lambda losses: len(losses) == 16)
    assert len(asked) == 16
    assert "direction" not in metrics
    long = model.predict(data.X)[:, [0, 2]]
    assert np.ptp(long[:, 1] / long.sum(axis=1)) < 1e-9
