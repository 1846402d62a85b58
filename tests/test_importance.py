import numpy as np
import pytest

import naive_models
from mlfactory import importance
from mlfactory.models._forest import bin_edges, to_bins


def market(n=900, seed=0):
    """Bins and labels of two halves: a and its copy b make the label, c and d are noise."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(n, 4)).astype(np.float32)
    values[:, 1] = values[:, 0] + 0.1 * values[:, 1]
    score = values[:, 0] + 0.7 * generator.normal(size=n)
    y = np.digitize(score, [-0.5, 0.5]).astype(np.int8)
    half = n // 2
    edges = bin_edges(values[:half], importance.BINS)
    return to_bins(values[:half], edges), y[:half], to_bins(values[half:], edges), y[half:]


def grown(binned, y):
    return importance.grown(binned, y, np.ones(len(y)), 1, 0)


@pytest.mark.parametrize("groups", [[[0], [2], [3]], [[0, 1], [2, 3], [0, 1, 2, 3]]])
def test_permuted_loss_equals_its_naive_twin(groups):
    binned, y, unseen, later = market(200)
    forest, _ = grown(binned, y)
    groups = [np.array(group) for group in groups]
    expected = naive_models.permuted_loss(forest, unseen, later, groups, 5)
    found = importance.permuted_loss(forest, unseen, later, groups, 5)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_copies_hide_each_other_and_their_cluster_does_not():
    binned, y, unseen, later = market()
    forest, _ = grown(binned, y)
    groups = [np.array([0]), np.array([1]), np.array([0, 1]), np.array([2])]
    a, b, both, noise = importance.permuted_loss(forest, unseen, later, groups, 0)
    assert both > 1.5 * max(a, b)
    assert abs(noise) < 0.02 < both


def test_feature_that_no_tree_splits_on_loses_exactly_nothing():
    binned, y, unseen, later = market()
    binned[:, 3] = 0
    forest, _ = grown(binned, y)
    assert importance.permuted_loss(forest, unseen, later, [np.array([3])], 0).tolist() == [0.0]


def test_feature_alone_gains_by_what_it_says_and_noise_gains_nothing():
    binned, y, unseen, later = market(3000)
    gains = importance.alone(binned, y, np.ones(len(y)), unseen, later)
    assert gains[:2].min() > 0.2
    assert gains[2:].max() < 0.005


def test_gain_of_a_feature_alone_is_out_of_sample():
    binned, y, unseen, later = market(3000)
    turned = importance.alone(binned, y, np.ones(len(y)), unseen[::-1].copy(), later)
    assert turned[:2].max() < 0


def test_features_that_say_the_same_are_one_cluster_whatever_their_sign():
    binned, _, _, _ = market()
    turned = np.column_stack([binned, importance.BINS - 1 - binned[:, :1]]).astype(np.float32)
    assert importance.clusters(turned, 0.7).tolist() == [0, 0, 1, 2, 0]
    assert importance.clusters(turned, 0.9999).max() == 3


def test_constant_features_are_clusters_of_their_own():
    binned, _, _, _ = market()
    binned[:, 2:] = 7
    assert importance.clusters(binned, 0.7).tolist() == [0, 0, 1, 2]
    assert importance.clusters(binned[:, :1], 0.7).tolist() == [0]
