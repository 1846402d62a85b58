"""What every feature family is built from: the description of a column, its inputs, its windows.

A family file holds ``FEATURES``, one description a column, and ``compute(inputs)``, which returns
one float64 array of n bars for each. Windows end at the bar itself; what a window lacks is NaN.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlfactory._numba import njit
from mlfactory._typing import Float64Array1D, Int32Array1D, Int64Array1D

TIE = 1e-10
"""Relative difference below which two prices, or a deviation of log returns and zero, are equal.

Roll adjustment rounds in the last digits; a comparison that decides by sign must not see that.
"""


@dataclass(frozen=True)
class Feature:
    """One column: what it is, how far it looks back, who defined it.

    ``lookback`` counts bars up to and including t; for a recursive indicator it is the number
    after which the weight of all that went before is below float32 resolution. ``sessions`` counts
    the sessions at the start of a file in which the anchor is unknown. ``constant_ok`` marks a
    column that a calendar may make constant, or equal to another such column. ``bounded`` marks
    one that its formula holds between two fixed limits, such as 0 and 1, whatever prices do.
    """

    name: str
    lookback: int
    source: str
    unit: str
    formula: str
    sessions: int = 0
    constant_ok: bool = False
    bounded: bool = False


@dataclass(frozen=True)
class Inputs:
    """What a family may read: arrays of n bars, prices forward-adjusted at contract changes.

    Times are int64 nanoseconds since 1970, UTC; ``time_ns`` is the bar's opening and ``bar_ns``
    its length; ``timezone`` names the exchange's zone.
    """

    open: Float64Array1D
    high: Float64Array1D
    low: Float64Array1D
    close: Float64Array1D
    volume: Float64Array1D
    time_ns: Int64Array1D
    bar_ns: int
    session: Int32Array1D
    session_open_ns: Int64Array1D
    session_close_ns: Int64Array1D
    segment: Int32Array1D
    timezone: str


def inputs(bars: pd.DataFrame, timezone: str, bar_ns: int) -> Inputs:
    """Arrays of a bar table; prices after a contract change are scaled so that the roll returns 0.

    The scale is the running product of last old close / first new open: it depends on where the
    file starts, so no column may be a price level.
    """
    factor = roll_factor(bars)
    prices = {
        name: bars[name].to_numpy(np.float64, copy=True) * factor
        for name in ("open", "high", "low", "close")
    }
    return Inputs(
        **prices,
        volume=bars["volume"].to_numpy(np.float64, copy=True),
        time_ns=_nanoseconds(bars["datetime"]),
        bar_ns=bar_ns,
        session=bars["session"].to_numpy(np.int32, copy=True),
        session_open_ns=_nanoseconds(bars["session_open"]),
        session_close_ns=_nanoseconds(bars["session_close"]),
        segment=bars["segment"].to_numpy(np.int32, copy=True),
        timezone=timezone,
    )


def roll_factor(bars: pd.DataFrame) -> Float64Array1D:
    """Shape (n,): what the prices of each bar are multiplied by; 1 up to the first roll."""
    # ASSUME nothing happened between the last old close and the first new open.
    contract = bars["contract"].astype("object").fillna("").to_numpy(dtype=object)
    rolled = np.concatenate([[False], contract[1:] != contract[:-1]])[: len(bars)]
    ratio_at_roll = np.ones(len(bars))
    rows = np.flatnonzero(rolled)
    open_, close = bars["open"].to_numpy(np.float64), bars["close"].to_numpy(np.float64)
    ratio_at_roll[rows] = close[rows - 1] / open_[rows]
    return np.asarray(np.cumprod(ratio_at_roll), dtype=np.float64)


def _nanoseconds(times: pd.Series) -> Int64Array1D:
    return times.dt.as_unit("ns").astype("int64").to_numpy(np.int64, copy=True)


def ema_memory_bars(window: int) -> int:
    """Bars after which an EMA's seed weighs e^-16: the seeding window and 8 (window + 1) more."""
    return window + 8 * (window + 1)


def wilder_memory_bars(window: int) -> int:
    """Bars after which a Wilder average's seed weighs e^-16: the seed and 16 windows more."""
    # ASSUME prices move within that time: the ratio of two such averages keeps what it knew
    # before a stretch in which nothing moves, however long.
    return 1 + 17 * window


def lag(values: Float64Array1D, bars: int) -> Float64Array1D:
    """Values ``bars`` rows earlier; the first ``bars`` rows are NaN."""
    lagged = np.full(len(values), np.nan)
    lagged[bars:] = values[: len(values) - bars] if bars < len(values) else values[:0]
    return lagged


def log_return(close: Float64Array1D, bars: int = 1) -> Float64Array1D:
    """ln(close / close ``bars`` rows earlier), NaN in the first ``bars`` rows."""
    log_close = np.log(close)
    return log_close - lag(log_close, bars)


def ratio(
    numerator: Float64Array1D,
    denominator: Float64Array1D,
    otherwise: float,
    floor: float | Float64Array1D = 0.0,
) -> Float64Array1D:
    """numerator / denominator; ``otherwise`` where the denominator is not above ``floor``."""
    usable = ~(denominator <= floor)
    return np.where(usable, numerator / np.where(usable, denominator, 1.0), otherwise)


def sign(values: Float64Array1D, tolerance: float = TIE) -> Float64Array1D:
    """-1, 0 or 1; 0 within ``tolerance`` of zero; NaN stays NaN."""
    return np.where(np.abs(values) <= tolerance, 0.0, np.sign(values))


def true_range(inputs: Inputs) -> Float64Array1D:
    """Wilder's true range in price units; the file's first row is NaN."""
    previous = lag(inputs.close, 1)
    return np.maximum(inputs.high, previous) - np.minimum(inputs.low, previous)


def session_start(session: Int32Array1D) -> Int64Array1D:
    """Row at which each row's session starts in the file."""
    rows = np.arange(len(session))
    starts = np.concatenate([[True], session[1:] != session[:-1]])[: len(session)]
    return np.maximum.accumulate(np.where(starts, rows, 0)).astype(np.int64)


@njit(cache=True)
def rolling_mean(values: Float64Array1D, window: int) -> Float64Array1D:
    """Mean of each full window, summed afresh: nothing drifts with the file's length."""
    mean = np.full(len(values), np.nan)
    for t in range(window - 1, len(values)):
        total = 0.0
        for i in range(t - window + 1, t + 1):
            total += values[i]
        mean[t] = total / window
    return mean


@njit(cache=True)
def rolling_std(values: Float64Array1D, window: int, ddof: int) -> Float64Array1D:
    """Standard deviation of each full window, centred on that window's mean."""
    std = np.full(len(values), np.nan)
    mean = rolling_mean(values, window)
    for t in range(window - 1, len(values)):
        squares = 0.0
        for i in range(t - window + 1, t + 1):
            squares += (values[i] - mean[t]) ** 2
        std[t] = np.sqrt(squares / (window - ddof))
    return std


@njit(cache=True)
def rolling_correlation(x: Float64Array1D, y: Float64Array1D, window: int) -> Float64Array1D:
    """Pearson correlation of each full window; 0 where either side does not vary."""
    correlation = np.full(len(x), np.nan)
    mean_x, mean_y = rolling_mean(x, window), rolling_mean(y, window)
    for t in range(window - 1, len(x)):
        xx = yy = xy = 0.0
        for i in range(t - window + 1, t + 1):
            dx, dy = x[i] - mean_x[t], y[i] - mean_y[t]
            xx += dx * dx
            yy += dy * dy
            xy += dx * dy
        flat = min(xx, yy) <= window * TIE * TIE
        correlation[t] = 0.0 if flat else xy / np.sqrt(xx * yy)
    return correlation


@njit(cache=True)
def rolling_percentile(values: Float64Array1D, window: int, floor: float) -> Float64Array1D:
    """Share of the window's earlier values below the last one; equal ones count half.

    Equal means within 1e-9 of the larger, or within ``floor``.
    """
    share = np.full(len(values), np.nan)
    for t in range(window - 1, len(values)):
        below = 0.0
        for i in range(t - window + 1, t):
            tolerance = 1e-9 * max(abs(values[i]), abs(values[t])) + floor
            difference = values[t] - values[i]
            if np.isnan(difference):
                below = np.nan
                break
            if abs(difference) <= tolerance:
                below += 0.5
            elif difference > 0.0:
                below += 1.0
        share[t] = below / (window - 1)
    return share
