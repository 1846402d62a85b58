"""Small random markets for tests: bars with their raw rows, as the tables of the package."""

import numpy as np
import pandas as pd

from mlfactory.bars import make_bars
from mlfactory.calendar import sessions
from mlfactory.contracts import Contract, Slippage
from mlfactory.times import from_nanoseconds, nanoseconds

MINUTE = pd.Timedelta("1min")


def contract(**terms):
    """A contract with a quarter tick and no costs, unless the terms say otherwise."""
    given = {
        "symbol": "TEST",
        "tick_size": 0.25,
        "multiplier": 5.0,
        "currency": "USD",
        "calendar": "24/7",
        "commission_per_contract": 0.0,
        "slippage_ticks": Slippage(0.0, 0.0),
    }
    return Contract(**{**given, **terms})


def bars_of(raw, *, per_bar=5, session=None, segment=None):
    """Bars and raw bars out of (open, high, low, close) raw rows, ``per_bar`` at a time."""
    raw = np.asarray(raw, dtype=float)
    bar = np.arange(len(raw)) // per_bar
    n = int(bar[-1]) + 1
    times = pd.date_range("2024-01-02", periods=len(raw), freq=MINUTE, tz="UTC").as_unit("ns")
    raw_bars = pd.DataFrame(raw, columns=["open", "high", "low", "close"])
    raw_bars.insert(0, "datetime", times)
    raw_bars["volume"] = 1.0
    raw_bars["bar"] = bar.astype(np.int32)
    grouped = raw_bars.groupby("bar")
    session = np.zeros(n, dtype=np.int32) if session is None else np.asarray(session, np.int32)
    segment = np.zeros(n, dtype=np.int32) if segment is None else np.asarray(segment, np.int32)
    bars = pd.DataFrame(
        {
            "datetime": grouped["datetime"].first(),
            "open": grouped["open"].first(),
            "high": grouped["high"].max(),
            "low": grouped["low"].min(),
            "close": grouped["close"].last(),
            "volume": grouped["volume"].sum(),
            "n_raw": grouped.size().astype("int32"),
            "session": session,
            "session_open": pd.Timestamp("2024-01-02", tz="UTC").as_unit("ns"),
            "session_close": pd.Timestamp("2024-02-02", tz="UTC").as_unit("ns"),
            "segment": segment,
            "contract": pd.Series([None] * n, dtype="str"),
        }
    ).reset_index(drop=True)
    return bars, raw_bars


def random_raw(n, seed, *, tick=0.25, jump=0.02):
    """A random walk of n raw rows on ticks, with gaps; (n, 4) open, high, low, close."""
    generator = np.random.default_rng(seed)
    steps = generator.integers(-3, 4, size=(n, 4)).astype(float)
    gap = generator.random(n) < jump
    path = 400 + np.cumsum(steps.sum(axis=1) + gap * generator.integers(-25, 26, n))
    opening = path - steps.sum(axis=1)
    inside = opening[:, None] + np.cumsum(steps, axis=1)
    everything = np.column_stack([opening, inside])
    rows = np.column_stack([opening, everything.max(axis=1), everything.min(axis=1), inside[:, -1]])
    return rows * tick


def over_a_clock_change(flat):
    """Bars and raw bars of the hour before a weekend in winter time and the first one after it.

    The clock changes in between; all rows are ``flat`` but for a jump to 104 in minute 70.
    """
    days = [pd.Timestamp(day, tz="UTC") for day in ("2024-03-07", "2024-03-13")]
    schedule = sessions("CME_Equity", *days)
    hours = [pd.Timestamp(t, tz="UTC") for t in ("2024-03-08 21:00", "2024-03-10 22:00")]
    before, after = (pd.date_range(hour, periods=60, freq="1min") for hour in hours)
    raw = pd.DataFrame({"datetime": pd.Series(before.append(after)).dt.as_unit("ns")})
    raw[["open", "high", "low", "close"]] = flat
    raw.loc[70, ["high", "close"]] = 104.0
    raw["volume"] = 1.0
    raw["contract"] = pd.Series([None] * len(raw), dtype="str")
    number = schedule.locate(nanoseconds(raw["datetime"]))
    raw["session"] = schedule.date[number]
    raw["session_open"] = from_nanoseconds(schedule.open_ns[number])
    raw["session_close"] = from_nanoseconds(schedule.close_ns[number])
    five = pd.Timedelta("5min")
    bars, raw_bars, _ = make_bars(
        raw, schedule, raw_interval=MINUTE, bar_interval=five, max_gap=pd.Timedelta("60min")
    )
    return bars, raw_bars
