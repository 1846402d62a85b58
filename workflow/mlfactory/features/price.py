"""Price: returns, the shape of the bar, where the close stands in past and session ranges."""

import numpy as np
import talib

from mlfactory._numba import njit
from mlfactory._typing import Float64Array1D, Int64Array1D
from mlfactory.features._base import TIE, Feature, Inputs, log_return, ratio, session_start

RETURN_BARS = (1, 5, 10, 20, 60)
FRACTIONAL_ORDER = 0.4
FRACTIONAL_WINDOW = 100

FEATURES = (
    *(
        Feature(f"return_{n}", n + 1, "own", "log return", f"ln(close / close {n} bars ago)")
        for n in RETURN_BARS
    ),
    Feature(
        "body_ratio", 1, "own", "fraction", "(close - open) / (high - low); 0 if flat", bounded=True
    ),
    Feature(
        "upper_shadow",
        1,
        "own",
        "fraction",
        "(high - body's top) / (high - low); 0 if flat",
        bounded=True,
    ),
    Feature(
        "lower_shadow",
        1,
        "own",
        "fraction",
        "(body's foot - low) / (high - low); 0 if flat",
        bounded=True,
    ),
    Feature(
        "close_location_value",
        1,
        "own: Chaikin",
        "fraction",
        "(2 close - high - low) / (high - low); 0 if flat",
        bounded=True,
    ),
    Feature("bar_range", 1, "own", "log return", "ln(high / low)"),
    *(
        Feature(
            f"range_position_{n}",
            n,
            "TA-Lib MAX, MIN",
            "fraction",
            f"(close - lowest low) / (highest high - lowest low) of {n} bars; 0.5 if flat",
            bounded=True,
        )
        for n in (20, 60)
    ),
    *(
        Feature(
            f"drawdown_{n}", n, "TA-Lib MAX", "log return", f"ln(close / highest high of {n} bars)"
        )
        for n in (60, 200)
    ),
    Feature("runup_60", 60, "TA-Lib MIN", "log return", "ln(close / lowest low of 60 bars)"),
    Feature(
        "fractional_difference_40",
        FRACTIONAL_WINDOW,
        "own: Lopez de Prado 2018, ch. 5, fixed width",
        "log return",
        "difference of order 0.4 of ln close, taken from the window's first bar, over 100 bars",
    ),
    Feature(
        "overnight_return",
        2,
        "own",
        "log return",
        "ln(session's first open / previous session's last close), held through the session",
        sessions=1,
        constant_ok=True,
    ),
    Feature(
        "unfilled_gap",
        2,
        "own",
        "log return",
        "part of the opening gap that the session has not traded back yet; 0 once filled",
        sessions=1,
        constant_ok=True,
    ),
    Feature(
        "session_return", 1, "own", "log return", "ln(close / session's first open)", sessions=1
    ),
    Feature(
        "session_range_position",
        1,
        "own",
        "fraction",
        "(close - low) / (high - low) of the session so far; 0.5 if flat",
        sessions=1,
        bounded=True,
    ),
    Feature(
        "previous_session_position",
        1,
        "own",
        "fraction",
        "(close - low) / (high - low) of the whole previous session; 0.5 if that was flat",
        sessions=2,
    ),
)


def compute(inputs: Inputs) -> dict[str, Float64Array1D]:
    """Columns of ``FEATURES``, each of shape (n,)."""
    returns = {f"return_{n}": log_return(inputs.close, n) for n in RETURN_BARS}
    return returns | _shape(inputs) | _ranges(inputs) | _fractional(inputs) | _session(inputs)


def fractional_weights(order: float, window: int) -> Float64Array1D:
    """Binomial weights of (1 - L)^order, the present bar first.

    >>> fractional_weights(0.4, 4).round(4).tolist()
    [1.0, -0.4, -0.12, -0.064]
    """
    k = np.arange(1, window)
    return np.concatenate([[1.0], np.cumprod((k - 1 - order) / k)])


@njit(cache=True)
def fractional_difference(values: Float64Array1D, weights: Float64Array1D) -> Float64Array1D:
    """Weighted sum of each window relative to its first value; a shift of all values is lost."""
    window = len(weights)
    difference = np.full(len(values), np.nan)
    for t in range(window - 1, len(values)):
        base = values[t - window + 1]
        total = 0.0
        for k in range(window):
            total += weights[k] * (values[t - k] - base)
        difference[t] = total
    return difference


@njit(cache=True)
def session_extremes(
    high: Float64Array1D, low: Float64Array1D, start: Int64Array1D
) -> tuple[Float64Array1D, Float64Array1D]:
    """Highest high and lowest low of the session up to each bar."""
    highest, lowest = high.copy(), low.copy()
    for t in range(len(high)):
        if t > start[t]:
            highest[t] = max(highest[t - 1], high[t])
            lowest[t] = min(lowest[t - 1], low[t])
    return highest, lowest


def _shape(x: Inputs) -> dict[str, Float64Array1D]:
    span, flat = x.high - x.low, TIE * x.close
    return {
        "body_ratio": ratio(x.close - x.open, span, 0.0, flat),
        "upper_shadow": ratio(x.high - np.maximum(x.open, x.close), span, 0.0, flat),
        "lower_shadow": ratio(np.minimum(x.open, x.close) - x.low, span, 0.0, flat),
        "close_location_value": ratio(2.0 * x.close - x.high - x.low, span, 0.0, flat),
        "bar_range": np.log(x.high / x.low),
    }


def _ranges(x: Inputs) -> dict[str, Float64Array1D]:
    top = {n: talib.MAX(x.high, n) for n in (20, 60, 200)}
    foot = {n: talib.MIN(x.low, n) for n in (20, 60)}
    position = {
        f"range_position_{n}": ratio(x.close - foot[n], top[n] - foot[n], 0.5, TIE * x.close)
        for n in (20, 60)
    }
    return position | {
        "drawdown_60": np.log(x.close / top[60]),
        "drawdown_200": np.log(x.close / top[200]),
        "runup_60": np.log(x.close / foot[60]),
    }


def _fractional(x: Inputs) -> dict[str, Float64Array1D]:
    weights = fractional_weights(FRACTIONAL_ORDER, FRACTIONAL_WINDOW)
    return {"fractional_difference_40": fractional_difference(np.log(x.close), weights)}


def _session(x: Inputs) -> dict[str, Float64Array1D]:
    start = session_start(x.session)
    highest, lowest = session_extremes(x.high, x.low, start)
    before = np.maximum(start - 1, 0)
    known = start > 0
    previous_close = np.where(known, x.close[before], np.nan)
    previous_high = np.where(known, highest[before], np.nan)
    previous_low = np.where(known, lowest[before], np.nan)
    gap = np.log(x.open[start] / previous_close)
    still_above = np.maximum(np.log(lowest / previous_close), 0.0)
    still_below = np.minimum(np.log(highest / previous_close), 0.0)
    flat = TIE * x.close
    return {
        "overnight_return": gap,
        "unfilled_gap": np.where(gap > 0.0, still_above, still_below),
        "session_return": np.log(x.close / x.open[start]),
        "session_range_position": ratio(x.close - lowest, highest - lowest, 0.5, flat),
        "previous_session_position": ratio(
            x.close - previous_low, previous_high - previous_low, 0.5, flat
        ),
    }
