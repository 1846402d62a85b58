"""Which features matter most on the rows that are fitted, by a small forest."""

from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from mlfactory._typing import Float64Array1D, Int8Array1D
from mlfactory.models._base import FeatureRows
from mlfactory.models._forest import bin_edges, to_bins

FOREST: dict[str, Any] = {
    "n_estimators": 60,
    "max_depth": 6,
    "min_samples_leaf": 0.005,
    "max_features": 0.3,
    "max_samples": 0.3,
}
"""Enough trees for a ranking, and too shallow to rank by noise."""


def most_important(
    X: FeatureRows,
    y: Int8Array1D,
    weight: Float64Array1D,
    *,
    n_features: int,
    threads: int,
    seed: int,
) -> tuple[str, ...]:
    """Names of the ``n_features`` features of highest importance, in the order of the columns.

    Parameters
    ----------
    X, y, weight
        The rows that are fitted, and no other: a feature chosen by rows that are scored leaks.
    n_features
        All of them when there are no more.

    Notes
    -----
    Importance is the decrease in Gini impurity, of splits between 64 quantile bins.
    """
    values = X.matrix()
    binned = to_bins(values, bin_edges(values, 64))
    forest = RandomForestClassifier(**FOREST, n_jobs=threads, random_state=seed)
    forest.fit(binned, y, sample_weight=weight)
    best = np.argsort(-forest.feature_importances_, kind="stable")[:n_features]
    return tuple(X.names[column] for column in sorted(best))
