"""Momentum: oscillators, runs and acceleration. A rate of change is a return: see ``price``."""

import numpy as np
import talib

from mlfactory._numba import njit
from mlfactory._typing import Float64Array1D
from mlfactory.features._base import (
    TIE,
    Feature,
    Inputs,
    ema_memory_bars,
    lag,
    log_return,
    ratio,
    rolling_mean,
    sign,
    wilder_memory_bars,
)

RUN_BARS = 20
_MACD_MEMORY = ema_memory_bars(26) + ema_memory_bars(9)

FEATURES = (
    Feature(
        "rsi_14",
        wilder_memory_bars(14),
        "TA-Lib RSI",
        "percent",
        "100 x average gain / (average gain + average loss); 50 if 14 bars do not move",
        bounded=True,
    ),
    Feature("macd_line", _MACD_MEMORY, "TA-Lib MACD", "ratio", "(EMA(12) - EMA(26)) / close"),
    Feature("macd_signal", _MACD_MEMORY, "TA-Lib MACD", "ratio", "EMA(9) of MACD, over close"),
    Feature("macd_histogram", _MACD_MEMORY, "TA-Lib MACD", "ratio", "(MACD - signal) / close"),
    Feature(
        "stochastic_k_14",
        16,
        "TA-Lib MAX, MIN; own: Lane, 0.5 for a flat range",
        "fraction",
        "SMA(3) of the close's place in the range of 14 bars",
        bounded=True,
    ),
    Feature(
        "stochastic_d_14",
        18,
        "TA-Lib MAX, MIN; own: Lane, 0.5 for a flat range",
        "fraction",
        "SMA(3) of stochastic_k_14",
        bounded=True,
    ),
    Feature(
        "williams_r_14",
        14,
        "TA-Lib MAX, MIN; own: Williams",
        "fraction",
        "(close - highest high) / range of 14 bars; -0.5 if flat",
        bounded=True,
    ),
    Feature(
        "cci_20",
        20,
        "TA-Lib CCI",
        "mean deviations",
        "(typical price - its SMA(20)) / (0.015 x mean deviation); 0 if flat",
    ),
    Feature(
        "acceleration_10",
        21,
        "own",
        "log return",
        "log return of the last 10 bars minus that of the 10 before",
    ),
    Feature(
        "run_length",
        RUN_BARS + 1,
        "own",
        "bars",
        f"signed number of closes in a row in one direction, at most {RUN_BARS}; 0 if unchanged",
        bounded=True,
    ),
    Feature(
        "balance_of_power_14",
        14,
        "own: Livshin",
        "fraction",
        "mean of (close - open) / (high - low) over 14 bars, flat bars as 0",
        bounded=True,
    ),
)


def compute(inputs: Inputs) -> dict[str, Float64Array1D]:
    """Columns of ``FEATURES``, each of shape (n,)."""
    returns = log_return(inputs.close)
    last_10 = log_return(inputs.close, 10)
    return {
        "rsi_14": _rsi(inputs.close, 14),
        **_macd(inputs.close),
        **_stochastic(inputs, 14),
        "cci_20": _cci(inputs, 20),
        "acceleration_10": last_10 - lag(last_10, 10),
        "run_length": run_length(sign(returns), RUN_BARS),
        "balance_of_power_14": rolling_mean(_body(inputs), 14),
    }


@njit(cache=True)
def run_length(signs: Float64Array1D, longest: int) -> Float64Array1D:
    """Signed count of equal signs up to each bar, looking back ``longest`` bars at most."""
    runs = np.full(len(signs), np.nan)
    for t in range(longest, len(signs)):
        count = 0
        while count < longest and signs[t - count] == signs[t]:
            count += 1
        runs[t] = signs[t] * count
    return runs


def _rsi(close: Float64Array1D, window: int) -> Float64Array1D:
    still = talib.MAX(close, window + 1) - talib.MIN(close, window + 1) <= TIE * close
    return np.where(still, 50.0, talib.RSI(close, window))


def _macd(close: Float64Array1D) -> dict[str, Float64Array1D]:
    line, signal, histogram = talib.MACD(close, 12, 26, 9)
    return {
        "macd_line": line / close,
        "macd_signal": signal / close,
        "macd_histogram": histogram / close,
    }


def _stochastic(x: Inputs, window: int) -> dict[str, Float64Array1D]:
    top, foot = talib.MAX(x.high, window), talib.MIN(x.low, window)
    place = ratio(x.close - foot, top - foot, 0.5, TIE * x.close)
    smooth = rolling_mean(place, 3)
    return {
        f"stochastic_k_{window}": smooth,
        f"stochastic_d_{window}": rolling_mean(smooth, 3),
        f"williams_r_{window}": place - 1.0,
    }


def _cci(x: Inputs, window: int) -> Float64Array1D:
    typical = talib.TYPPRICE(x.high, x.low, x.close)
    flat = talib.MAX(typical, window) - talib.MIN(typical, window) <= TIE * typical
    return np.where(flat, 0.0, talib.CCI(x.high, x.low, x.close, window))


def _body(x: Inputs) -> Float64Array1D:
    return ratio(x.close - x.open, x.high - x.low, 0.0, TIE * x.close)
