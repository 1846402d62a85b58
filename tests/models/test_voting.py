"""Soft voting: plain means by hand, and weights of least log-loss."""

import numpy as np
import pytest

from mlfactory.models.voting import GREEDY_ROUNDS, greedy_weights, mixture_weights
from naive_models import feature_rows, least_loss_of_a_mix, make, market

NAMES = tuple(f"{member}_prob_{label}" for member in "ab" for label in ("short", "neutral", "long"))
TWO = feature_rows(
    np.array([[0.6, 0.2, 0.2, 0.2, 0.4, 0.4], [0.1, 0.1, 0.8, 0.3, 0.3, 0.4]]), NAMES
)
Y = np.array([0, 2], np.int8)


def test_equal_voting_is_the_mean():
    model = make("voting")
    model.fit(TWO, Y)
    model.classes = (0, 1, 2)
    np.testing.assert_allclose(model.predict(TWO), [[0.4, 0.3, 0.3], [0.2, 0.2, 0.6]], atol=1e-6)


def test_weighted_voting_prefers_the_member_that_knows():
    data = market("voting")
    model = make("voting", weighting="log_loss")
    metrics = model.fit(data.X, data.y)
    weights = metrics["weights"]
    assert weights["a"] > 0.8 > 0.1 > weights["c"]
    assert sum(weights.values()) == pytest.approx(1)
    importance = model.get_feature_importance()
    assert importance["a_prob_long"] == pytest.approx(weights["a"] / 3)


@pytest.mark.parametrize("seed", range(10))
def test_weights_are_as_good_as_the_best_of_all_tried(seed):
    given = np.random.default_rng(seed).uniform(0.05, 0.95, (60, 2))
    weights = mixture_weights(given, np.ones(60))
    loss = float(-np.log(given @ weights).mean())
    assert loss <= least_loss_of_a_mix(given) + 1e-5


def test_a_row_of_weight_two_counts_as_two_rows():
    given = np.random.default_rng(1).uniform(0.05, 0.95, (30, 3))
    twice = np.vstack([given, given[:10]])
    weight = np.where(np.arange(30) < 10, 2.0, 1.0)
    np.testing.assert_allclose(
        mixture_weights(given, weight), mixture_weights(twice, np.ones(40)), atol=1e-9
    )


def naive_greedy(given):
    """Every mean of the chosen members and one more, with lists."""
    chosen, least, kept = [], np.inf, []
    while len(chosen) < GREEDY_ROUNDS:
        losses = []
        for member in range(len(given[0])):
            picked = [*chosen, member]
            means = [sum(row[m] for m in picked) / len(picked) for row in given]
            losses.append(-sum(np.log(mean) for mean in means) / len(given))
        chosen.append(losses.index(min(losses)))
        if min(losses) < least:
            least, kept = min(losses), list(chosen)
    return [kept.count(m) / len(kept) for m in range(len(given[0]))]


@pytest.mark.parametrize("seed", range(4))
def test_greedy_selection_equals_the_slow_twin(seed):
    given = np.random.default_rng(seed).uniform(0.05, 0.95, (40, 4))
    found = greedy_weights(given, np.ones(40))
    assert found.tolist() == pytest.approx(naive_greedy(given.tolist()))
    assert found.sum() == pytest.approx(1)
    best = mixture_weights(given, np.ones(40))
    loss = [float(-np.log(given @ weights).mean()) for weights in (best, found)]
    assert loss[0] - 1e-5 <= loss[1] < loss[0] + 1e-3


def test_greedy_voting_prefers_the_member_that_knows():
    data = market("voting")
    weights = make("voting", weighting="greedy").fit(data.X, data.y)["weights"]
    assert weights["a"] > 0.8 > 0.1 > weights["c"]


@pytest.mark.parametrize("names", [NAMES[:5], NAMES[::-1], ("a", "b", "c"), (*NAMES[:3], *"xyz")])
def test_columns_that_are_no_members_predictions_are_refused(names):
    values = np.arange(2 * len(names)).reshape(2, -1)
    with pytest.raises(ValueError, match="are not"):
        make("voting").fit(feature_rows(values, names), Y)
