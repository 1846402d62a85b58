"""How far rows of a later time are distributed otherwise than earlier ones."""

import numpy as np

from mlfactory._typing import Float32Array2D, Float64Array1D

BINS = 10

LEAST_SHARE = 1e-4
"""An empty bin counts as this share, so that the index stays finite."""


def population_stability_index(
    reference: Float32Array2D, later: Float32Array2D, bins: int = BINS
) -> Float64Array1D:
    """The population stability index of each column: sum of (p - q) log(p / q) over bins.

    Parameters
    ----------
    reference
        (m, k) rows without missing values; their quantiles are the bins' edges, equal ones joined.
    later
        (n, k) rows without missing values.
    bins
        At most this many.

    Returns
    -------
    (k,) float64, 0 for equal distributions. By convention above 0.1 is a shift worth a look and
    above 0.25 a large one. Source: Siddiqi, Credit Risk Scorecards, 2006.
    """
    inner = np.arange(1, bins) / bins
    index = np.empty(reference.shape[1])
    for column in range(reference.shape[1]):
        edges = np.unique(np.quantile(reference[:, column], inner, method="lower"))
        expected, found = (_shares(rows[:, column], edges) for rows in (reference, later))
        index[column] = np.sum((found - expected) * np.log(found / expected))
    return index


def _shares(values: np.ndarray, edges: np.ndarray) -> Float64Array1D:
    """Share of values in each bin; a bin holds its upper edge."""
    counts = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
    return np.maximum(counts / len(values), LEAST_SHARE)
