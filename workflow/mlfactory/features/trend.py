"""Trend: direction and strength of the move, by Wilder, by bands, by regression."""

import numpy as np
import talib

from mlfactory._numba import njit
from mlfactory._typing import Float64Array1D
from mlfactory.features._base import (
    TIE,
    Feature,
    Inputs,
    lag,
    ratio,
    rolling_mean,
    true_range,
    wilder_memory_bars,
)

SUPERTREND_ATRS = 3.0
SUPERTREND_BARS = 120
_DIRECTIONAL = "TA-Lib RMA; own: Wilder 1978, equal moves by tolerance"

FEATURES = (
    Feature(
        "adx_14",
        wilder_memory_bars(14) + 6 * 14,
        _DIRECTIONAL,
        "percent",
        "Wilder average of 100 |+DI - -DI| / (+DI + -DI), 14 bars; 0 if none moved",
        bounded=True,
    ),
    Feature(
        "plus_di_14",
        wilder_memory_bars(14),
        _DIRECTIONAL,
        "percent",
        "100 x average rise of the high / average true range, 14 bars; 0 if none moved",
        bounded=True,
    ),
    Feature(
        "minus_di_14",
        wilder_memory_bars(14),
        _DIRECTIONAL,
        "percent",
        "100 x average fall of the low / average true range, 14 bars; 0 if none moved",
        bounded=True,
    ),
    Feature(
        "supertrend_distance",
        SUPERTREND_BARS + wilder_memory_bars(10),
        "TA-Lib ATR; own: Seban 10/3, seeded anew 120 bars back",
        "ATRs",
        "(close - Supertrend line) / ATR(10); 0 if nothing moved",
    ),
    Feature(
        "supertrend_direction",
        SUPERTREND_BARS + wilder_memory_bars(10),
        "TA-Lib ATR; own: Seban 10/3, seeded anew 120 bars back",
        "sign",
        "1 while the line is below the close, else -1",
        bounded=True,
    ),
    Feature(
        "aroon_oscillator_25",
        26,
        "own: Chande, as TA-Lib AROONOSC, equal prices by tolerance",
        "percent",
        "100 x (bars since the lowest low - bars since the highest high) / 25",
        bounded=True,
    ),
    Feature(
        "vortex_14",
        15,
        "own: Botes and Siepman 2010, as TA-Lib VORTEX",
        "ratio",
        "sum of |high - previous low| - |low - previous high|, over that of true range, 14 bars",
    ),
    Feature(
        "regression_slope_60",
        60,
        "own: least squares",
        "log return",
        "slope a bar of ln close on time over 60 bars",
    ),
    *(
        Feature(
            f"regression_r2_{n}",
            n,
            "own: least squares",
            "fraction",
            f"share of the variance of ln close that a line explains over {n} bars; 0 if flat",
            bounded=True,
        )
        for n in (20, 60)
    ),
    Feature(
        "regression_deviation_20",
        20,
        "own: least squares",
        "standard deviations",
        "last residual / residual standard deviation of that line over 20 bars; 0 if none",
    ),
    Feature(
        "choppiness_14",
        15,
        "TA-Lib MAX, MIN; own: Dreiss",
        "ratio",
        "ln(sum of true range / range of 14 bars) / ln 14; 1 if flat",
    ),
)


def compute(inputs: Inputs) -> dict[str, Float64Array1D]:
    """Columns of ``FEATURES``, each of shape (n,)."""
    log_close = np.log(inputs.close)
    _, r2_20, deviation_20 = rolling_regression(log_close, 20)
    slope_60, r2_60, _ = rolling_regression(log_close, 60)
    return {
        **_directional(inputs, 14),
        **_supertrend(inputs),
        "aroon_oscillator_25": aroon_oscillator(inputs.high, inputs.low, 25),
        "vortex_14": _vortex(inputs, 14),
        "regression_slope_60": slope_60,
        "regression_r2_20": r2_20,
        "regression_r2_60": r2_60,
        "regression_deviation_20": deviation_20,
        "choppiness_14": _choppiness(inputs, 14),
    }


@njit(cache=True)
def supertrend(
    middle: Float64Array1D, close: Float64Array1D, half_width: Float64Array1D, window: int
) -> tuple[Float64Array1D, Float64Array1D]:
    """Line and direction (1 up, -1 down), seeded anew in the window of bars that ends at each row.

    The walk starts on the side of the close against the window's first middle; a band only
    tightens until the close crosses it. Rows whose window is not full and finite are NaN.
    """
    line, direction = np.full(len(close), np.nan), np.full(len(close), np.nan)
    for t in range(window - 1, len(close)):
        first = t - window + 1
        if np.isnan(half_width[first]):
            continue
        upper, lower = middle[first] + half_width[first], middle[first] - half_width[first]
        up = close[first] >= middle[first]
        for i in range(first + 1, t + 1):
            basic_upper, basic_lower = middle[i] + half_width[i], middle[i] - half_width[i]
            if basic_upper < upper or close[i - 1] > upper:
                upper = basic_upper
            if basic_lower > lower or close[i - 1] < lower:
                lower = basic_lower
            up = close[i] >= lower if up else close[i] > upper
        line[t], direction[t] = (lower, 1.0) if up else (upper, -1.0)
    return line, direction


@njit(cache=True)
def aroon_oscillator(high: Float64Array1D, low: Float64Array1D, window: int) -> Float64Array1D:
    """100 (bars since lowest low - bars since highest high) / window, in ``window`` + 1 bars.

    Of equal extremes the latest counts.
    """
    oscillator = np.full(len(high), np.nan)
    for t in range(window, len(high)):
        top = foot = t - window
        for i in range(t - window + 1, t + 1):
            if high[i] >= high[top] * (1.0 - TIE):
                top = i
            if low[i] <= low[foot] * (1.0 + TIE):
                foot = i
        oscillator[t] = 100.0 * (top - foot) / window
    return oscillator


@njit(cache=True)
def rolling_regression(
    values: Float64Array1D, window: int
) -> tuple[Float64Array1D, Float64Array1D, Float64Array1D]:
    """Least squares on time of each full window: slope a row, R^2, last residual in their std.

    R^2 is 0 where the values do not vary, the last residual 0 where a line fits them.
    """
    n = len(values)
    slope, r2, deviation = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    centre = (window - 1) / 2.0
    time_squares = window * (window * window - 1) / 12.0
    mean = rolling_mean(values, window)
    for t in range(window - 1, n):
        cross = squares = 0.0
        for k in range(window):
            d = values[t - window + 1 + k] - mean[t]
            cross += (k - centre) * d
            squares += d * d
        slope[t] = cross / time_squares
        residual_squares = max(squares - cross * slope[t], 0.0)
        flat = squares <= window * TIE * TIE
        r2[t] = 0.0 if flat else 1.0 - residual_squares / squares
        fits = residual_squares <= window * TIE * TIE
        last = values[t] - mean[t] - slope[t] * centre
        deviation[t] = 0.0 if fits else last / np.sqrt(residual_squares / (window - 2))
    return slope, r2, deviation


def _directional(x: Inputs, window: int) -> dict[str, Float64Array1D]:
    rise, fall = x.high - lag(x.high, 1), lag(x.low, 1) - x.low
    tie = TIE * x.close
    plus = np.where((rise - fall > tie) & (rise > tie), rise, 0.0)[1:]
    minus = np.where((fall - rise > tie) & (fall > tie), fall, 0.0)[1:]
    average_range = talib.RMA(true_range(x)[1:], window)
    plus_di = 100.0 * ratio(talib.RMA(plus, window), average_range, 0.0, tie[1:])
    minus_di = 100.0 * ratio(talib.RMA(minus, window), average_range, 0.0, tie[1:])
    spread = 100.0 * ratio(np.abs(plus_di - minus_di), plus_di + minus_di, 0.0, TIE)
    columns = {"adx": talib.RMA(spread, window), "plus_di": plus_di, "minus_di": minus_di}
    return {f"{name}_{window}": np.concatenate([[np.nan], c]) for name, c in columns.items()}


def _supertrend(x: Inputs) -> dict[str, Float64Array1D]:
    atr = talib.ATR(x.high, x.low, x.close, 10)
    middle = (x.high + x.low) / 2.0
    line, direction = supertrend(middle, x.close, SUPERTREND_ATRS * atr, SUPERTREND_BARS)
    distance = ratio(x.close - line, atr, 0.0, TIE * x.close)
    return {"supertrend_distance": distance, "supertrend_direction": direction}


def _vortex(x: Inputs, window: int) -> Float64Array1D:
    plus, minus = np.abs(x.high - lag(x.low, 1)), np.abs(x.low - lag(x.high, 1))
    total = rolling_mean(true_range(x), window)
    return ratio(rolling_mean(plus - minus, window), total, 0.0, TIE * x.close)


def _choppiness(x: Inputs, window: int) -> Float64Array1D:
    total = window * rolling_mean(true_range(x), window)
    span = talib.MAX(x.high, window) - talib.MIN(x.low, window)
    return np.log(ratio(total, span, float(window), TIE * x.close)) / np.log(window)
