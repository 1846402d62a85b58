"""Statistical outliers among raw rows, told from the rows before them only."""

import numpy as np
import pandas as pd

from mlfactory._numba import njit
from mlfactory._typing import BoolArray1D, Float64Array1D, Int64Array1D

_LEAST_MAD = 1e-4


def outliers(
    rows: pd.DataFrame, number: Int64Array1D, *, tick_size: float, window: int, mads: float
) -> BoolArray1D:
    """Which rows' prices leave the last close by far more than those of the rows before did.

    Parameters
    ----------
    rows
        Possible rows in order of time: prices and ``contract``.
    number
        Session number of each row.
    tick_size
        Price units; the median absolute deviation counts as at least one tick or, where that is
        more, one basis point of the price (``# ASSUME``: half of a quiet market's rows are flat).
    window
        Rows before a row that it is compared with; a row with fewer is never an outlier.
    mads
        Median absolute deviations beyond the trailing median.
    """
    fresh = np.diff(number, prepend=-1) != 0
    if rows["contract"].notna().any():
        codes, _ = pd.factorize(rows["contract"])
        fresh |= np.diff(codes, prepend=-2) != 0
    prices = [np.log(rows[name].to_numpy()) for name in ("open", "high", "low", "close")]
    least = np.maximum(tick_size / rows["close"].to_numpy(), _LEAST_MAD)
    return outlier_flags(*prices, fresh, least, window, float(mads))


@njit(cache=True)
def outlier_flags(
    log_open: Float64Array1D,
    log_high: Float64Array1D,
    log_low: Float64Array1D,
    log_close: Float64Array1D,
    fresh: BoolArray1D,
    least_mad: Float64Array1D,
    window: int,
    mads: float,
) -> BoolArray1D:
    """Rows whose excursion exceeds trailing median + ``mads`` x trailing MAD.

    The excursion of a row is its farthest price from the last close, or from the last close of a
    row that was not flagged when that is nearer: so the way back from a bad print is none.
    # ASSUME a ``fresh`` row (first of a session or contract) is measured from its own open: a gap
    over a closure is no outlier. Median and MAD are those of the ``window`` rows before; a row
    with fewer is never flagged. The MAD is at least ``least_mad``.
    """
    flags = np.zeros(len(log_close), dtype=np.bool_)
    ring = np.empty(window)
    good = 0.0
    for i in range(len(log_close)):
        if fresh[i]:
            excursion = max(log_high[i] - log_open[i], log_open[i] - log_low[i])
        else:
            last = log_close[i - 1]
            to_last = max(abs(log_high[i] - last), abs(log_low[i] - last))
            excursion = min(to_last, max(abs(log_high[i] - good), abs(log_low[i] - good)))
        if i >= window and excursion > mads * least_mad[i]:  # else below the least there can be
            median, mad = _median_mad(np.sort(ring))
            flags[i] = excursion > median + mads * max(mad, least_mad[i])
        ring[i % window] = excursion
        if fresh[i] or not flags[i]:
            good = log_close[i]
    return flags


@njit(cache=True)
def _median_mad(ordered: Float64Array1D) -> tuple[float, float]:
    """Median and median absolute deviation of ordered values, by merging from the middle."""
    n = len(ordered)
    median = 0.5 * (ordered[(n - 1) // 2] + ordered[n // 2])
    right = int(np.searchsorted(ordered, median))
    left = right - 1
    before = deviation = 0.0
    for _ in range(n // 2 + 1):
        before = deviation
        if right >= n or (left >= 0 and median - ordered[left] <= ordered[right] - median):
            deviation = median - ordered[left]
            left -= 1
        else:
            deviation = ordered[right] - median
            right += 1
    return median, deviation if n % 2 else 0.5 * (before + deviation)
