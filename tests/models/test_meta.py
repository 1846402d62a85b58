"""The non-negative regression of ensembles."""

import numpy as np
import pytest

from mlfactory.models._base import log_loss
from mlfactory.models._meta import pool_weights
from naive_models import feature_rows, make, market

SEARCH = {"max_iterations": 500, "tolerance": 1e-9}


def drawn(seed, n=400):
    """Log-probabilities of three members: one that knows, one that knows less, one reversed."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 3, n)
    truth = np.eye(3)[y]
    scores = [generator.normal(size=(n, 3)) + k * truth for k in (2.0, 1.0, -2.0)]
    logs = np.stack([s - np.log(np.exp(s).sum(axis=1, keepdims=True)) for s in scores], axis=1)
    return logs, y


def loss_of(weights, intercepts, logs, y, C):
    scores = sum(w * logs[:, m] for m, w in enumerate(weights)) + intercepts
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return -C * np.log(p[np.arange(len(y)), y]).sum() + 0.5 * sum(w * w for w in weights)


def test_no_weight_is_below_0_and_none_nearby_is_better():
    logs, y = drawn(1)
    weights, intercepts, _ = pool_weights(logs, y, np.ones(len(y)), C=0.1, **SEARCH)
    assert weights[0] > weights[1] > 0
    assert weights[2] == 0.0
    assert intercepts.sum() == pytest.approx(0, abs=1e-9)
    least = loss_of(weights, intercepts, logs, y, 0.1)
    generator = np.random.default_rng(2)
    for _ in range(200):
        moved = np.maximum(weights + generator.normal(scale=0.02, size=3), 0.0)
        other = intercepts + generator.normal(scale=0.02, size=3)
        assert loss_of(moved, other, logs, y, 0.1) >= least - 1e-7


def test_a_row_of_weight_two_counts_as_two_rows():
    logs, y = drawn(3, n=90)
    twice, y_twice = np.concatenate([logs, logs[:30]]), np.concatenate([y, y[:30]])
    weight = np.where(np.arange(90) < 30, 2.0, 1.0)
    one = pool_weights(logs, y, weight, C=1.0, **SEARCH)[0]
    other = pool_weights(twice, y_twice, np.ones(120), C=1.0, **SEARCH)[0]
    np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("name", ["stacking", "blending"])
def test_ensemble_with_non_negative_weights_predicts_by_them(name, tmp_path):
    data = market("voting")
    model = make(name, non_negative=True, C=[1.0])
    model.fit(data.X, data.y)
    assert (model.coefficients >= 0).all()
    for row, label in enumerate(model.classes):
        others = np.delete(model.coefficients[row].reshape(-1, 3), label, axis=1)
        assert (others == 0).all()
    shares = model.get_feature_importance()
    assert shares["a_prob_long"] > shares["c_prob_long"]
    model.save(tmp_path)
    np.testing.assert_array_equal(type(model).load(tmp_path).predict(data.X), model.predict(data.X))
    plain = make(name, C=[1.0])
    plain.fit(data.X, data.y)
    assert (plain.coefficients < 0).any()


def reversed_by_the_last(rows=2000, seed=0):
    """Two members: the first is right where the second leans long, and wrong elsewhere."""
    generator = np.random.default_rng(seed)
    p = generator.dirichlet((2, 2, 2), (rows, 2)).astype(np.float32)
    first, second = p[:, 0], p[:, 1]
    odds = np.where((second[:, 2] > second[:, 0])[:, None], first, first[:, ::-1])
    y = (generator.random(rows)[:, None] > odds.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    names = tuple(f"{m}_prob_{c}" for m in "ab" for c in ("short", "neutral", "long"))
    return feature_rows(p.reshape(rows, 6), names), y.astype(np.int8)


@pytest.mark.parametrize("name", ["stacking", "blending"])
def test_trees_learn_where_a_member_is_right_which_a_regression_cannot(name, tmp_path):
    X, y = reversed_by_the_last()
    fresh, happened = reversed_by_the_last(seed=1)
    learners = {}
    for learner in ("logistic", "lightgbm"):
        model = make(name, learner=learner, C=[1.0], rounds=100)
        model.fit(X, y)
        learners[learner] = log_loss(model.predict(fresh), happened)
    assert learners["lightgbm"] < learners["logistic"] - 0.02
    model.save(tmp_path)
    assert [f.name for f in tmp_path.iterdir() if f.suffix not in (".npz", ".json")] == []
    loaded = type(model).load(tmp_path)
    assert loaded.predict(fresh).tobytes() == model.predict(fresh).tobytes()
    assert loaded.get_feature_importance() == model.get_feature_importance()
    again = make(name, learner="lightgbm", C=[1.0], rounds=100)
    again.fit(X, y)
    assert again.predict(fresh).tobytes() == model.predict(fresh).tobytes()


def test_trees_respect_weights_and_leave_a_missing_class_out():
    X, y = reversed_by_the_last()
    model = make("stacking", learner="lightgbm")
    model.fit(X, y, sample_weight=np.where(y == 2, 5.0, 1.0))
    plain = make("stacking", learner="lightgbm")
    plain.fit(X, y)
    assert model.predict(X)[:, 2].mean() > plain.predict(X)[:, 2].mean() + 0.2
    plain.fit(X, np.where(y == 1, 0, y).astype(np.int8))
    assert plain.predict(X)[:, 1].max() < 2e-6
    np.testing.assert_allclose(plain.predict(X).sum(axis=1), 1)


def test_columns_that_are_no_members_predictions_are_refused_by_trees_too():
    X, y = reversed_by_the_last(400)
    with pytest.raises(ValueError, match="are not"):
        make("stacking", learner="lightgbm").fit(feature_rows(X.values, tuple("abcdef")), y)
