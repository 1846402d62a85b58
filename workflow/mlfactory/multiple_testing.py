"""p-values of several tests, after their number."""

from collections.abc import Sequence

import numpy as np

LEVEL = 0.05
"""A p-value after all corrections from which on nothing is called evidence."""


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values after Holm's step-down correction, in their order.

    None of the tests whose value is below a level errs with a higher probability than that level,
    whatever their dependence. Source: Holm, A Simple Sequentially Rejective Multiple Test
    Procedure, Scandinavian Journal of Statistics 6(2), 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03, 0.005])
    [0.03, 0.06, 0.06, 0.02]
    """
    order = np.argsort(p_values, kind="stable")
    left = len(order) - np.arange(len(order))
    stepped = np.minimum(np.maximum.accumulate(left * np.asarray(p_values)[order]), 1.0)
    corrected = np.empty(len(order))
    corrected[order] = stepped
    return [float(value) for value in corrected]
