"""How much each feature matters to a small forest, or alone; all on rows of one fit.

Of the four ways one looks at the rows that are fitted (decrease in impurity), three at rows held
out from them: a feature or a cluster permuted, and a feature alone. López de Prado, Machine
Learning for Asset Managers, chapter 6, compares them.
"""

from typing import Any

import numpy as np

from mlfactory._numba import njit
from mlfactory._typing import (
    BoolArray1D,
    Float32Array2D,
    Float64Array1D,
    Float64Array2D,
    Int8Array1D,
    Int64Array1D,
)
from mlfactory.models._base import MIN_PROBABILITY
from mlfactory.models._forest import LEAF, ForestArrays, from_sklearn
from mlfactory.models._rows import N_CLASSES

FOREST: dict[str, Any] = {
    "n_estimators": 60,
    "max_depth": 6,
    "min_samples_leaf": 0.005,
    "max_features": 0.1,
}
"""Enough trees for a ranking, and too shallow to rank by noise. Of 221 features a split sees 22, so
that those that say the same come to their turn."""

_DRAWN = 0.3
"""Share of the rows that is drawn for each tree."""

BINS = 64

_COARSE = 4
"""Bins of the forest in one bin of a feature alone."""

_PRIOR_ROWS = 50.0
"""Weight of the class shares in each bin of a feature alone."""


def grown(
    binned: Float32Array2D, y: Int8Array1D, weight: Float64Array1D, threads: int, seed: int
) -> tuple[ForestArrays, Float64Array1D]:
    """A forest on (m, k) bin numbers, and the decrease in Gini impurity by feature, (k,)."""
    from sklearn.ensemble import RandomForestClassifier

    drawn = max(1, round(_DRAWN * len(y)))
    forest = RandomForestClassifier(**FOREST, max_samples=drawn, n_jobs=threads, random_state=seed)
    forest.fit(binned, y, sample_weight=weight)
    borders = [np.arange(BINS, dtype=np.float32)] * binned.shape[1]
    trees = [estimator.tree_ for estimator in forest.estimators_]
    return from_sklearn(trees, borders, forest.classes_), forest.feature_importances_


def permuted_loss(
    forest: ForestArrays,
    binned: Float32Array2D,
    y: Int8Array1D,
    groups: list[Int64Array1D],
    seed: int,
) -> Float64Array1D:
    """By how much log-loss rises when the columns of a group are permuted together.

    Parameters
    ----------
    forest
        Of `grown`.
    binned, y
        (m, k) bin numbers and labels of rows that were not fitted.
    groups
        Columns of each group.
    seed
        Of the permutation, one for all groups, so that they differ by their columns alone.

    Returns
    -------
    (groups,) in nats; exactly 0 for a group on which no tree splits.
    """
    order = np.random.default_rng(seed).permutation(len(y))
    walked = forest.root, forest.feature, forest.threshold, forest.left, forest.right
    leaves = leaf_of(binned, *walked)
    total = forest.probability[leaves].sum(axis=0, dtype=np.float64)
    used = _used(forest, binned.shape[1])
    base = _loss(total, y)
    out = np.zeros(len(groups))
    for number, columns in enumerate(groups):
        trees = np.flatnonzero(used[:, columns].any(axis=1))
        if len(trees):
            moved = np.zeros(binned.shape[1], dtype=bool)
            moved[columns] = True
            changed = total.copy()
            add_change(changed, binned, order, moved, trees, leaves, *walked, forest.probability)
            out[number] = _loss(changed, y) - base
    return out


def _used(forest: ForestArrays, n_features: int) -> np.ndarray:
    """(trees, k): whether a tree splits on a feature."""
    used = np.zeros((len(forest.root), n_features), dtype=bool)
    tree = np.searchsorted(forest.root, np.arange(len(forest.feature)), side="right") - 1
    split = forest.feature != LEAF
    used[tree[split], forest.feature[split]] = True
    return used


def _loss(total: Float64Array2D, y: Int8Array1D) -> float:
    """Mean log-loss of (m, 3) sums of probabilities."""
    given = total[np.arange(len(y)), y] / total.sum(axis=1)
    return float(-np.log(np.maximum(given, MIN_PROBABILITY)).mean())


@njit(cache=True)
def leaf_of(binned, root, feature, threshold, left, right):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The leaf of each row in each tree, (trees, m)."""
    out = np.empty((len(root), len(binned)), np.int32)
    for tree in range(len(root)):
        for row in range(len(binned)):
            node = root[tree]
            while feature[node] != LEAF:
                goes_left = binned[row, feature[node]] <= threshold[node]
                node = left[node] if goes_left else right[node]
            out[tree, row] = node
    return out


@njit(cache=True)
def add_change(  # type: ignore[no-untyped-def]
    total, binned, order, moved, trees, leaves, root, feature, threshold, left, right, probability
):  # pragma: no cover
    """Change (m, 3) sums over trees to those with ``moved`` columns taken from row ``order``."""
    for tree in trees:
        for row in range(len(binned)):
            node = root[tree]
            while feature[node] != LEAF:
                column = feature[node]
                source = order[row] if moved[column] else row
                goes_left = binned[source, column] <= threshold[node]
                node = left[node] if goes_left else right[node]
            before = leaves[tree, row]
            if node != before:
                for label in range(probability.shape[1]):
                    total[row, label] += probability[node, label] - probability[before, label]


def alone(
    binned: Float32Array2D,
    y: Int8Array1D,
    weight: Float64Array1D,
    held_out: Float32Array2D,
    y_held_out: Int8Array1D,
) -> Float64Array1D:
    """Gain in log-loss over the class shares of each feature alone, on rows held out, (k,) nats.

    The model of one feature is the class shares in each of 16 bins, drawn towards those of all
    rows as by 50 more rows.
    """
    prior = np.bincount(y, weights=weight, minlength=N_CLASSES) / weight.sum()
    base = -np.log(np.maximum(prior, MIN_PROBABILITY))[y_held_out].mean()
    out = np.empty(binned.shape[1])
    n_bins = BINS // _COARSE
    for column in range(binned.shape[1]):
        code = binned[:, column].astype(np.int64) // _COARSE
        counts = np.bincount(code * N_CLASSES + y, weight, n_bins * N_CLASSES)
        counts = counts.reshape(n_bins, N_CLASSES) + _PRIOR_ROWS * prior
        given = counts / counts.sum(axis=1, keepdims=True)
        at = held_out[:, column].astype(np.int64) // _COARSE
        loss = -np.log(np.maximum(given[at, y_held_out], MIN_PROBABILITY)).mean()
        out[column] = base - loss
    return out


def clusters(binned: Float32Array2D, least_correlation: float) -> Int64Array1D:
    """Which features say the same: the number of each one's cluster, (k,), counted from 0.

    Average linkage on 1 less the absolute correlation of bin numbers (nearly Spearman's), cut so
    that a cluster's two halves correlate by ``least_correlation`` or more on average. A constant
    feature is a cluster of its own.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if binned.shape[1] < 2:
        return np.zeros(binned.shape[1], dtype=np.int64)
    centred = binned - binned.mean(axis=0, dtype=np.float64).astype(np.float32)
    length = np.sqrt(np.einsum("ij,ij->j", centred, centred, dtype=np.float64))
    varies: BoolArray1D = length > 0
    centred /= np.where(varies, length, 1.0).astype(np.float32)
    similar = np.abs(centred.T @ centred).astype(np.float64)
    distance = np.clip(1.0 - similar, 0.0, 1.0).round(6)
    distance[~varies, :] = distance[:, ~varies] = 1.0
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), method="average")
    labels = fcluster(tree, 1.0 - least_correlation, criterion="distance")
    _, first, number = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))
    result: Int64Array1D = order[number]
    return result
