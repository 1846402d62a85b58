"""Sample weights of a fit, from its training rows only."""

import numpy as np

from mlfactory._typing import Float64Array1D

KINDS = ("equal", "uniqueness")


def fit_weights(uniqueness: Float64Array1D, kind: str) -> Float64Array1D:
    """Weights of the labelled rows of one fit, with mean 1.

    Average uniqueness depends on how long a label lasted, so on the label: weighting by it tilts
    the probabilities towards what is decided fast, away from neutral. Scores are unweighted, so
    this costs log-loss (docs/results.md); equal weights do not.

    Parameters
    ----------
    uniqueness
        (m,) average uniqueness of the rows that are fitted, in (0, 1].
    kind
        ``equal`` or ``uniqueness``.

    Returns
    -------
    (m,) float64 with mean 1.
    """
    weights = {"equal": np.ones_like(uniqueness), "uniqueness": uniqueness}[kind]
    return weights / weights.mean()
