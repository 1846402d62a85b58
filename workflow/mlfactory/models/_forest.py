"""A random forest as plain arrays, and the kernel that predicts from them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mlfactory._numba import njit
from mlfactory._typing import (
    Float32Array1D,
    Float32Array2D,
    Float64Array2D,
    Int32Array1D,
)
from mlfactory.models._rows import N_CLASSES

LEAF = -1
"""Stands for a leaf's feature, here, and for its children in scikit-learn."""


class ForestArrays(NamedTuple):
    """All nodes of all trees, tree after tree.

    Attributes
    ----------
    root
        (trees,) number of each tree's first node.
    feature, threshold
        (nodes,) a row goes left when its feature is at most the threshold; ``LEAF`` ends.
    left, right
        (nodes,) numbers of the children.
    probability
        (nodes, 3) class probabilities of a leaf, in label order.
    """

    root: Int32Array1D
    feature: Int32Array1D
    threshold: Float32Array1D
    left: Int32Array1D
    right: Int32Array1D
    probability: Float32Array2D


def bin_edges(features: Float32Array2D, bins: int) -> list[Float32Array1D]:
    """Inner borders of quantile bins, a feature each: ascending values of the feature itself."""
    shares = np.arange(1, bins) / bins
    quantiles = np.quantile(features, shares, axis=0, method="inverted_cdf")
    return [np.unique(column) for column in quantiles.T]


def to_bins(features: Float32Array2D, edges: Sequence[Float32Array1D]) -> Float32Array2D:
    """Bin numbers, (m, k); bin b holds values above border b - 1 and not above border b."""
    binned = np.empty_like(features)
    for column, borders in enumerate(edges):
        binned[:, column] = np.searchsorted(borders, features[:, column], side="left")
    return binned


def from_sklearn(
    trees: Sequence[Any], edges: Sequence[Float32Array1D], classes: Sequence[int]
) -> ForestArrays:
    """The arrays of scikit-learn's ``tree_`` of classification trees grown on bins of ``edges``.

    "Bin at most b + 0.5" becomes "value at most border b": the same rows go left.
    """
    counts = np.array([tree.node_count for tree in trees])
    root = np.append(0, counts.cumsum()[:-1])
    offset = np.repeat(root, counts)
    left = np.concatenate([tree.children_left for tree in trees])
    right = np.concatenate([tree.children_right for tree in trees])
    feature = np.where(left == LEAF, LEAF, np.concatenate([tree.feature for tree in trees]))
    border = np.floor(np.concatenate([tree.threshold for tree in trees])).astype(np.int64)
    threshold = np.zeros(len(feature), np.float32)
    for node in np.flatnonzero(feature != LEAF):
        threshold[node] = edges[feature[node]][border[node]]
    share = np.concatenate([tree.value[:, 0, :] for tree in trees])
    probability = np.zeros((len(feature), N_CLASSES), np.float32)
    probability[:, list(classes)] = share / share.sum(axis=1, keepdims=True)
    return ForestArrays(
        root.astype(np.int32),
        feature.astype(np.int32),
        threshold,
        (left + offset).astype(np.int32),
        (right + offset).astype(np.int32),
        probability,
    )


@njit(cache=True)
def mean_probabilities(
    features: Float32Array2D,
    root: Int32Array1D,
    feature: Int32Array1D,
    threshold: Float32Array1D,
    left: Int32Array1D,
    right: Int32Array1D,
    probability: Float32Array2D,
) -> Float64Array2D:  # pragma: no cover
    """Mean over the trees of the leaf that each row falls into, (m, classes)."""
    total = np.zeros((len(features), probability.shape[1]))
    for first in root:
        for row in range(len(features)):
            node = first
            while feature[node] != LEAF:
                goes_left = features[row, feature[node]] <= threshold[node]
                node = left[node] if goes_left else right[node]
            total[row] += probability[node]
    return total / len(root)
