"""The forest's arrays against scikit-learn and against a plain walk."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from mlfactory.models._forest import bin_edges, from_sklearn, mean_probabilities, to_bins
from naive_models import feature_rows, forest_probabilities, make, market


def test_values_fall_into_the_bin_whose_upper_border_they_do_not_exceed():
    features = np.array([[1], [2], [3], [4], [5], [6], [7], [8]], np.float32)
    edges = bin_edges(features, 4)
    assert edges[0].tolist() == [2, 4, 6]
    unseen = np.array([[-9], [2], [2.5], [6], [99]], np.float32)
    assert to_bins(unseen, edges)[:, 0].tolist() == [0, 0, 1, 2, 3]


def test_bins_of_a_constant_and_of_a_flag():
    features = np.array([[5, 0], [5, 0], [5, 1], [5, 1]], np.float32)
    assert to_bins(features, bin_edges(features, 8)).T.tolist() == [[0] * 4, [0, 0, 1, 1]]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("labels", [(0, 1, 2), (0, 2), (1, 2)])
def test_arrays_predict_what_scikit_learn_predicts(seed, labels):
    random = np.random.default_rng(seed)
    features = random.standard_normal((300, 4)).astype(np.float32).round(1)
    y = random.choice(labels, 300)
    edges = bin_edges(features, 16)
    forest = RandomForestClassifier(12, max_depth=6, random_state=seed)
    forest.fit(to_bins(features, edges), y)
    arrays = from_sklearn([tree.tree_ for tree in forest.estimators_], edges, labels)
    unseen = (2 * random.standard_normal((200, 4))).astype(np.float32).round(1)
    got = mean_probabilities(unseen, *arrays)
    expected = forest.predict_proba(to_bins(unseen, edges))
    np.testing.assert_allclose(got[:, list(labels)], expected, atol=1e-6)
    np.testing.assert_allclose(got, forest_probabilities(unseen, arrays), atol=1e-12)


def test_threads_change_nothing():
    data = market("random_forest")
    one, two = make("random_forest"), make("random_forest", threads=2)
    one.fit(data.X, data.y)
    two.fit(data.X, data.y)
    assert one.predict(data.X).tobytes() == two.predict(data.X).tobytes()


def test_scale_of_the_weights_changes_nothing():
    data = market("random_forest")
    one, ten = make("random_forest"), make("random_forest")
    one.fit(data.X, data.y)
    ten.fit(data.X, data.y, sample_weight=np.full(800, 8.0))
    assert one.predict(data.X).tobytes() == ten.predict(data.X).tobytes()


def test_growing_on_bins_loses_nothing_when_values_are_few():
    """With a bin for every value the trees are those grown on the values."""
    random = np.random.default_rng(3)
    values = random.integers(0, 8, (400, 3))
    y = ((values[:, 0] > 3) + (values[:, 1] > 5)).astype(np.int8)
    model = make("random_forest", bins=256, max_features=1.0, min_samples_leaf=1, max_depth=8)
    X = feature_rows(values, ("a", "b", "c"))
    model.fit(X, y)
    assert (model.predict(X).argmax(axis=1) == y).mean() > 0.98
