"""Triple-barrier labels on the raw path.

Entry is the close of bar t. The path is what comes strictly after: the raw rows of the next
``max_bars`` bars. Whichever barrier the path meets first decides; the raw rows say which.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mlfactory._numba import njit
from mlfactory._typing import (
    BoolArray1D,
    Float64Array1D,
    Int32Array1D,
    Int64Array1D,
)
from mlfactory.barriers import barrier_width, restarts
from mlfactory.contracts import Contract
from mlfactory.events import EVERY_BAR, is_event
from mlfactory.paths import AMBIGUOUS, scan, strides
from mlfactory.quality import SHORT, path_quality
from mlfactory.sessions import session_opens
from mlfactory.times import MISSING, from_nanoseconds, nanoseconds

ROUND_THE_CLOCK = pd.Timedelta(hours=20)


def trades_around_the_clock(bars: pd.DataFrame) -> bool:
    """Whether the scheduled sessions are long enough for a position to be held over their end."""
    opens = session_opens(bars["session"].to_numpy())
    close, opening = (nanoseconds(bars[f"session_{end}"])[opens] for end in ("close", "open"))
    return bool(np.median(close - opening) >= ROUND_THE_CLOCK.value)


@njit(cache=True)
def window_ends(segment: Int32Array1D, session: Int32Array1D, cross_sessions: bool) -> Int64Array1D:
    """For each bar the last bar of its stretch: its segment, or its session within the segment.

    Returns
    -------
    (n,) int64 bar numbers. A label whose window reaches beyond is not known.
    """
    n = len(segment)
    last = np.empty(n, dtype=np.int64)
    for t in range(n - 1, -1, -1):
        ends = t == n - 1 or segment[t + 1] != segment[t]
        if not ends and not cross_sessions:
            ends = session[t + 1] != session[t]
        last[t] = t if ends else last[t + 1]
    return last


def in_session(
    bars: pd.DataFrame, max_bars: int, bar_interval: pd.Timedelta, cross_sessions: bool | None
) -> BoolArray1D:
    """Whether a label of each bar would end within its session, by the calendar alone.

    Parameters
    ----------
    bars
        Table of schema BARS.
    max_bars
        Bars after which a label ends.
    bar_interval
        Nominal length of a bar.
    cross_sessions
        As in `label_bars`; where labels go on over night every bar is in session.

    Returns
    -------
    (n,) bool. Unlike whether there is a label, it is known when the bar ends.
    """
    if trades_around_the_clock(bars) if cross_sessions is None else cross_sessions:
        return np.ones(len(bars), dtype=bool)
    ends = bars["datetime"] + bar_interval * max_bars
    return (ends < bars["session_close"]).to_numpy()


@njit(cache=True)
def average_uniqueness(held: Int32Array1D) -> Float64Array1D:
    """Mean over a label's bars of 1 / the number of labels under way at that bar.

    Parameters
    ----------
    held
        (n,) bars that each label lasts: label t is under way in bars t+1 .. t+held[t]; 0 for
        bars without a path. Every path counts, whatever became of it, so that the value of a
        label depends on nothing after its end.

    Returns
    -------
    (n,) float64 in (0, 1], NaN where ``held`` is 0. Source: Lopez de Prado, Advances in Financial
    Machine Learning, 2018, section 4.4.
    """
    n = len(held)
    share = np.zeros(n + 2)
    for t in range(n):
        if held[t] > 0:
            share[t + 1] += 1
            share[t + held[t] + 1] -= 1
    concurrency = 0.0
    for t in range(n):
        concurrency += share[t]
        share[t] = 1.0 / concurrency if concurrency > 0 else 0.0
    uniqueness = share[:n]  # label t reads the shares after t only, so its own place is free
    for t in range(n):
        total = 0.0
        for bar in range(t + 1, t + held[t] + 1):
            total += share[bar]
        uniqueness[t] = min(total / held[t], 1.0) if held[t] > 0 else np.nan
    return uniqueness


def label_bars(
    bars: pd.DataFrame,
    raw_bars: pd.DataFrame,
    *,
    horizon: int,
    contract: Contract,
    raw_interval: pd.Timedelta,
    k_up: float,
    k_down: float,
    max_bars: int,
    atr_period: int,
    atr_floor_ticks: float,
    cross_sessions: bool | None,
    events: Mapping[str, Any] = EVERY_BAR,
) -> pd.DataFrame:
    """Label every bar that is an event: 0 short, 1 neutral, 2 long, or unknown.

    Parameters
    ----------
    bars, raw_bars
        Tables of schemas BARS and RAW_BARS: the bars, and the raw rows they were made of.
    horizon
        In bars, for the quality of a path.
    contract
        For the tick size and the round-trip cost.
    raw_interval
        Length of a raw row; ``t1`` is the end of the row that decided.
    k_up, k_down
        Barrier distances in ATRs.
    max_bars
        The vertical barrier, in bars after t.
    atr_period, atr_floor_ticks
        Wilder's period, and the least ATR in ticks.
    cross_sessions
        Whether a path may continue into the next session of its segment; None: where sessions
        last `ROUND_THE_CLOCK` or longer.
    events
        The config's ``labels.events``: which bars are events, by default all.

    Returns
    -------
    One row a bar, schema LABELS. ``label`` is missing where there is no event, where the path is
    ambiguous, where the window of ``max_bars`` leaves the segment (or session), before the first
    ATR, and where the nearer barrier does not clear the round-trip cost (``tradable`` is false).
    ``ret``, ``mae`` and ``mfe`` are fractions of the entry price, seen from the label's side (long
    for neutral), up to the exit; the row that decides counts in full on the adverse side.
    ``quality`` is `path_quality`, missing where the path is ambiguous or not known.
    ``uniqueness`` is among events, missing where there is none.
    """
    close, high, low = (bars[name].to_numpy() for name in ("close", "high", "low"))
    width = barrier_width(bars, atr_period=atr_period, floor=atr_floor_ticks * contract.tick_size)
    if cross_sessions is None:
        cross_sessions = trades_around_the_clock(bars)
    segment, session = bars["segment"].to_numpy(), bars["session"].to_numpy()
    last = window_ends(segment, session, cross_sessions)
    event = is_event(close, width, restarts(session, segment), **events)
    raw_bar = raw_bars["bar"].to_numpy()
    first_raw = np.searchsorted(raw_bar, np.arange(len(bars) + 1))
    paths = scan(
        close,
        high,
        low,
        width,
        last,
        first_raw,
        raw_bars["open"].to_numpy(),
        raw_bars["high"].to_numpy(),
        raw_bars["low"].to_numpy(),
        *strides(high, low),
        k_up,
        k_down,
        max_bars,
    )
    raw_close = raw_bars["close"].to_numpy()
    quality = path_quality(close, width, first_raw, raw_close, *paths, k_up, k_down, horizon)
    outcome, held = paths[0], paths[-1]
    whole = np.arange(len(bars)) + max_bars <= last
    nearer = min(k_up, k_down) * width
    tradable = nearer > contract.round_trip_cost(close)
    return _table(
        bars["datetime"],
        nanoseconds(raw_bars["datetime"]) + raw_interval.value,
        close,
        paths,
        average_uniqueness(np.where(event, held, 0).astype(np.int32)),
        quality,
        whole & (outcome >= 0),
        tradable,
        event,
    )


def _table(
    datetime: pd.Series,
    raw_end_ns: Int64Array1D,
    close: Float64Array1D,
    paths: tuple,
    uniqueness: Float64Array1D,
    quality: Float64Array1D,
    known: BoolArray1D,
    tradable: BoolArray1D,
    event: BoolArray1D,
) -> pd.DataFrame:
    outcome, decided, exit_price, highest, lowest, held = paths
    side = np.where(outcome == SHORT, -1.0, 1.0)
    up = highest / close - 1
    down = 1 - lowest / close
    t1 = from_nanoseconds(np.where(known, raw_end_ns[decided], MISSING))
    labelled = known & (outcome != AMBIGUOUS) & tradable & event

    def where_known(values: np.ndarray) -> np.ndarray:
        return np.where(known, values, np.nan)

    return pd.DataFrame(
        {
            "datetime": datetime,
            "label": pd.Series(outcome).astype("Int8").where(labelled),
            "t1": t1,
            "ret": where_known(side * (exit_price / close - 1)),
            "mae": where_known(np.where(side < 0, up, down)),
            "mfe": where_known(np.where(side < 0, down, up)),
            "bars_held": pd.Series(held).astype("Int32").where(known),
            "ambiguous": known & (outcome == AMBIGUOUS),
            "tradable": tradable,
            "event": event,
            "uniqueness": where_known(uniqueness),
            "quality": where_known(quality),
        }
    )
