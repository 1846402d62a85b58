"""The non-negative regression of ensembles."""

import numpy as np
import pytest

from mlfactory.models._meta import pool_weights
from naive_models import make, market

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
