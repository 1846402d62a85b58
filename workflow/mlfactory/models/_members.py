"""What ensembles read: the probabilities of their members, three columns each."""

import numpy as np

from mlfactory._typing import Float64Array2D
from mlfactory.models._base import MIN_PROBABILITY
from mlfactory.models._rows import N_CLASSES, FeatureRows
from mlfactory.schemas import CLASSES


def members(names: tuple[str, ...]) -> list[str]:
    """The members whose predictions the columns are, in their order.

    Raises
    ------
    ValueError
        When the columns are not ``{member}_prob_short``, ``_neutral`` and ``_long`` of each.
    """
    found = [name.removesuffix("_prob_short") for name in names[::N_CLASSES]]
    expected = tuple(f"{member}_prob_{label}" for member in found for label in CLASSES)
    if names != expected:
        raise ValueError(f"columns {names} are not {{member}}_prob_short, _neutral, _long of each")
    return found


def log_probabilities(X: FeatureRows) -> Float64Array2D:
    """The natural logarithms of the members' probabilities, (m, 3 members)."""
    members(X.names)
    return np.log(np.maximum(X.matrix().astype(np.float64), MIN_PROBABILITY))
