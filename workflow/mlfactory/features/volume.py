"""Volume: relative activity, money flow, volume-weighted prices. Every bar has a volume above 0."""

import numpy as np

from mlfactory._numba import njit
from mlfactory._typing import Float64Array1D, Int64Array1D
from mlfactory.features._base import (
    TIE,
    Feature,
    Inputs,
    lag,
    log_return,
    ratio,
    rolling_correlation,
    rolling_mean,
    rolling_std,
    session_start,
    sign,
)

FEATURES = (
    Feature(
        "obv_change_20",
        21,
        "own: Granville, as a trailing change",
        "fraction",
        "sum of volume signed by the close's change / sum of volume, 20 bars",
        bounded=True,
    ),
    Feature(
        "mfi_14",
        15,
        "own: Quong and Soudack, as TA-Lib MFI, equal typical prices by tolerance",
        "percent",
        "100 x rising money flow / rising and falling money flow, 14 bars; 50 if none moved",
        bounded=True,
    ),
    Feature("volume_ratio_20", 20, "own", "ratio", "volume / mean volume of 20 bars"),
    Feature(
        "volume_zscore_20",
        20,
        "own",
        "standard deviations",
        "(ln volume - mean) / standard deviation of ln volume over 20 bars; 0 if constant",
    ),
    Feature(
        "dollar_volume_ratio_10",
        100,
        "own",
        "ratio",
        "mean of close x volume over 10 bars / over 100 bars",
    ),
    Feature(
        "dollar_volume_ratio_20",
        200,
        "own",
        "ratio",
        "mean of close x volume over 20 bars / over 200 bars",
    ),
    Feature(
        "vwap_distance",
        1,
        "own",
        "log return",
        "ln(close / volume-weighted typical price since the session's first bar)",
        sessions=1,
    ),
    Feature(
        "vwma_distance_20",
        20,
        "own",
        "ratio",
        "close / volume-weighted mean close of 20 bars - 1",
    ),
    Feature(
        "chaikin_money_flow_20",
        20,
        "own: Chaikin",
        "fraction",
        "sum of close location value x volume / sum of volume, 20 bars",
        bounded=True,
    ),
    Feature(
        "return_volume_correlation_20",
        21,
        "own",
        "correlation",
        "of one-bar log return and ln volume over 20 bars; 0 if either is constant",
        bounded=True,
    ),
    Feature(
        "volatility_volume_correlation_60",
        61,
        "own",
        "correlation",
        "of absolute one-bar log return and ln volume over 60 bars; 0 if either is constant",
        bounded=True,
    ),
)


def compute(inputs: Inputs) -> dict[str, Float64Array1D]:
    """Columns of ``FEATURES``, each of shape (n,)."""
    return _activity(inputs) | _flow(inputs) | _weighted_prices(inputs) | _correlations(inputs)


@njit(cache=True)
def session_vwap(
    price: Float64Array1D, volume: Float64Array1D, start: Int64Array1D
) -> Float64Array1D:
    """Volume-weighted mean price from each session's first row in the file up to each bar."""
    vwap = np.empty(len(price))
    money = shares = 0.0
    for t in range(len(price)):
        if start[t] == t:
            money = shares = 0.0
        money += price[t] * volume[t]
        shares += volume[t]
        vwap[t] = money / shares
    return vwap


def _activity(x: Inputs) -> dict[str, Float64Array1D]:
    log_volume, money = np.log(x.volume), x.close * x.volume
    excess = log_volume - rolling_mean(log_volume, 20)
    return {
        "volume_ratio_20": x.volume / rolling_mean(x.volume, 20),
        "volume_zscore_20": ratio(excess, rolling_std(log_volume, 20, 1), 0.0, TIE),
        "dollar_volume_ratio_10": rolling_mean(money, 10) / rolling_mean(money, 100),
        "dollar_volume_ratio_20": rolling_mean(money, 20) / rolling_mean(money, 200),
    }


def _flow(x: Inputs) -> dict[str, Float64Array1D]:
    typical = (x.high + x.low + x.close) / 3.0
    location = ratio(2.0 * x.close - x.high - x.low, x.high - x.low, 0.0, TIE * x.close)
    mean_volume = rolling_mean(x.volume, 20)
    signed_volume = sign(log_return(x.close)) * x.volume
    return {
        "obv_change_20": rolling_mean(signed_volume, 20) / mean_volume,
        "mfi_14": _money_flow_index(typical, x.volume, 14),
        "chaikin_money_flow_20": rolling_mean(location * x.volume, 20) / mean_volume,
    }


def _money_flow_index(
    typical: Float64Array1D, volume: Float64Array1D, window: int
) -> Float64Array1D:
    flow = sign(typical / lag(typical, 1) - 1.0) * typical * volume
    rising = rolling_mean(np.maximum(flow, 0.0), window)
    return 100.0 * ratio(rising, rolling_mean(np.abs(flow), window), 0.5)


def _weighted_prices(x: Inputs) -> dict[str, Float64Array1D]:
    typical = (x.high + x.low + x.close) / 3.0
    vwap = session_vwap(typical, x.volume, session_start(x.session))
    vwma = rolling_mean(x.close * x.volume, 20) / rolling_mean(x.volume, 20)
    return {
        "vwap_distance": np.log(x.close / vwap),
        "vwma_distance_20": x.close / vwma - 1.0,
    }


def _correlations(x: Inputs) -> dict[str, Float64Array1D]:
    returns, log_volume = log_return(x.close), np.log(x.volume)
    return {
        "return_volume_correlation_20": rolling_correlation(returns, log_volume, 20),
        "volatility_volume_correlation_60": rolling_correlation(np.abs(returns), log_volume, 60),
    }
