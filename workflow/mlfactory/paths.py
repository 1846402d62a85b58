"""The paths that follow each bar: what they meet first, and what a position on them fills at.

Labels and fills walk the same paths. Their kernels are one file, since numba compiles a kernel anew
when its own file changes, and not for another's.
"""

import numpy as np

from mlfactory._numba import njit
from mlfactory._typing import (
    BoolArray1D,
    Float64Array1D,
    Int8Array1D,
    Int32Array1D,
    Int64Array1D,
)
from mlfactory.quality import LONG, NEUTRAL, SHORT

AMBIGUOUS = 3
UNKNOWN = -1

STRIDE = 6
"""Bars that are passed over at once while none of them meets a barrier."""

EXITS = ("target", "stop", "vertical", "session", "roll", "hole", "end")
"""Why a position ends: the favourable barrier; the adverse one, or both in one row; ``max_bars``;
the session's end; the contract's; rows are missing, and the next one's opening is the first price
there is; the file ends."""

TARGET, STOP, VERTICAL, SESSION, ROLL, HOLE, END = range(len(EXITS))


@njit(cache=True)
def strides(high: Float64Array1D, low: Float64Array1D) -> tuple[Float64Array1D, Float64Array1D]:
    """Highest and lowest price of each bar and the next ones, `STRIDE` in all, (n,) each.

    Of the last bars, which have fewer, there is none: they hold what was in memory.
    """
    n = len(high)
    highest, lowest = np.empty(n), np.empty(n)
    for t in range(n - STRIDE + 1):
        top, bottom = high[t], low[t]
        for bar in range(t + 1, t + STRIDE):
            top, bottom = max(top, high[bar]), min(bottom, low[bar])
        highest[t], lowest[t] = top, bottom
    return highest, lowest


@njit(inline="always")
def walked(
    t: int,
    end: int,
    upper: float,
    lower: float,
    close: Float64Array1D,
    high: Float64Array1D,
    low: Float64Array1D,
    first_raw: Int64Array1D,
    raw_open: Float64Array1D,
    raw_high: Float64Array1D,
    raw_low: Float64Array1D,
    stride_high: Float64Array1D,
    stride_low: Float64Array1D,
) -> tuple[int, np.intp, np.intp, float, float, float]:
    """One path: its outcome, the raw row that decides, bars held, exit price, and its extremes.

    `STRIDE` bars, then whole bars, are passed over until one meets a barrier; only that bar's raw
    rows are looked at. A row that opens beyond a barrier decides by its opening; one that opens
    between them and meets both is AMBIGUOUS, without a price. Paths end anywhere, so the processor
    guesses wrong at every branch on the outcome: there are as few as can be, and places are
    unsigned, as none is below 0.
    """
    one, stride = np.uintp(1), np.uintp(STRIDE)
    top = bottom = close[t]
    bar, last_bar = np.uintp(t + 1), np.uintp(end)
    while (bar + stride <= last_bar) & (stride_high[bar] < upper) & (stride_low[bar] > lower):
        top = max(top, stride_high[bar])
        bottom = min(bottom, stride_low[bar])
        bar += stride
    while (bar < last_bar) & (high[bar] < upper) & (low[bar] > lower):
        top = max(top, high[bar])
        bottom = min(bottom, low[bar])
        bar += one
    row, last_row = np.uintp(first_raw[bar]), np.uintp(first_raw[bar + one] - 1)
    while (row < last_row) & (raw_high[row] < upper) & (raw_low[row] > lower):
        top = max(top, raw_high[row])
        bottom = min(bottom, raw_low[row])
        row += one
    opening = raw_open[row]
    top = max(top, raw_high[row])
    bottom = min(bottom, raw_low[row])
    above, below = raw_high[row] >= upper, raw_low[row] <= lower
    kind, price = NEUTRAL, close[end]
    if above & below & (opening < upper) & (opening > lower):
        kind, price = AMBIGUOUS, np.nan
    elif above & (opening > lower):
        kind = LONG
        price = top = max(upper, opening)
    elif below:
        kind = SHORT
        price = bottom = min(lower, opening)
    return kind, np.intp(row), np.intp(bar) - t, price, top, bottom


@njit(cache=True)
def scan(
    close: Float64Array1D,
    high: Float64Array1D,
    low: Float64Array1D,
    width: Float64Array1D,
    last: Int64Array1D,
    first_raw: Int64Array1D,
    raw_open: Float64Array1D,
    raw_high: Float64Array1D,
    raw_low: Float64Array1D,
    stride_high: Float64Array1D,
    stride_low: Float64Array1D,
    k_up: float,
    k_down: float,
    max_bars: int,
) -> tuple[Int8Array1D, Int32Array1D, Float64Array1D, Float64Array1D, Float64Array1D, Int32Array1D]:
    """Outcome, deciding raw row, exit price, highest and lowest price met, and bars held.

    Parameters
    ----------
    close, high, low, width
        (n,) prices of the bars and the unit of their barriers.
    last
        (n,) the last bar of each bar's stretch, as `window_ends` gives it.
    first_raw
        (n + 1,) the first raw row of each bar, which has at least one.
    raw_open, raw_high, raw_low
        Prices of the raw rows.
    stride_high, stride_low
        What `strides` makes of ``high`` and ``low``.
    k_up, k_down, max_bars
        Distances of the barriers in units of ``width``, and the vertical one in bars.

    Returns
    -------
    Six arrays of (n,), see `walked`; NaN and -1 where there is no price or row.

    Bars whose width is missing or that are the last of their stretch are UNKNOWN. Bars whose
    stretch ends within ``max_bars`` are walked to its end, for their concurrency only.
    """
    n = len(close)
    outcome = np.empty(n, dtype=np.int8)
    decided = np.empty(n, dtype=np.int32)
    exit_price = np.empty(n)
    highest = np.empty(n)
    lowest = np.empty(n)
    held = np.empty(n, dtype=np.int32)
    for t in range(n):
        end = min(t + max_bars, last[t])
        if np.isnan(width[t]) or end == t:
            outcome[t], decided[t], held[t] = UNKNOWN, -1, 0
            exit_price[t] = highest[t] = lowest[t] = np.nan
            continue
        upper = close[t] + k_up * width[t]
        lower = close[t] - k_down * width[t]
        kind, row, bars, price, top, bottom = walked(
            t,
            end,
            upper,
            lower,
            close,
            high,
            low,
            first_raw,
            raw_open,
            raw_high,
            raw_low,
            stride_high,
            stride_low,
        )
        outcome[t], decided[t], held[t] = kind, row, bars
        exit_price[t], highest[t], lowest[t] = price, top, bottom
    return outcome, decided, exit_price, highest, lowest, held


@njit(cache=True)
def on_tick(price: float, tick: float, up: bool) -> float:
    """The first tick at or beyond a price; one that is a tick but for rounding is that tick."""
    steps = price / tick
    nearest = np.round(steps)
    if abs(steps - nearest) < 1e-6:
        return tick * nearest
    return tick * (np.ceil(steps) if up else np.floor(steps))


@njit(cache=True)
def priced(
    close: Float64Array1D,
    high: Float64Array1D,
    low: Float64Array1D,
    width: Float64Array1D,
    last: Int64Array1D,
    why: Int8Array1D,
    first_raw: Int64Array1D,
    raw_open: Float64Array1D,
    raw_high: Float64Array1D,
    raw_low: Float64Array1D,
    stride_high: Float64Array1D,
    stride_low: Float64Array1D,
    volatile: BoolArray1D,
    k_up: float,
    k_down: float,
    max_bars: int,
    tick: float,
) -> tuple[
    Int32Array1D,
    Int32Array1D,
    Int32Array1D,
    Float64Array1D,
    Float64Array1D,
    Float64Array1D,
    Int8Array1D,
    Int8Array1D,
    BoolArray1D,
]:
    """The arrays of `Fills`, from ``entry_row`` to ``kind_short``, and ``exit_volatile``.

    ``why`` says of each bar, as if its stretch ended there, which of `EXITS` that is; ``volatile``
    see `regimes`; the other arrays are those of `scan`.
    """
    n = len(close)
    entry_row, exit_row, exit_bar = np.empty((3, n), dtype=np.int32)
    entry, exit_long, exit_short = np.empty((3, n))
    kind_long, kind_short = np.empty((2, n), dtype=np.int8)
    exit_volatile = np.empty(n, dtype=np.bool_)
    for t in range(n):
        end = min(t + max_bars, last[t])
        if np.isnan(width[t]) or end == t:
            entry_row[t] = exit_row[t] = exit_bar[t] = -1
            entry[t] = exit_long[t] = exit_short[t] = np.nan
            kind_long[t] = kind_short[t] = 0
            exit_volatile[t] = False
            continue
        upper, lower = close[t] + k_up * width[t], close[t] - k_down * width[t]
        met, row, held, price, _, _ = walked(
            t,
            end,
            upper,
            lower,
            close,
            high,
            low,
            first_raw,
            raw_open,
            raw_high,
            raw_low,
            stride_high,
            stride_low,
        )
        ends = t + held
        of_long = of_short = price
        kind_long[t] = kind_short[t] = STOP
        if met == LONG:
            above = min(on_tick(upper, tick, True), raw_high[row])
            of_long = of_short = max(above, raw_open[row])
            kind_long[t] = TARGET
        elif met == SHORT:
            below = max(on_tick(lower, tick, False), raw_low[row])
            of_long = of_short = min(below, raw_open[row])
            kind_short[t] = TARGET
        elif met == AMBIGUOUS:
            of_long = max(on_tick(lower, tick, False), raw_low[row])
            of_short = min(on_tick(upper, tick, True), raw_high[row])
        else:
            kind = why[last[t]] if t + max_bars > last[t] else VERTICAL
            kind_long[t] = kind_short[t] = kind
            if kind == HOLE:
                ends = last[t] + 1
                row = first_raw[ends]
                of_long = of_short = raw_open[row]
        entry_row[t] = first_raw[t + 1]
        entry[t] = raw_open[entry_row[t]]
        exit_row[t], exit_bar[t] = row, ends
        exit_long[t], exit_short[t] = of_long, of_short
        exit_volatile[t] = volatile[ends - 1]
    return (
        entry_row,
        exit_row,
        exit_bar,
        entry,
        exit_long,
        exit_short,
        kind_long,
        kind_short,
        exit_volatile,
    )
