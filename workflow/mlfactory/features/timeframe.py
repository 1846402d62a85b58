"""Timeframes: the same columns of longer bars, as far as these are complete at the decision.

A timeframe bar is anchored at its session's opening and complete at the earlier of its length and
the session's scheduled close; ``1d`` is the session. A row may use what is complete at its own end,
the bar that it ends included, and keeps the last completed one until the next. A timeframe bar
without bars does not exist. Every column reads a fixed number of completed bars, so that its memory
ends; what is recursive in the standard form is seeded anew at the start of that window.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import talib

from mlfactory._numba import njit
from mlfactory._typing import Float64Array1D, Int64Array1D
from mlfactory.features._base import (
    TIE,
    Feature,
    Inputs,
    lag,
    ratio,
    rolling_mean,
    rolling_std,
)

TIMEFRAMES = ("15min", "30min", "1h", "4h", "1d")
SESSION = "1d"
BAR_INTERVAL = pd.Timedelta("5min")
_SESSION_NS = 366 * 86_400_000_000_000
_LONG_NS = 4 * 3_600_000_000_000


@dataclass(frozen=True)
class Memory:
    """Completed bars that recursive columns read, and the MACD's periods that fit in them."""

    bars: int
    macd: tuple[int, int, int]


SHORT = Memory(60, (12, 26, 9))
LONG = Memory(20, (6, 13, 5))
"""From 4h up, so that the warm-up stays below 25 sessions."""


@dataclass(frozen=True)
class TimeframeBars:
    """Longer bars, ascending; ``complete_ns`` is when each is known, UTC nanoseconds."""

    open: Float64Array1D
    high: Float64Array1D
    low: Float64Array1D
    close: Float64Array1D
    volume: Float64Array1D
    complete_ns: Int64Array1D


@dataclass(frozen=True)
class Column:
    """What a column of any timeframe is; ``completed`` bars are read, None for all of a memory."""

    name: str
    completed: int | None
    source: str
    unit: str
    formula: str
    bounded: bool = False


_SEEDED = "own: as TA-Lib {}, seeded anew {{bars}} bars back"
COLUMNS = (
    *(
        Column(name, 1, "own", "log return", f"ln(last {name} / close)")
        for name in ("open", "high", "low", "close")
    ),
    Column("volume_ratio_20", 20, "own", "ratio", "last volume / mean volume of 20"),
    Column("return_5", 6, "own", "log return", "ln(last close / close 5 before)"),
    Column(
        "range_position_20",
        20,
        "TA-Lib MAX, MIN",
        "fraction",
        "(close - lowest low) / (highest high - lowest low) of 20; 0.5 if flat",
    ),
    Column("sma_distance_20", 20, "own", "ratio", "close / SMA(20) - 1"),
    Column("ema_distance_12", None, _SEEDED.format("EMA"), "ratio", "close / EMA(12) - 1"),
    Column(
        "rsi_14",
        None,
        _SEEDED.format("RSI"),
        "percent",
        "100 x average gain / (average gain + average loss); 50 if nothing moved",
        bounded=True,
    ),
    Column("atr_14", None, _SEEDED.format("ATR"), "ratio", "ATR(14) / last close"),
    Column(
        "bollinger_position",
        20,
        "own: Bollinger 20/2, as TA-Lib BBANDS",
        "fraction",
        "(close - lower) / (upper - lower); 0.5 if flat",
    ),
    Column(
        "bollinger_width",
        20,
        "own: Bollinger 20/2, as TA-Lib BBANDS",
        "ratio",
        "(upper - lower) / middle",
    ),
    Column(
        "macd_histogram",
        None,
        _SEEDED.format("MACD"),
        "ratio",
        "(MACD - signal) / last close, {macd[0]}/{macd[1]}/{macd[2]}",
    ),
)
"""``close`` is that of the bar, ``last`` means the last completed bar of the timeframe."""


def features(timeframes: Iterable[str], bar_ns: int) -> tuple[Feature, ...]:
    """The columns of each timeframe, for bars of ``bar_ns`` nanoseconds."""
    return tuple(
        _feature(column, timeframe, bar_ns) for timeframe in timeframes for column in COLUMNS
    )


def length_ns(timeframe: str) -> int:
    """Nanoseconds of a timeframe; more than any session's for ``1d``."""
    return _SESSION_NS if timeframe == SESSION else int(pd.Timedelta(timeframe).as_unit("ns").value)


def memory(timeframe: str) -> Memory:
    """What the recursive columns of a timeframe read."""
    return LONG if length_ns(timeframe) >= _LONG_NS else SHORT


def _feature(column: Column, timeframe: str, bar_ns: int) -> Feature:
    """The column of one timeframe.

    A file's first timeframe bar may be a part of one and is not counted; nor is the one under way.
    Sessions differ in length, so those of ``1d`` are counted as sessions.
    """
    form = memory(timeframe)
    completed = column.completed or form.bars
    whole_sessions = timeframe == SESSION
    return Feature(
        f"tf_{timeframe}_{column.name}",
        1 if whole_sessions else (completed + 1) * (length_ns(timeframe) // bar_ns) - 1,
        column.source.format(bars=form.bars),
        column.unit,
        f"{column.formula.format(macd=form.macd)}; completed bars of {timeframe}",
        sessions=completed + 1 if whole_sessions else 0,
        bounded=column.bounded,
    )


FEATURES = features(TIMEFRAMES, int(BAR_INTERVAL.as_unit("ns").value))
"""The default timeframes on the default bars."""


def compute(inputs: Inputs, timeframes: Iterable[str] = TIMEFRAMES) -> dict[str, Float64Array1D]:
    """Columns of ``features(timeframes, inputs.bar_ns)``, each of shape (n,)."""
    columns: dict[str, Float64Array1D] = {}
    for timeframe in timeframes:
        found = _columns(inputs, timeframe)
        columns |= {f"tf_{timeframe}_{name}": values for name, values in found.items()}
    return columns


def timeframe_bars(x: Inputs, timeframe: str) -> TimeframeBars:
    """The bars of a timeframe that hold a bar of ``x``, the one under way included."""
    length = length_ns(timeframe)
    number = (x.time_ns - x.session_open_ns) // length
    begins = np.diff(number, prepend=-1) != 0
    begins[1:] |= x.session[1:] != x.session[:-1]
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(number)) - 1
    complete = x.session_open_ns[first] + (number[first] + 1) * length
    return TimeframeBars(
        open=x.open[first],
        high=np.maximum.reduceat(x.high, first),
        low=np.minimum.reduceat(x.low, first),
        close=x.close[last],
        volume=np.add.reduceat(x.volume, first),
        complete_ns=np.minimum(complete, x.session_close_ns[first]),
    )


def last_completed(x: Inputs, complete_ns: Int64Array1D) -> Int64Array1D:
    """Number of the last timeframe bar that is complete at the end of each row, -1 before any."""
    end_ns = np.minimum(x.time_ns + x.bar_ns, x.session_close_ns)
    return np.searchsorted(complete_ns, end_ns, side="right") - 1


@njit(cache=True)
def windowed_ema(values: Float64Array1D, period: int, window: int) -> Float64Array1D:
    """EMA at each window's end, seeded with the mean of the window's first ``period`` values."""
    ema = np.full(len(values), np.nan)
    for t in range(window - 1, len(values)):
        first = t - window + 1
        mean = _mean(values, first, first + period)
        for i in range(first + period, t + 1):
            mean += 2.0 / (period + 1) * (values[i] - mean)
        ema[t] = mean
    return ema


@njit(cache=True)
def windowed_rma(values: Float64Array1D, period: int, window: int) -> Float64Array1D:
    """Wilder's average at each window's end, seeded with the mean of its first values."""
    rma = np.full(len(values), np.nan)
    for t in range(window - 1, len(values)):
        first = t - window + 1
        mean = _mean(values, first, first + period)
        for i in range(first + period, t + 1):
            mean += (values[i] - mean) / period
        rma[t] = mean
    return rma


@njit(cache=True)
def windowed_macd_histogram(
    values: Float64Array1D, fast: int, slow: int, signal: int, window: int
) -> Float64Array1D:
    """MACD less its signal line at each window's end, both seeded within the window as TA-Lib does.

    Both averages start at the window's bar number ``slow``; the signal is seeded with the mean of
    the first ``signal`` differences.
    """
    histogram = np.full(len(values), np.nan)
    for t in range(window - 1, len(values)):
        start = t - window + slow
        quick = _mean(values, start - fast + 1, start + 1)
        slack = _mean(values, start - slow + 1, start + 1)
        line = smooth = quick - slack
        for i in range(start + 1, t + 1):
            quick += 2.0 / (fast + 1) * (values[i] - quick)
            slack += 2.0 / (slow + 1) * (values[i] - slack)
            line = quick - slack
            seeding = i - start < signal
            smooth += (line - smooth) * (1.0 / (i - start + 1) if seeding else 2.0 / (signal + 1))
        histogram[t] = line - smooth
    return histogram


@njit(cache=True)
def _mean(values: Float64Array1D, first: int, stop: int) -> float:
    total = 0.0
    for i in range(first, stop):
        total += values[i]
    return total / (stop - first)


def _columns(x: Inputs, timeframe: str) -> dict[str, Float64Array1D]:
    bars = timeframe_bars(x, timeframe)
    last = last_completed(x, bars.complete_ns)
    held = {name: _held(values, last) for name, values in known(bars, memory(timeframe)).items()}
    return seen_from(x.close, held)


def _held(values: Float64Array1D, last: Int64Array1D) -> Float64Array1D:
    """The value of each row's last completed bar, NaN before any."""
    return np.where(last >= 0, values[np.maximum(last, 0)], np.nan)


def known(bars: TimeframeBars, form: Memory) -> dict[str, Float64Array1D]:
    """What is known once each bar of a timeframe is complete, one value a bar."""
    close = bars.close
    histogram = windowed_macd_histogram(close, *form.macd, form.bars)
    middle, spread = rolling_mean(close, 20), rolling_std(close, 20, 0)
    return {
        **{name: np.log(getattr(bars, name)) for name in ("open", "high", "low", "close")},
        "volume_ratio_20": bars.volume / rolling_mean(bars.volume, 20),
        "return_5": np.log(close / lag(close, 5)),
        "rsi_14": _rsi(close, form.bars),
        "atr_14": _atr(bars, form.bars) / close,
        "bollinger_width": 4.0 * spread / middle,
        "macd_histogram": histogram / close,
        "middle": middle,
        "spread": spread,
        "top": talib.MAX(bars.high, 20),
        "foot": talib.MIN(bars.low, 20),
        "ema": windowed_ema(close, 12, form.bars),
    }


def seen_from(close: Float64Array1D, held: dict[str, Float64Array1D]) -> dict[str, Float64Array1D]:
    """A timeframe's columns: what is ``known`` of each row's last completed bar, from its close."""
    held = dict(held)
    middle, spread, top, foot, ema = (
        held.pop(name) for name in ("middle", "spread", "top", "foot", "ema")
    )
    flat, log_close = TIE * close, np.log(close)
    return {
        **held,
        **{name: held[name] - log_close for name in ("open", "high", "low", "close")},
        "range_position_20": ratio(close - foot, top - foot, 0.5, flat),
        "sma_distance_20": close / middle - 1.0,
        "ema_distance_12": close / ema - 1.0,
        "bollinger_position": 0.5 + 0.25 * ratio(close - middle, spread, 0.0, flat),
    }


def _rsi(close: Float64Array1D, window: int) -> Float64Array1D:
    change = close - lag(close, 1)
    gain = windowed_rma(np.maximum(change, 0.0), 14, window - 1)
    moved = windowed_rma(np.abs(change), 14, window - 1)
    return 100.0 * ratio(gain, moved, 0.5, TIE * close)


def _atr(bars: TimeframeBars, window: int) -> Float64Array1D:
    previous = lag(bars.close, 1)
    true_range = np.maximum(bars.high, previous) - np.minimum(bars.low, previous)
    return windowed_rma(true_range, 14, window - 1)
