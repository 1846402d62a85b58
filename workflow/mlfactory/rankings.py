"""What a model takes out of a ranking of features."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mlfactory._typing import Float64Array1D, Float64Array2D

CHOICE: dict[str, Any] = {"method": "mdi", "min_stability": 0.5}
"""How a model chooses by default."""


def order(table: Float64Array2D) -> list[int]:
    """Columns by their mean, the largest first; of equals the first."""
    return np.argsort(-table.mean(axis=0), kind="stable").tolist()


def stability(table: Float64Array2D, n_features: int) -> Float64Array1D:
    """Share of inner folds in which a feature is among the ``n_features`` most important.

    Parameters
    ----------
    table
        (inner folds, k) importance.

    Examples
    --------
    >>> stability(np.array([[3.0, 2.0, 1.0], [3.0, 1.0, 2.0]]), 2).tolist()
    [1.0, 0.5, 0.5]
    """
    place = np.argsort(np.argsort(-table, axis=1, kind="stable"), axis=1, kind="stable")
    return (place < n_features).mean(axis=0)


def by_inner_fold(ranking: Mapping[str, Any], names: Sequence[str], method: str) -> Float64Array2D:
    """(inner folds, k) importance of these features, out of what `selection.ranked` gave."""
    return np.array([ranking["features"][name][method] for name in names]).T


def chosen(
    ranking: Mapping[str, Any],
    names: Sequence[str],
    *,
    n_features: int,
    method: str,
    min_stability: float,
) -> tuple[str, ...]:
    """The features that a model takes out of a ranking, in the order of ``names``.

    Parameters
    ----------
    ranking
        What `selection.ranked` gave; it may hold more features.
    names
        Those that the model may read; they are ranked among themselves.
    n_features
        How many at most.
    method
        One of `selection.METHODS`.
    min_stability
        Least share of inner folds in which a feature is among the first ``n_features``.

    Returns
    -------
    At most ``n_features``, by mean importance among the stable ones. Where none is, the first.
    """
    table = by_inner_fold(ranking, names, method)
    stable = stability(table, n_features) >= min_stability
    best_first = order(table)
    taken = [i for i in best_first if stable[i]][:n_features] or best_first[:1]
    return tuple(names[i] for i in sorted(taken))
