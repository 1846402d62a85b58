"""Sample weights of a fit, from its training rows only."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from mlfactory._typing import Float64Array1D, Int8Array1D
from mlfactory.schemas import CLASSES

KINDS = ("equal", "uniqueness", "quality", "quality_uniqueness")

LOW, MIDDLE, HIGH = 0.5, 1.0, 1.5
"""Weights of the tiers."""

SHARES = (0.2, 0.8)
"""Where a class's scores are cut into tiers."""


@dataclass(frozen=True)
class QualityTiers:
    """Where the quality scores of each class are cut, learned from the rows of one fit.

    Each class has its own cuts, so that in every class a fifth of the rows counts less and a fifth
    more: the weight says how clean a path was for its class, and nothing of the class.

    Attributes
    ----------
    low, high
        (3,) the 20th and 80th percentile of each class's scores, in label order; NaN for a class
        without rows, which then weighs 1.
    """

    low: Float64Array1D
    high: Float64Array1D

    @classmethod
    def fit(cls, label: Int8Array1D, quality: Float64Array1D) -> Self:
        """Learn from the (m,) labelled rows of one fit."""
        cuts = np.full((2, len(CLASSES)), np.nan)
        for number in np.unique(label):
            cuts[:, number] = np.quantile(quality[label == number], SHARES)
        return cls(*cuts)

    def weights(self, label: Int8Array1D, quality: Float64Array1D) -> Float64Array1D:
        """The tier of each of (m,) labelled rows: 0.5 below the low cut, 1.5 above the high one."""
        below, above = quality < self.low[label], quality > self.high[label]
        return np.select([below, above], [LOW, HIGH], MIDDLE)


def fit_weights(
    kind: str, *, label: Int8Array1D, uniqueness: Float64Array1D, quality: Float64Array1D
) -> Float64Array1D:
    """Weights of the labelled rows of one fit, with mean 1.

    Average uniqueness depends on how long a label lasted, so on the label: weighting by it tilts
    the probabilities towards what is decided fast, away from neutral. Scores are unweighted, so
    this costs log-loss (docs/results.md); equal weights do not.

    Parameters
    ----------
    kind
        ``equal``, ``uniqueness``, ``quality`` or ``quality_uniqueness``, their product.
    label, uniqueness, quality
        (m,) class, average uniqueness in (0, 1] and quality score of the rows that are fitted,
        and of no other.

    Returns
    -------
    (m,) float64 with mean 1.
    """
    weights = np.ones(len(label))
    if kind in ("uniqueness", "quality_uniqueness"):
        weights = weights * uniqueness
    if kind in ("quality", "quality_uniqueness"):
        weights = weights * QualityTiers.fit(label, quality).weights(label, quality)
    return weights / weights.mean()
