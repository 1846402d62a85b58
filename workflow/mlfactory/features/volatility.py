"""Volatility: average ranges, bands, range estimators, and the shape of the return distribution."""

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
    rolling_std,
    true_range,
    wilder_memory_bars,
)

ATR_BARS = (7, 14, 21)
VOLATILITY_BARS = (10, 20, 60)
SHAPE_BARS = (20, 60)

FEATURES = (
    *(
        Feature(f"atr_{n}", wilder_memory_bars(n), "TA-Lib ATR", "ratio", f"ATR({n}) / close")
        for n in ATR_BARS
    ),
    Feature(
        "true_range_ratio_14",
        wilder_memory_bars(14),
        "TA-Lib ATR",
        "ATRs",
        "true range / ATR(14); 0 if nothing moved",
    ),
    Feature(
        "bollinger_position",
        20,
        "own: Bollinger 20/2, as TA-Lib BBANDS",
        "fraction",
        "(close - lower) / (upper - lower); 0.5 if flat",
    ),
    Feature(
        "bollinger_width",
        20,
        "own: Bollinger 20/2, as TA-Lib BBANDS",
        "ratio",
        "(upper - lower) / middle",
    ),
    Feature(
        "keltner_position",
        max(ema_memory_bars(20), wilder_memory_bars(20)),
        "TA-Lib EMA, ATR",
        "channel half-widths",
        "(close - EMA(20)) / (2 ATR(20)); 0 if nothing moved",
    ),
    Feature(
        "squeeze",
        wilder_memory_bars(20),
        "TA-Lib ATR; own: Carter",
        "ratio",
        "Bollinger half-width / Keltner half-width; 0 if nothing moved",
    ),
    *(
        Feature(
            f"historical_volatility_{n}",
            n + 1,
            "own",
            "log return",
            f"sample standard deviation of the last {n} one-bar log returns",
        )
        for n in VOLATILITY_BARS
    ),
    Feature(
        "parkinson_20",
        20,
        "own: Parkinson 1980",
        "log return",
        "sqrt(mean of ln(high / low)^2 / (4 ln 2)) over 20 bars",
    ),
    Feature(
        "garman_klass_20",
        20,
        "own: Garman and Klass 1980",
        "log return",
        "sqrt(mean of ln(high/low)^2 / 2 - (2 ln 2 - 1) ln(close/open)^2) over 20 bars",
    ),
    Feature(
        "rogers_satchell_20",
        20,
        "own: Rogers and Satchell 1991",
        "log return",
        "sqrt(mean of ln(h/c) ln(h/o) + ln(l/c) ln(l/o)) over 20 bars",
    ),
    Feature(
        "yang_zhang_20",
        21,
        "own: Yang and Zhang 2000",
        "log return",
        "sqrt(var ln(open/previous close) + k var ln(close/open) + (1 - k) RS^2) over 20 bars",
    ),
    Feature(
        "downside_share_20",
        21,
        "own: semivariance",
        "fraction",
        "share of falling bars in the sum of 20 squared log returns; 0.5 if flat",
        bounded=True,
    ),
    *(
        Feature(
            f"skew_{n}",
            n + 1,
            "own: third standardised moment",
            "standard deviations^3",
            f"skewness of the last {n} one-bar log returns; 0 if flat",
        )
        for n in SHAPE_BARS
    ),
    *(
        Feature(
            f"kurtosis_{n}",
            n + 1,
            "own: fourth standardised moment",
            "standard deviations^4",
            f"excess kurtosis of the last {n} one-bar log returns; 0 if flat",
        )
        for n in SHAPE_BARS
    ),
    Feature(
        "jump_share_60",
        62,
        "own: Barndorff-Nielsen and Shephard 2004",
        "fraction",
        "1 - bipower variation / realised variance over 60 bars; 0 if flat",
    ),
    Feature(
        "volatility_variation_60",
        70,
        "own",
        "ratio",
        "standard deviation / mean of historical_volatility_10 over 60 bars; 0 if flat",
    ),
)


def compute(inputs: Inputs) -> dict[str, Float64Array1D]:
    """Columns of ``FEATURES``, each of shape (n,)."""
    returns = log_return(inputs.close)
    volatility = {n: rolling_std(returns, n, 1) for n in VOLATILITY_BARS}
    columns = {f"historical_volatility_{n}": volatility[n] for n in VOLATILITY_BARS}
    columns |= _average_ranges(inputs) | _bands(inputs) | _range_estimators(inputs)
    for n in SHAPE_BARS:
        columns[f"skew_{n}"], columns[f"kurtosis_{n}"] = rolling_skew_kurtosis(returns, n)
    return columns | {
        "downside_share_20": _downside_share(returns, 20),
        "jump_share_60": _jump_share(returns, 60),
        "volatility_variation_60": ratio(
            rolling_std(volatility[10], 60, 1), rolling_mean(volatility[10], 60), 0.0, TIE
        ),
    }


@njit(cache=True)
def rolling_skew_kurtosis(
    values: Float64Array1D, window: int
) -> tuple[Float64Array1D, Float64Array1D]:
    """Population skewness and excess kurtosis of each full window; 0 where it does not vary."""
    skew, kurtosis = np.full(len(values), np.nan), np.full(len(values), np.nan)
    mean = rolling_mean(values, window)
    for t in range(window - 1, len(values)):
        m2 = m3 = m4 = 0.0
        for i in range(t - window + 1, t + 1):
            d = values[i] - mean[t]
            m2 += d * d / window
            m3 += d * d * d / window
            m4 += d * d * d * d / window
        flat = m2 <= TIE * TIE
        skew[t] = 0.0 if flat else m3 / m2**1.5
        kurtosis[t] = 0.0 if flat else m4 / (m2 * m2) - 3.0
    return skew, kurtosis


def _average_ranges(x: Inputs) -> dict[str, Float64Array1D]:
    atr = {n: talib.ATR(x.high, x.low, x.close, n) for n in ATR_BARS}
    columns = {f"atr_{n}": atr[n] / x.close for n in ATR_BARS}
    return columns | {
        "true_range_ratio_14": ratio(true_range(x), atr[14], 0.0, TIE * x.close),
    }


def _bands(x: Inputs) -> dict[str, Float64Array1D]:
    middle, spread = rolling_mean(x.close, 20), rolling_std(x.close, 20, 0)
    half_channel = 2.0 * talib.ATR(x.high, x.low, x.close, 20)
    flat = TIE * x.close
    return {
        "bollinger_position": 0.5 + 0.25 * ratio(x.close - middle, spread, 0.0, flat),
        "bollinger_width": 4.0 * spread / middle,
        "keltner_position": ratio(x.close - talib.EMA(x.close, 20), half_channel, 0.0, flat),
        "squeeze": ratio(2.0 * spread, half_channel, 0.0, flat),
    }


def _range_estimators(x: Inputs) -> dict[str, Float64Array1D]:
    high_low, close_open = np.log(x.high / x.low), np.log(x.close / x.open)
    crossed = np.log(x.high / x.close) * np.log(x.high / x.open)
    crossed += np.log(x.low / x.close) * np.log(x.low / x.open)
    rogers_satchell = np.maximum(rolling_mean(crossed, 20), 0.0)
    garman_klass = 0.5 * high_low**2 - (2.0 * np.log(2.0) - 1.0) * close_open**2
    return {
        "parkinson_20": np.sqrt(rolling_mean(high_low**2, 20) / (4.0 * np.log(2.0))),
        "garman_klass_20": np.sqrt(np.maximum(rolling_mean(garman_klass, 20), 0.0)),
        "rogers_satchell_20": np.sqrt(rogers_satchell),
        "yang_zhang_20": _yang_zhang(x, close_open, rogers_satchell, 20),
    }


def _yang_zhang(
    x: Inputs, close_open: Float64Array1D, rogers_satchell: Float64Array1D, window: int
) -> Float64Array1D:
    k = 0.34 / (1.34 + (window + 1) / (window - 1))
    jump = np.log(x.open / lag(x.close, 1))
    variance = rolling_std(jump, window, 1) ** 2 + k * rolling_std(close_open, window, 1) ** 2
    return np.sqrt(variance + (1.0 - k) * rogers_satchell)


def _downside_share(returns: Float64Array1D, window: int) -> Float64Array1D:
    falling = rolling_mean(np.minimum(returns, 0.0) ** 2, window)
    return ratio(falling, rolling_mean(returns**2, window), 0.5, TIE * TIE)


def _jump_share(returns: Float64Array1D, window: int) -> Float64Array1D:
    size = np.abs(returns)
    bipower = 0.5 * np.pi * rolling_mean(size * lag(size, 1), window)
    variance = rolling_mean(returns**2, window)
    return ratio(variance - bipower, variance, 0.0, TIE * TIE)
