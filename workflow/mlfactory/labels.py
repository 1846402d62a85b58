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
    Int8Array1D,
    Int32Array1D,
    Int64Array1D,
)
from mlfactory.barriers import barrier_width, restarts
from mlfactory.contracts import Contract
from mlfactory.events import EVERY_BAR, is_event
from mlfactory.quality import LONG, NEUTRAL, SHORT, path_quality
from mlfactory.sessions import session_opens
from mlfactory.times import MISSING, from_nanoseconds, nanoseconds

AMBIGUOUS = 3
UNKNOWN = -1
ROUND_THE_CLOCK = pd.Timedelta(hours=20)

STRIDE = 6
"""Bars that are passed over at once while none of them meets a barrier."""


def trades_around_the_clock(bars: pd.DataFrame) -> bool:
    """Whether the scheduled sessions are long enough for a position to be held over their end."""
    opens = session_opens(bars["session"].to_numpy())
    close, opening = (bars[f"session_{end}"].iloc[opens] for end in ("close", "open"))
    return bool(np.median(nanoseconds(close) - nanoseconds(opening)) >= ROUND_THE_CLOCK.value)


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
