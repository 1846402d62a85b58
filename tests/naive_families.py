"""Slow obvious twins of the timeframe, wavelet and microstructure columns."""

import numpy as np
import pandas as pd
import pywt
import talib

from mlfactory.features._base import Inputs

MACD = {60: (12, 26, 9), 20: (6, 13, 5)}


def completed(x: Inputs, t: int, minutes: int | None) -> pd.DataFrame:
    """Bars of a timeframe (None: sessions) complete at the end of row t, of rows up to t."""
    now = min(x.time_ns[t] + x.bar_ns, x.session_close_ns[t])
    found: dict[tuple[int, int], list[int]] = {}
    for i in range(t + 1):
        since_open = (x.time_ns[i] - x.session_open_ns[i]) // 60_000_000_000
        number = 0 if minutes is None else int(since_open // minutes)
        found.setdefault((int(x.session[i]), number), []).append(i)
    bars = []
    for (_, number), rows in found.items():
        end = int(x.session_close_ns[rows[0]])
        if minutes is not None:
            end = min(
                end, int(x.session_open_ns[rows[0]]) + (number + 1) * minutes * 60_000_000_000
            )
        if end <= now:
            bars.append(
                {
                    "open": x.open[rows[0]],
                    "high": x.high[rows].max(),
                    "low": x.low[rows].min(),
                    "close": x.close[rows[-1]],
                    "volume": x.volume[rows].sum(),
                    "rows": len(rows),
                }
            )
    return pd.DataFrame(bars)


def timeframe_columns(bars: pd.DataFrame, close: float, window: int) -> dict[str, float]:
    """The 14 columns from completed bars and the present close, TA-Lib on the last window."""
    last, twenty, memory = bars.iloc[-1], bars.tail(20), bars.tail(window)
    prices = {name: memory[name].to_numpy(copy=True) for name in ("high", "low", "close")}
    upper, middle, lower = (
        band[-1] for band in talib.BBANDS(twenty["close"].to_numpy(copy=True), 20, 2.0, 2.0)
    )
    top, foot = twenty["high"].max(), twenty["low"].min()
    return {
        **{name: np.log(last[name] / close) for name in ("open", "high", "low", "close")},
        "volume_ratio_20": last["volume"] / twenty["volume"].mean(),
        "return_5": np.log(last["close"] / bars["close"].iloc[-6]),
        "range_position_20": (close - foot) / (top - foot),
        "sma_distance_20": close / twenty["close"].mean() - 1.0,
        "ema_distance_12": close / talib.EMA(prices["close"], 12)[-1] - 1.0,
        "rsi_14": talib.RSI(prices["close"], 14)[-1],
        "atr_14": talib.ATR(*prices.values(), 14)[-1] / last["close"],
        "bollinger_position": (close - lower) / (upper - lower),
        "bollinger_width": (upper - lower) / middle,
        "macd_histogram": talib.MACD(prices["close"], *MACD[window])[2][-1] / last["close"],
    }


def wavelet_columns(close: np.ndarray, volume: np.ndarray) -> dict[str, float]:
    """The 21 columns of one window of 64 closes and volumes, PyWavelets on the window itself."""
    columns: dict[str, float] = {}
    for series, values in (("close", np.log(close)), ("volume", np.log(volume))):
        bands = pywt.wavedec(values - values.mean(), "db4", mode="symmetric", level=3)
        total = sum((band**2).sum() for band in bands)
        for name, band, level in zip(("a3", "d3", "d2", "d1"), bands, (3, 3, 2, 1), strict=True):
            columns[f"wavelet_{series}_{name}"] = band[64 // 2**level - 1] / 2 ** (level / 2)
            if name != "a3":
                columns[f"wavelet_{series}_energy_ratio_{name}"] = (band**2).sum() / total
                size = np.sqrt((band**2).mean()) / 2 ** (level / 2)
                columns[f"{series}_energy_{name}"] = size
        columns[f"wavelet_{series}_mad_volatility"] = np.median(np.abs(bands[-1])) / 0.6745
        columns[f"{series}_change"] = (bands[0][7] - bands[0][6]) / 2**1.5
    for name in ("d3", "d2", "d1"):
        columns[f"wavelet_close_energy_{name}"] = columns.pop(f"close_energy_{name}")
        columns.pop(f"volume_energy_{name}")
    change = columns.pop("close_change")
    columns.pop("volume_change")
    size = columns["wavelet_close_energy_d3"]
    columns["wavelet_trend_strength"] = abs(change) / (abs(change) + size)
    columns["wavelet_trend_direction"] = float(np.sign(change))
    return columns


def corwin_schultz(bars: pd.DataFrame) -> float:
    """Corwin and Schultz' spread of two bars, by their formulas (14) and (18), negative as 0."""
    (high_1, high_2), (low_1, low_2) = bars["high"], bars["low"]
    before = bars["close"].iloc[0]
    if low_2 > before:
        high_2, low_2 = high_2 - (low_2 - before), before
    elif high_2 < before:
        high_2, low_2 = before, low_2 + (before - high_2)
    beta = np.log(high_1 / low_1) ** 2 + np.log(high_2 / low_2) ** 2
    gamma = np.log(max(high_1, high_2) / min(low_1, low_2)) ** 2
    k = 3.0 - 2.0 * np.sqrt(2.0)
    alpha = (np.sqrt(2.0 * beta) - np.sqrt(beta)) / k - np.sqrt(gamma / k)
    return max(2.0 * (np.exp(alpha) - 1.0) / (1.0 + np.exp(alpha)), 0.0)
