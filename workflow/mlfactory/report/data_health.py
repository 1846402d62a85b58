"""What the raw file held, what was repaired, and where bars are missing."""

import numpy as np
import pandas as pd

from mlfactory.report._base import (
    Chart,
    Facts,
    Figure,
    Section,
    Table,
    axis,
    layout,
    vertical,
    words,
)
from mlfactory.report.evidence import Evidence
from mlfactory.row_kinds import MEANING, share_in_words
from mlfactory.times import nanoseconds

HOUR = 3_600_000_000_000
"""In ns."""

MAX_COLUMNS = 240
"""Columns of the coverage map; more sessions share one."""

BREAKS = {"roll": "#8B6FD6", "hole": "#D55E00"}
MAX_LINES = 100
"""Segments' beginnings that are drawn, the latest."""

LONGEST = 8
"""Holes that are listed."""


def section(evidence: Evidence) -> Section:
    """Facts, the account of the rows, coverage, price and volume, the longest holes."""
    sessions = session_table(evidence.bars)
    return Section(
        "data",
        "Data health",
        (
            _facts(evidence),
            _rows(evidence),
            _coverage(evidence),
            _market(evidence, sessions),
            _holes(evidence),
        ),
    )


def session_table(bars: pd.DataFrame) -> pd.DataFrame:
    """One row a session: ``date``, ``close`` of its last bar, ``volume``."""
    grouped = bars.groupby("session", sort=True)
    close, volume = grouped["close"].last(), grouped["volume"].sum()
    return pd.DataFrame(
        {
            "date": pd.to_datetime(close.index.to_numpy(), unit="D"),
            "close": close.to_numpy(),
            "volume": volume.to_numpy(),
        }
    )


def _facts(evidence: Evidence) -> Facts:
    account = evidence.account
    missing = int(holes(evidence.bars, evidence.bar_interval)["bars"].sum())
    share = missing / (missing + len(evidence.bars))
    return Facts(
        (
            ("bars", f"{account['bars']:,} of {account['bar_interval']}"),
            ("sessions", f"{account['sessions']:,}, {account['empty_sessions']} without a bar"),
            ("first bar", account["first_bar"][:16]),
            ("last bar", account["last_bar"][:16]),
            ("scheduled bars missing in between", f"{missing:,} ({share:.2%})"),
            ("segments", f"{account['segments']:,}"),
            ("rolls", f"{account['rolls']:,}"),
            ("raw rows traded", f"{account['traded_share']:.1%}"),
        )
    )


def _kinds(evidence: Evidence) -> list[tuple[str, int, str, str]]:
    """(what, rows, colour, meaning) of every kind of row that was found."""
    rows = evidence.account["rows"]
    kinds = [("read", rows["read"], "@soft", ""), ("kept", rows["kept"], "#009E73", "")]
    for what, colour in (("removed", "#D55E00"), ("noted", "#E6A700")):
        kinds += [(f"{what}: {k}", n, colour, MEANING[k]) for k, n in rows[what].items()]
    return [(what.replace("_", " "), n, *rest) for what, n, *rest in kinds if n]


def _rows(evidence: Evidence) -> Chart:
    names, counts, colours, meanings = zip(*_kinds(evidence), strict=True)
    rows = evidence.account["rows"]
    bar = {
        **{"type": "bar", "orientation": "h", "y": names, "x": counts},
        "text": [
            f"{n:,}" if name in ("read", "kept") else f"{n:,} ({share_in_words(n, of)})"
            for name, n in zip(names, counts, strict=True)
            for of in [rows["kept" if name.startswith("noted") else "read"]]
        ],
        "textposition": "auto",
        "marker": {"color": colours},
        "customdata": meanings,
        "hovertemplate": "%{y}: %{x:,} rows<br>%{customdata}<extra></extra>",
    }
    shape = layout(
        xaxis=axis("raw rows, log scale", type="log", range=[0, np.log10(max(counts)) + 0.15]),
        yaxis=axis(autorange="reversed"),
        margin={"l": 10, "r": 14, "t": 6, "b": 44},
    )
    return Chart(
        "What became of the raw rows",
        "Every raw row of the file, by what was found and done; kinds that were not found are left "
        "out, and no bar is ever invented",
        "a removed kind that comes near the kept rows, or any impossible price at all",
        (Figure((bar,), shape, 70 + 32 * len(names)),),
        (("kept", "#009E73"), ("removed", "#D55E00"), ("noted, kept", "#E6A700")),
    )


def coverage(bars: pd.DataFrame, bar_interval: pd.Timedelta) -> tuple[np.ndarray, pd.Series, int]:
    """Share of scheduled bars that are there, by hour of the session and by run of sessions.

    Nothing is scheduled before the file's first bar and after its last.

    Returns
    -------
    (hours, columns) shares, NaN where nothing is scheduled; each column's first date; and the
    sessions in a column.
    """
    sessions, row = np.unique(bars["session"].to_numpy(), return_inverse=True)
    together = int(np.ceil(len(sessions) / MAX_COLUMNS))
    open_ns = nanoseconds(bars["session_open"])
    since_open = nanoseconds(bars["datetime"]) - open_ns
    first = np.flatnonzero(np.diff(row, prepend=-1))
    length = nanoseconds(bars["session_close"])[first] - open_ns[first]
    n_hours = int(np.ceil(length.max() / HOUR))
    found = np.zeros((n_hours, len(sessions)))
    np.add.at(found, (since_open // HOUR, row), 1)
    start, stop = np.zeros_like(length), length
    start[0], stop[-1] = since_open[0], min(stop[-1], since_open[-1] + bar_interval.value)
    begins = np.arange(n_hours)[:, None] * HOUR
    open_for = np.minimum(stop, begins + HOUR) - np.maximum(start, begins)
    scheduled = np.ceil(np.maximum(open_for, 0) / bar_interval.value)
    starts = np.arange(0, len(sessions), together)
    total = np.add.reduceat(scheduled, starts, axis=1)
    share = np.full(total.shape, np.nan)
    np.divide(np.add.reduceat(found, starts, axis=1), total, out=share, where=total > 0)
    return share, pd.Series(pd.to_datetime(sessions[starts], unit="D")), together


def _coverage(evidence: Evidence) -> Chart:
    share, dates, together = coverage(evidence.bars, evidence.bar_interval)
    heat = {
        "type": "heatmap",
        "x": dates.dt.strftime("%Y-%m-%d").tolist(),
        "y": list(range(len(share))),
        "z": [[None if np.isnan(v) else round(100 * v, 1) for v in row] for row in share],
        "zmin": 0,
        "zmax": 100,
        "colorscale": [[0, "@low"], [0.8, "@low"], [1, "@high"]],
        "showscale": False,
        "hovertemplate": "%{x}, hour %{y}: %{z}% of bars<extra></extra>",
    }
    each = "a session" if together == 1 else f"{together} sessions"
    shape = layout(
        xaxis=axis(f"session date, {each} a column", type="date"),
        yaxis=axis("hours since the session's open", autorange="reversed"),
    )
    return Chart(
        "Coverage",
        "Share of the scheduled bars that are there, by session and hour; blank: market closed, or "
        "before the file's first bar or after its last",
        "orange columns (missing days), or orange rows that begin or end at some date (the vendor "
        "or the trading hours changed)",
        (Figure((heat,), shape, 340),),
        (("all bars there", "@high"), ("80% or fewer", "@low")),
    )


def breaks(bars: pd.DataFrame) -> list[tuple[str, str]]:
    """Date and kind, roll or hole, of the sessions in which a segment begins."""
    begins = np.flatnonzero(np.diff(bars["segment"].to_numpy()) != 0) + 1
    contract = bars["contract"].fillna("").to_numpy()
    rolled = contract[begins] != contract[begins - 1]
    dates = pd.to_datetime(bars["session"].to_numpy()[begins], unit="D").strftime("%Y-%m-%d")
    kinds = np.where(rolled, "roll", "hole").tolist()
    return list(dict.fromkeys(zip(dates, kinds, strict=True)))


def _market(evidence: Evidence, sessions: pd.DataFrame) -> Chart:
    starts = np.arange(0, len(sessions), int(np.ceil(len(sessions) / 600)))
    dates = sessions["date"].dt.strftime("%Y-%m-%d").to_numpy()[starts].tolist()
    price = {
        **{
            "type": "scatter",
            "mode": "lines",
            "x": dates,
            "line": {"width": 1.6, "color": "@deep"},
        },
        "y": sessions["close"].to_numpy()[starts].tolist(),
        "hovertemplate": "%{x}: %{y}<extra></extra>",
    }
    volume = {
        **{"type": "bar", "x": dates, "marker": {"color": "@soft", "line": {"width": 0}}},
        "y": np.round(np.add.reduceat(sessions["volume"].to_numpy(), starts), 2).tolist(),
        "hovertemplate": "%{x}: %{y:,}<extra></extra>",
    }
    marks = breaks(evidence.bars)
    lines = [vertical(date, colour=BREAKS[kind]) for date, kind in marks[-MAX_LINES:]]
    unit = words(evidence.contract.currency)
    time, each = axis("session date", type="date"), f"{len(starts):,} points"
    return Chart(
        "Price and volume",
        f"Close of each session and volume traded in it ({each}), with a line where a roll or "
        "an unscheduled hole begins a new segment, which no label crosses",
        "a jump without a roll, a stretch of flat price, or volume that falls to nothing",
        (
            Figure((price,), layout(xaxis=time, yaxis=axis(f"price, {unit}"), shapes=lines), 280),
            Figure((volume,), layout(xaxis=time, yaxis=axis("volume")), 280),
        ),
        tuple(BREAKS.items()) if marks else (),
    )


def holes(bars: pd.DataFrame, bar_interval: pd.Timedelta) -> pd.DataFrame:
    """Stretches of scheduled bars that are missing between two bars of the file.

    Returns
    -------
    ``after`` (the bar before the hole), ``bars`` (missing; sessions without any bar do not count),
    ``new_segment``.
    """
    step, session = bar_interval.value, bars["session"].to_numpy()
    time, opens, closes = (
        nanoseconds(bars[name]) for name in ("datetime", "session_open", "session_close")
    )
    until_close = np.ceil((closes - time)[:-1] / step).astype(np.int64) - 1
    since_open = (time - opens)[1:] // step
    inside = np.diff(time) // step - 1
    missing = np.where(np.diff(session) == 0, inside, until_close + since_open)
    at = np.flatnonzero(missing > 0)
    segment = bars["segment"].to_numpy()
    return pd.DataFrame(
        {
            "after": bars["datetime"].to_numpy()[at],
            "bars": missing[at],
            "new_segment": segment[at + 1] != segment[at],
        }
    )


def _holes(evidence: Evidence) -> Table:
    found = holes(evidence.bars, evidence.bar_interval)
    longest = found.sort_values("bars", ascending=False, kind="stable").head(LONGEST)
    rows = tuple(
        (str(pd.Timestamp(after))[:16], f"{n:,}", "yes" if new else "no")
        for after, n, new in longest.itertuples(index=False)
    )
    note = f"Holes between the first and the last bar: {len(found):,}; the longest are listed."
    return Table(
        "Holes in scheduled time",
        ("after the bar of (UTC)", "bars missing", "new segment"),
        rows,
        note=note if rows else "No scheduled bar is missing between the first and the last.",
    )
