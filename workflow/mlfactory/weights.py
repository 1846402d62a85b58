"""Sample weights of a fit, from its training rows only."""

from mlfactory._typing import Float64Array1D


def fit_weights(uniqueness: Float64Array1D) -> Float64Array1D:
    """Weights of the labelled rows of one fit: their average uniqueness, scaled to mean 1.

    Parameters
    ----------
    uniqueness
        (m,) average uniqueness of the rows that are fitted, in (0, 1].

    Returns
    -------
    (m,) float64 with mean 1.
    """
    return uniqueness / uniqueness.mean()
