"""What a position taken at the end of each bar would fill at: entry, exit, and why it ends.

A signal at the end of bar t fills at the next raw row's opening. From there on the position lives
on the raw rows between the barriers of t's label, which `labels.walked` walks: a target or stop
fills at the first tick at or beyond its barrier, or at an opening beyond it; a row that meets both
is a loss. No price is outside its raw row's range.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mlfactory._numba import njit
from mlfactory._typing import (
    BoolArray1D,
    Float64Array1D,
    Int8Array1D,
    Int32Array1D,
    Int64Array1D,
)
from mlfactory.barriers import barrier_width
from mlfactory.contracts import Contract
from mlfactory.labels import (
    AMBIGUOUS,
    strides,
    trades_around_the_clock,
    walked,
    window_ends,
)
from mlfactory.quality import LONG, NEUTRAL, SHORT
from mlfactory.regimes import is_volatile

EXITS = ("target", "stop", "vertical", "session", "roll", "hole", "end")
"""Why a position ends: the favourable barrier; the adverse one, or both in one row; ``max_bars``;
the session's end; the contract's; rows are missing, and the next one's opening is the first price
there is; the file ends."""

TARGET, STOP, VERTICAL, SESSION, ROLL, HOLE, END = range(len(EXITS))


@dataclass(frozen=True)
class Fills:
    """The fills of one position a bar, long and short; all arrays of n bars.

    Attributes
    ----------
    entry_row, exit_row
        Raw rows; -1 where no position can be taken.
    exit_bar
        The bar that the exit is in; at its end the next position may be taken.
    entry
        Price of the entry, NaN where there is none; the same for both sides.
    exit_long, exit_short
        Prices of the exit; they differ where one row meets both barriers.
    kind_long, kind_short
        Places in `EXITS`.
    entry_volatile, exit_volatile
        Whether the fill is made in a volatile market, known at the end of the bar before it.
    width
        Unit of the barriers, price units, NaN before the first average true range.
    """

    entry_row: Int32Array1D
    exit_row: Int32Array1D
    exit_bar: Int32Array1D
    entry: Float64Array1D
    exit_long: Float64Array1D
    exit_short: Float64Array1D
    kind_long: Int8Array1D
    kind_short: Int8Array1D
    entry_volatile: BoolArray1D
    exit_volatile: BoolArray1D
    width: Float64Array1D

    @property
    def possible(self) -> BoolArray1D:
        """Bars at whose end a position can be taken."""
        return self.entry_row >= 0


def fills(
    bars: pd.DataFrame,
    raw_bars: pd.DataFrame,
    *,
    contract: Contract,
    barriers: Mapping[str, Any],
    atr_period: int,
    atr_floor_ticks: float,
    cross_sessions: bool | None,
    flat_at_session_end: bool,
) -> Fills:
    """Where positions taken at each bar's end would fill.

    Parameters
    ----------
    bars, raw_bars
        Tables of schemas BARS and RAW_BARS.
    barriers
        ``k_up``, ``k_down`` and ``max_bars`` of the labels.
    atr_period, atr_floor_ticks, cross_sessions
        As of the labels, see `labels.label_bars`.
    flat_at_session_end
        Close at each session's end, though the labels go on.
    """
    close, high, low = (bars[name].to_numpy() for name in ("close", "high", "low"))
    n = len(bars)
    width = barrier_width(bars, atr_period=atr_period, floor=atr_floor_ticks * contract.tick_size)
    session, segment = bars["session"].to_numpy(), bars["segment"].to_numpy()
    if cross_sessions is None:
        cross_sessions = trades_around_the_clock(bars)
    over_night = cross_sessions and not flat_at_session_end
    last = window_ends(segment, session, over_night)
    first_raw = first_rows(raw_bars["bar"].to_numpy(), n)
    raw_open, raw_high, raw_low = (raw_bars[name].to_numpy() for name in ("open", "high", "low"))
    k_up, k_down, max_bars = (barriers[key] for key in ("k_up", "k_down", "max_bars"))
    volatile = is_volatile(width, session)
    priced = _priced(
        close,
        high,
        low,
        width,
        last,
        _why_stretches_end(bars, over_night),
        first_raw,
        raw_open,
        raw_high,
        raw_low,
        *strides(high, low),
        volatile,
        k_up,
        k_down,
        max_bars,
        contract.tick_size,
    )
    entry_row, exit_row, exit_bar, entry, exit_long, exit_short, *kinds, exit_volatile = priced
    return Fills(
        entry_row=entry_row,
        exit_row=exit_row,
        exit_bar=exit_bar,
        entry=entry,
        exit_long=exit_long,
        exit_short=exit_short,
        kind_long=kinds[0],
        kind_short=kinds[1],
        entry_volatile=volatile,
        exit_volatile=exit_volatile,
        width=width,
    )


@njit(cache=True)
def first_rows(bar: Int64Array1D, n: int) -> Int64Array1D:
    """The first raw row of each of n bars, and the number of raw rows, (n + 1,).

    ``bar`` holds each raw row's bar, ascending; a bar without rows has those of the next one.
    """
    first = np.empty(n + 1, dtype=np.int64)
    b = 0
    for j in range(len(bar)):
        while b <= bar[j]:
            first[b] = j
            b += 1
    first[b:] = len(bar)
    return first


@njit(cache=True)
def on_tick(price: float, tick: float, up: bool) -> float:
    """The first tick at or beyond a price; one that is a tick but for rounding is that tick."""
    steps = price / tick
    nearest = np.round(steps)
    if abs(steps - nearest) < 1e-6:
        return tick * nearest
    return tick * (np.ceil(steps) if up else np.floor(steps))


@njit(cache=True)
def _priced(
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

    ``why`` is what `_why_stretches_end` gives; the other arrays are those of `labels.scan`.
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
        if met != NEUTRAL:
            upper = min(on_tick(upper, tick, True), raw_high[row])
            lower = max(on_tick(lower, tick, False), raw_low[row])
        if met == LONG:
            of_long = of_short = max(upper, raw_open[row])
            kind_long[t] = TARGET
        elif met == SHORT:
            of_long = of_short = min(lower, raw_open[row])
            kind_short[t] = TARGET
        elif met == AMBIGUOUS:
            of_long, of_short = lower, upper
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


def _why_stretches_end(bars: pd.DataFrame, over_night: bool) -> Int8Array1D:
    """Of each bar, as if it were the last one of its stretch, why there is no further one."""
    session, segment = bars["session"].to_numpy(), bars["segment"].to_numpy()
    why = np.full(len(bars), HOLE, dtype=np.int8)
    why[-1:] = END
    next_session = session[1:] != session[:-1]
    at = np.flatnonzero(next_session | (segment[1:] != segment[:-1]))
    name = pd.factorize(bars["contract"].iloc[np.r_[at, at + 1]])[0]
    rolled = name[len(at) :] != name[: len(at)]
    why[at] = np.select([rolled, next_session[at] & (not over_night)], [ROLL, SESSION], HOLE)
    return why
