"""Microstructure: what trading costs and how it presses on prices, estimated from bars alone."""

import math

import numpy as np

from mlfactory._numba import njit
from mlfactory._typing import Float64Array1D
from mlfactory.features._base import (
    TIE,
    Feature,
    Inputs,
    lag,
    log_return,
    ratio,
    rolling_mean,
    rolling_std,
    sign,
)

AMIHUD_BARS = (1, 10, 20)
SPREAD_BARS = (1, 10, 20)
INTENSITY_BARS = (20, 50)
EFFICIENCY_BARS = (10, 20)
USUAL_BARS = 200

FEATURES = (
    *(
        Feature(
            f"amihud_{n}",
            USUAL_BARS + 1,
            "own: Amihud 2002, relative",
            "ratio",
            f"mean of |log return| / (close x volume) over {n} bars / over {USUAL_BARS}; "
            "1 if nothing moved",
        )
        for n in AMIHUD_BARS
    ),
    Feature(
        "roll_spread_20",
        22,
        "own: Roll 1984",
        "log return",
        "2 sqrt(-autocovariance of one-bar log returns, 20 pairs); 0 where that is positive",
    ),
    Feature(
        "kyle_lambda_20",
        21,
        "own: Kyle 1985, relative",
        "log return",
        "slope of one-bar log return on volume signed by it, 20 bars, for a mean bar's volume; "
        "0 if flat",
    ),
    Feature(
        "corwin_schultz_20",
        21,
        "own: Corwin and Schultz 2012, negative ones 0",
        "fraction",
        "mean over 20 bars of the spread by which the ranges of two bars and of each differ",
    ),
    Feature(
        "abdi_ranaldo_20",
        21,
        "own: Abdi and Ranaldo 2017",
        "log return",
        "2 sqrt(mean of (c - m)(c - m of the next bar) over 20 pairs of bars), c ln close, m mean "
        "of ln high and ln low; 0 where that is negative",
    ),
    *(
        Feature(
            f"relative_spread_{n}",
            n,
            "own: effective spread against the bar's middle",
            "fraction",
            f"mean of 2 |close - middle| / middle over {n} bars, middle of high and low",
        )
        for n in SPREAD_BARS
    ),
    Feature(
        "volume_imbalance",
        21,
        "own: Easley, Lopez de Prado and O'Hara 2012",
        "mean volumes",
        "volume x (2 N(log return / its standard deviation) - 1) / mean volume, 20 bars; 0 if flat",
    ),
    Feature(
        "volume_imbalance_20",
        40,
        "own: Easley, Lopez de Prado and O'Hara 2012",
        "fraction",
        "sum of volume x (2 N(log return / its standard deviation) - 1) / sum of volume, 20 bars",
        bounded=True,
    ),
    *(
        Feature(
            f"trade_intensity_{n}",
            USUAL_BARS + n - 1,
            "own",
            "fraction",
            f"share of the last {n} volumes above the mean volume of {USUAL_BARS} bars; an equal "
            "one counts half",
            bounded=True,
        )
        for n in INTENSITY_BARS
    ),
    *(
        Feature(
            f"efficiency_{n}",
            n + 1,
            "own: Kaufman 1995",
            "fraction",
            f"|sum| / sum of sizes of the last {n} one-bar log returns; 0 if flat",
            bounded=True,
        )
        for n in EFFICIENCY_BARS
    ),
    Feature(
        "volatility_ratio_5_20",
        21,
        "own",
        "ratio",
        "standard deviation of 5 one-bar log returns / of 20; 1 if flat",
    ),
)


def compute(inputs: Inputs) -> dict[str, Float64Array1D]:
    """Columns of ``FEATURES``, each of shape (n,)."""
    returns = log_return(inputs.close)
    return {
        **_amihud(inputs, returns),
        "roll_spread_20": roll_spread(returns, 20),
        "kyle_lambda_20": _kyle(inputs, returns, 20),
        "corwin_schultz_20": rolling_mean(
            corwin_schultz(inputs.high, inputs.low, inputs.close), 20
        ),
        "abdi_ranaldo_20": _abdi_ranaldo(inputs, 20),
        **_relative_spreads(inputs),
        **_imbalance(inputs, returns, 20),
        **_intensity(inputs.volume),
        **{f"efficiency_{n}": _efficiency(returns, n) for n in EFFICIENCY_BARS},
        "volatility_ratio_5_20": ratio(
            rolling_std(returns, 5, 1), rolling_std(returns, 20, 1), 1.0, TIE
        ),
    }


@njit(cache=True)
def rolling_covariance(x: Float64Array1D, y: Float64Array1D, window: int) -> Float64Array1D:
    """Population covariance of each full window, centred on that window's means."""
    covariance = np.full(len(x), np.nan)
    mean_x, mean_y = rolling_mean(x, window), rolling_mean(y, window)
    for t in range(window - 1, len(x)):
        total = 0.0
        for i in range(t - window + 1, t + 1):
            total += (x[i] - mean_x[t]) * (y[i] - mean_y[t])
        covariance[t] = total / window
    return covariance


@njit(cache=True)
def corwin_schultz(
    high: Float64Array1D, low: Float64Array1D, close: Float64Array1D
) -> Float64Array1D:
    """Spread of each bar and the one before, as a share of the price; the first row is NaN.

    A bar that lies beyond the close before it is moved to touch it: the jump is no range.
    """
    scale = 3.0 - 2.0 * math.sqrt(2.0)
    spread = np.full(len(high), np.nan)
    for t in range(1, len(high)):
        jump = max(low[t] - close[t - 1], 0.0) + min(high[t] - close[t - 1], 0.0)
        top, foot = high[t] - jump, low[t] - jump
        one, other = math.log(high[t - 1] / low[t - 1]), math.log(top / foot)
        both = math.log(max(high[t - 1], top) / min(low[t - 1], foot))
        beta, gamma = one * one + other * other, both * both
        alpha = (math.sqrt(2.0 * beta) - math.sqrt(beta)) / scale - math.sqrt(gamma / scale)
        spread[t] = max(math.tanh(alpha / 2.0) * 2.0, 0.0)
    return spread


@njit(cache=True)
def bulk_side(scores: Float64Array1D) -> Float64Array1D:
    """2 N(score) - 1: the share of volume bought less that sold, from -1 to 1."""
    side = np.empty(len(scores))
    for t in range(len(scores)):
        side[t] = math.erf(scores[t] / math.sqrt(2.0))
    return side


def _amihud(x: Inputs, returns: Float64Array1D) -> dict[str, Float64Array1D]:
    moved = np.abs(returns)
    price_of_money = np.where(moved <= TIE, 0.0, moved) / (x.close * x.volume)
    usual = rolling_mean(price_of_money, USUAL_BARS)
    return {f"amihud_{n}": ratio(rolling_mean(price_of_money, n), usual, 1.0) for n in AMIHUD_BARS}


def roll_spread(returns: Float64Array1D, window: int) -> Float64Array1D:
    """Twice the root of the negative autocovariance of each window; 0 where it is positive."""
    return 2.0 * np.sqrt(np.maximum(-rolling_covariance(returns, lag(returns, 1), window), 0.0))


def _kyle(x: Inputs, returns: Float64Array1D, window: int) -> Float64Array1D:
    signed_volume = sign(returns) * x.volume
    usual = rolling_mean(x.volume, window)
    variance = rolling_covariance(signed_volume, signed_volume, window) / usual**2
    covariance = rolling_covariance(returns, signed_volume, window) / usual
    return ratio(covariance, variance, 0.0, TIE)


def _abdi_ranaldo(x: Inputs, window: int) -> Float64Array1D:
    close, middle = np.log(x.close), 0.5 * (np.log(x.high) + np.log(x.low))
    before = lag(close, 1)
    product = (before - lag(middle, 1)) * (before - middle)
    return 2.0 * np.sqrt(np.maximum(rolling_mean(product, window), 0.0))


def _relative_spreads(x: Inputs) -> dict[str, Float64Array1D]:
    middle = 0.5 * (x.high + x.low)
    spread = 2.0 * np.abs(x.close - middle) / middle
    return {f"relative_spread_{n}": rolling_mean(spread, n) for n in SPREAD_BARS}


def _imbalance(x: Inputs, returns: Float64Array1D, window: int) -> dict[str, Float64Array1D]:
    side = bulk_side(ratio(returns, rolling_std(returns, window, 1), 0.0, TIE))
    usual = rolling_mean(x.volume, window)
    return {
        "volume_imbalance": side * x.volume / usual,
        f"volume_imbalance_{window}": rolling_mean(side * x.volume, window) / usual,
    }


def _intensity(volume: Float64Array1D) -> dict[str, Float64Array1D]:
    above = 0.5 + 0.5 * sign(volume / rolling_mean(volume, USUAL_BARS) - 1.0)
    return {f"trade_intensity_{n}": rolling_mean(above, n) for n in INTENSITY_BARS}


def _efficiency(returns: Float64Array1D, window: int) -> Float64Array1D:
    path = rolling_mean(np.abs(returns), window)
    return ratio(np.abs(rolling_mean(returns, window)), path, 0.0, TIE)
