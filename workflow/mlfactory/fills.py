"""What a position taken at the end of each bar would fill at: entry, exit, and why it ends.

A signal at the end of bar t fills at the next raw row's opening. From there on the position lives
on the raw rows between the barriers of t's label, which `labels.scan` walks: a target or stop fills
at the first tick at or beyond its barrier, or at an opening beyond it; a row that meets both is a
loss. No price is outside its raw row's range.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mlfactory._typing import BoolArray1D, Float64Array1D, Int8Array1D, Int64Array1D
from mlfactory.barriers import barrier_width
from mlfactory.contracts import Contract
from mlfactory.labels import AMBIGUOUS, UNKNOWN, scan, trades_around_the_clock, window_ends
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

    entry_row: Int64Array1D
    exit_row: Int64Array1D
    exit_bar: Int64Array1D
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
    close, n = bars["close"].to_numpy(), len(bars)
    width = barrier_width(bars, atr_period=atr_period, floor=atr_floor_ticks * contract.tick_size)
    session, segment = bars["session"].to_numpy(), bars["segment"].to_numpy()
    if cross_sessions is None:
        cross_sessions = trades_around_the_clock(bars)
    over_night = cross_sessions and not flat_at_session_end
    last = window_ends(segment, session, over_night)
    first_raw = np.searchsorted(raw_bars["bar"].to_numpy(), np.arange(n + 1))
    raw_open, raw_high, raw_low = (raw_bars[name].to_numpy() for name in ("open", "high", "low"))
    k_up, k_down, max_bars = (barriers[key] for key in ("k_up", "k_down", "max_bars"))
    outcome, decided, exit_price, _, _, held = scan(
        close,
        bars["high"].to_numpy(),
        bars["low"].to_numpy(),
        width,
        last,
        first_raw,
        raw_open,
        raw_high,
        raw_low,
        k_up,
        k_down,
        max_bars,
    )
    there = outcome != UNKNOWN
    t = np.arange(n)
    exit_bar = t + held
    exit_row = decided.astype(np.int64)
    why = np.where(t + max_bars > last, _why_stretches_end(bars, over_night)[last], VERTICAL)
    hole = (outcome == NEUTRAL) & (why == HOLE)
    exit_bar[hole] = last[hole] + 1
    exit_row[hole] = first_raw[last[hole] + 1]
    exit_price[hole] = raw_open[exit_row[hole]]
    both = outcome == AMBIGUOUS
    tick, met = contract.tick_size, np.maximum(exit_row, 0)
    upper = np.minimum(_ticks(close + k_up * width, tick, np.ceil), raw_high[met])
    lower = np.maximum(_ticks(close - k_down * width, tick, np.floor), raw_low[met])
    exit_price = np.where(outcome == LONG, np.maximum(upper, raw_open[met]), exit_price)
    exit_price = np.where(outcome == SHORT, np.minimum(lower, raw_open[met]), exit_price)
    volatile = is_volatile(width, session)
    entry_row = np.where(there, first_raw[np.minimum(t + 1, n - 1)], -1)
    return Fills(
        entry_row=entry_row,
        exit_row=np.where(there, exit_row, -1),
        exit_bar=np.where(there, exit_bar, -1),
        entry=np.where(there, raw_open[entry_row], np.nan),
        exit_long=np.where(both, lower, exit_price),
        exit_short=np.where(both, upper, exit_price),
        kind_long=_kinds(outcome, LONG, why),
        kind_short=_kinds(outcome, SHORT, why),
        entry_volatile=volatile,
        exit_volatile=volatile[np.maximum(exit_bar - 1, 0)],
        width=width,
    )


def _ticks(price: Float64Array1D, tick: float, toward: np.ufunc) -> Float64Array1D:
    """The first tick at or beyond a price; one that is a tick but for rounding is that tick."""
    steps = price / tick
    nearest = np.round(steps)
    return tick * np.where(np.abs(steps - nearest) < 1e-6, nearest, toward(steps))


def _kinds(outcome: Int8Array1D, favourable: int, why: np.ndarray) -> Int8Array1D:
    """Places in `EXITS` for one side."""
    at_barrier = np.where(outcome == favourable, TARGET, STOP)
    return np.where(outcome == NEUTRAL, why, at_barrier).astype(np.int8)


def _why_stretches_end(bars: pd.DataFrame, over_night: bool) -> Int64Array1D:
    """Of each bar, as if it were the last one of its stretch, why there is no further one."""
    session = bars["session"].to_numpy()
    name = pd.factorize(bars["contract"])[0]
    why = np.full(len(bars), END)
    next_session = session[1:] != session[:-1]
    why[:-1] = np.select(
        [name[1:] != name[:-1], next_session & (not over_night)], [ROLL, SESSION], default=HOLE
    )
    return why
