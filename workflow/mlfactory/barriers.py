"""The three barriers of every bar: average true range, and its multiples around the close."""

import numpy as np
import pandas as pd

from mlfactory._numba import njit
from mlfactory._typing import BoolArray1D, Float64Array1D, Int32Array1D


@njit(cache=True)
def average_true_range(
    high: Float64Array1D,
    low: Float64Array1D,
    close: Float64Array1D,
    restarts: BoolArray1D,
    period: int,
) -> Float64Array1D:
    """Wilder's average true range at each bar's end, in price units.

    Parameters
    ----------
    high, low, close
        (n,) prices.
    restarts
        (n,) bars whose true range is high - low, because the close before them is not a price
        they moved from: the first of a session or of a segment.
    period
        Bars of the average; the first value is the mean of the first ``period`` true ranges.

    Returns
    -------
    (n,) float64, NaN before ``period`` bars. Source: Wilder, New Concepts in Technical Trading
    Systems, 1978; it differs from TA-Lib's ATR at the restarts only.
    """
    atr = np.full(len(close), np.nan)
    total = 0.0
    for t in range(len(close)):
        true_range = high[t] - low[t]
        if t > 0 and not restarts[t]:
            true_range = max(true_range, abs(high[t] - close[t - 1]), abs(low[t] - close[t - 1]))
        if t < period:
            total += true_range
            if t == period - 1:
                atr[t] = total / period
        else:
            atr[t] = (atr[t - 1] * (period - 1) + true_range) / period
    return atr


def restarts(session: Int32Array1D, segment: Int32Array1D) -> BoolArray1D:
    """Bars that open a session or a segment, (n,) bool; the first bar is one."""
    first = np.ones(len(session), dtype=bool)
    first[1:] = (session[1:] != session[:-1]) | (segment[1:] != segment[:-1])
    return first


def barrier_width(bars: pd.DataFrame, *, atr_period: int, floor: float) -> Float64Array1D:
    """The unit of the barriers: ATR at each bar's end, at least ``floor`` price units.

    Returns
    -------
    (n,) float64 price units, NaN in the first ``atr_period - 1`` bars.
    """
    atr = average_true_range(
        bars["high"].to_numpy(),
        bars["low"].to_numpy(),
        bars["close"].to_numpy(),
        restarts(bars["session"].to_numpy(), bars["segment"].to_numpy()),
        atr_period,
    )
    return np.maximum(atr, floor)
