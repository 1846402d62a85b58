"""What a position taken at the end of each bar would fill at: entry, exit, and why it ends.

A signal at the end of bar t fills at the next raw row's opening. From there on the position lives
on the raw rows between the barriers of t's label, which `paths.walked` walks: a target or stop
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
from mlfactory.labels import trades_around_the_clock, window_ends
from mlfactory.paths import END, HOLE, ROLL, SESSION, priced, strides
from mlfactory.regimes import is_volatile


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
        Places in `paths.EXITS`.
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
    of_both = priced(
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
    entry_row, exit_row, exit_bar, entry, exit_long, exit_short, *kinds, exit_volatile = of_both
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
def first_rows(bar: Int32Array1D, n: int) -> Int64Array1D:
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


def _why_stretches_end(bars: pd.DataFrame, over_night: bool) -> Int8Array1D:
    """Of each bar, as if it were the last one of its stretch, why there is no further one."""
    session, segment = bars["session"].to_numpy(), bars["segment"].to_numpy()
    why = np.full(len(bars), HOLE, dtype=np.int8)
    why[-1:] = END
    next_session = session[1:] != session[:-1]
    at = np.flatnonzero(next_session | (segment[1:] != segment[:-1]))
    name = pd.factorize(bars["contract"].array[np.r_[at, at + 1]])[0]
    rolled = name[len(at) :] != name[: len(at)]
    why[at] = np.select([rolled, next_session[at] & (not over_night)], [ROLL, SESSION], HOLE)
    return why
