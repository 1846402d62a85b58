"""Which bars are events: every bar, or those at which the price has moved enough since the last."""

import numpy as np

from mlfactory._numba import njit
from mlfactory._typing import BoolArray1D, Float64Array1D

CUSUM = "cusum"

EVERY_BAR = {"kind": "every_bar", "threshold_atr": 0.0}
"""The config's ``labels.events`` that leaves no bar out."""


@njit(cache=True)
def cusum(close: Float64Array1D, threshold: Float64Array1D, fresh: BoolArray1D) -> BoolArray1D:
    """Bars at which the price has run by more than a threshold since the sums were last at 0.

    Two sums of price changes are kept, one that never falls below 0 and one that never rises
    above it. A bar at which either is beyond the threshold is an event, and resets that sum.

    Parameters
    ----------
    close
        (n,) prices.
    threshold
        (n,) price units, known at the bar's end; a missing one makes no event.
    fresh
        (n,) bars at which both sums begin anew, such as the first of a session: so no event
        depends on what came before its session, nor on where the file begins.

    Returns
    -------
    (n,) bool. Source: Lopez de Prado, Advances in Financial Machine Learning, 2018, section
    2.5.2.1, on price changes instead of log returns because the threshold is one.
    """
    events = np.zeros(len(close), dtype=np.bool_)
    up = down = 0.0
    for t in range(len(close)):
        if t == 0 or fresh[t]:
            up = down = 0.0
            continue
        change = close[t] - close[t - 1]
        up, down = max(0.0, up + change), min(0.0, down + change)
        if up > threshold[t]:
            events[t], up = True, 0.0
        elif down < -threshold[t]:
            events[t], down = True, 0.0
    return events


def is_event(
    close: Float64Array1D,
    width: Float64Array1D,
    fresh: BoolArray1D,
    *,
    kind: str,
    threshold_atr: float,
) -> BoolArray1D:
    """Which bars are labelled, as the config's ``labels.events`` says.

    Parameters
    ----------
    close, fresh
        See `cusum`.
    width
        (n,) the barriers' unit, price units.
    kind
        ``every_bar``, or ``cusum``.
    threshold_atr
        The threshold in units of ``width``; every bar needs none.
    """
    if kind == CUSUM:
        return cusum(close, threshold_atr * width, fresh)
    return np.ones(len(close), dtype=bool)
