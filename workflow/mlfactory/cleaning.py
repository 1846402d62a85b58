"""Causal cleaning of raw rows: no decision about a row looks at a later one.

What the whole file is asked (shares above a limit, the meaning of its stamps) can only refuse it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mlfactory._typing import BoolArray1D, Int64Array1D
from mlfactory.calendar import Sessions
from mlfactory.contracts import Contract
from mlfactory.errors import UserError
from mlfactory.ingest import PRICES
from mlfactory.outliers import outliers

_OFF_TICK = 1e-4  # of a tick; float64 prices of exchanges are far closer
_MANY, _FEW = 0.5, 0.1
_STAMP_SESSIONS = 5
_CONSTANT_ROWS = 100
_MINUTE = pd.Timedelta("1min")


def clean(
    raw: pd.DataFrame,
    sessions: Sessions,
    *,
    interval: pd.Timedelta,
    contract: Contract,
    settings: Mapping[str, Any],
    found: Mapping[str, int] | None = None,
    example: str = "",
    stamps: str = "open",
    where: str = "raw rows",
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Remove what cannot be, is outside the calendar, did not trade or is a thin beginning.

    Parameters
    ----------
    raw
        As ``ingest.read_raw`` gives it.
    interval
        Length of a row.
    settings
        The config's ``cleaning`` block.
    found, example
        Impossible rows by kind that reading has removed, which count towards the share; the first
        one in words.
    stamps
        What the file's times were declared to mark, ``open`` or ``close``; here they mark the open.
    where
        The file's name, for messages.

    Returns
    -------
    frame
        The rows kept, with ``session`` (int32, days since 1970), ``session_open``,
        ``session_close`` (UTC) and ``outlier`` (bool).
    account
        Rows removed, by kind; rows counted only; sessions and traded share.

    Raises
    ------
    UserError
        When a share is above its limit, stamps contradict the calendar, or too little traded.
    """
    account: dict[str, Any] = {}
    rows, account["impossible"] = _possible(raw, found or {}, example, settings, where)
    _check_stamps(rows, sessions, interval, f"raw.{contract.symbol}", stamps, where)
    rows, number = _scheduled(rows, sessions, interval, contract, settings, where, account)
    scheduled = _scheduled_rows(sessions, interval)
    seen = _present(number, len(sessions))
    vendor_filled = ((rows["volume"] == 0) & (rows["high"] == rows["low"])).to_numpy()
    rows, number = rows[~vendor_filled], number[~vendor_filled]
    account["vendor_filled"] = int(vendor_filled.sum())
    traded, calendar = number[(rows["volume"] > 0).to_numpy()], contract.calendar
    start = _first_kept_session(traded, scheduled, settings["min_traded_share"], calendar, where)
    lead = int(np.searchsorted(number, start))
    rows, number, seen = rows.iloc[lead:], number[lead:], seen[seen >= start]
    account["thin_lead"] = lead
    traded = traded[traded >= start]
    share = _traded_share(traded, seen, scheduled, settings["min_traded_share"], calendar, where)
    account |= {
        "traded_share": share,
        "largest_hole": _largest_hole(rows, number, settings["max_hole_sessions"], where),
        "empty_sessions": int(number[-1] - number[0] + 1 - len(np.unique(number))),
    }
    _check_constant(rows, where)
    account["off_tick"] = int(_off_tick(rows, contract.tick_size).sum())
    fractional = (rows["volume"] % 1 != 0) & (not contract.fractional_volume)
    account["fractional_volume"] = int(fractional.sum())
    account["zero_volume_moving"] = int((rows["volume"] == 0).sum())
    outlier = outliers(
        rows,
        number,
        tick_size=contract.tick_size,
        window=settings["outlier_window"],
        mads=settings["outlier_mads"],
    )
    account["outliers"] = int(outlier.sum())
    frame = _with_sessions(rows, number, sessions, outlier)
    drop = settings["outliers"] == "drop"
    account["outliers_dropped"] = int(outlier.sum()) if drop else 0
    return frame[~outlier].reset_index(drop=True) if drop else frame, account


def _possible(
    raw: pd.DataFrame,
    found: Mapping[str, int],
    example: str,
    settings: Mapping[str, Any],
    where: str,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Rows that can be; the others counted under the first kind that fits."""
    o, h, low, c, volume = (raw[name].to_numpy() for name in (*PRICES, "volume"))
    kinds = {
        "not_finite": ~np.logical_and.reduce([np.isfinite(x) for x in (o, h, low, c, volume)]),
        "price_not_positive": np.minimum(np.minimum(o, h), np.minimum(low, c)) <= 0,
        "volume_negative": volume < 0,
        "high_below_low": h < low,
        "open_or_close_outside": (np.maximum(o, c) > h) | (np.minimum(o, c) < low),
    }
    bad = np.zeros(len(raw), dtype=bool)
    counts = dict(found)
    for kind, fits in kinds.items():
        counts[kind] = int((fits & ~bad).sum())
        bad |= fits
    total = len(raw) + sum(found.values())
    share, limit = sum(counts.values()) / total, settings["max_impossible_share"]
    if share > limit or bad.all():
        by_kind = ", ".join(f"{kind} {count}" for kind, count in counts.items() if count)
        raise UserError(
            f"{where}: {share:.2%} of the rows are impossible ({by_kind}), above the limit "
            f"{limit:.2%}; first: {_row_in_words(raw, bad) if bad.any() else example}; mend the "
            "file or raise cleaning.max_impossible_share"
        )
    return raw[~bad] if bad.any() else raw, counts


def _row_in_words(raw: pd.DataFrame, bad: BoolArray1D) -> str:
    i = int(np.argmax(bad))
    row = raw.iloc[i]
    values = " ".join(f"{name} {row[name]:g}" for name in (*PRICES, "volume"))
    return f"row {raw.index[i] + 1} ({row['datetime']}) {values}"


def _check_stamps(
    rows: pd.DataFrame,
    sessions: Sessions,
    interval: pd.Timedelta,
    key: str,
    stamps: str,
    where: str,
) -> None:
    """Refuse times that fit both ends of the sessions only when they are moved by one row."""
    ns, row = _ns(rows), interval.value
    if not len(ns) or (sessions.open_ns[1:] == sessions.close_ns[:-1]).any():
        return  # sessions that follow on each other have no ends to see
    number = sessions.locate(ns)
    used = _present(number[number >= 0], len(sessions))
    if len(used) < _STAMP_SESSIONS:
        return
    opened, closed = sessions.open_ns[used], sessions.close_ns[used]
    at_open, at_close = _share_among(opened, ns), _share_among(closed, ns)
    before_open, at_last = _share_among(opened - row, ns), _share_among(closed - row, ns)
    late = _share_among(opened + row, ns) > _MANY and at_close > _MANY and at_open < _FEW
    early = before_open > _MANY and _share_among(closed - 2 * row, ns) > _MANY and at_last < _FEW
    begins_early = before_open > _MANY and _share_among(opened - 2 * row, ns) < _FEW
    if stamps == "open" and late:
        shown, mend = f"{at_close:.0%} of the sessions have a row at their close", "close"
    elif stamps == "close" and (early or begins_early):
        shown, mend = f"{before_open:.0%} of the sessions have a row before their open", "open"
    elif early or late:
        raise UserError(
            f"{where}: with {key}.stamps={stamps} the rows lie one {interval / _MINUTE:g}min row "
            f"too {'early' if early else 'late'} in most sessions; check {key}.timezone and the "
            "contract's calendar"
        )
    else:
        return
    raise UserError(
        f"{where}: {shown} and few one at the other end: the times mark the rows' {mend}; set "
        f"raw: {{{key.removeprefix('raw.')}: {{stamps: {mend}}}}}"
    )


def _present(number: Int64Array1D, n_sessions: int) -> Int64Array1D:
    """The session numbers that occur, ascending."""
    return np.flatnonzero(np.bincount(number, minlength=n_sessions))


def _share_among(times: Int64Array1D, ns: Int64Array1D) -> float:
    """Share of these times that are among the ascending ``ns``."""
    at = np.minimum(np.searchsorted(ns, times), len(ns) - 1)
    return float((ns[at] == times).mean())


def _scheduled(
    rows: pd.DataFrame,
    sessions: Sessions,
    interval: pd.Timedelta,
    contract: Contract,
    settings: Mapping[str, Any],
    where: str,
    account: dict[str, Any],
) -> tuple[pd.DataFrame, Int64Array1D]:
    """Rows inside a session and on its grid of rows, with the session's number."""
    ns = _ns(rows)
    number = sessions.locate(ns)
    outside = number < 0
    share, limit = float(outside.mean()), settings["max_outside_calendar_share"]
    if share > limit:
        i = int(np.argmax(outside))
        first = f"row {rows.index[i] + 1}, {rows['datetime'].iloc[i]}"
        raise UserError(
            f"{where}: {share:.1%} of the rows are outside the sessions of {contract.calendar} "
            f"(first: {first}), above the limit {limit:.1%}; check raw.{contract.symbol}.timezone "
            "and the contract's calendar, or raise cleaning.max_outside_calendar_share"
        )
    off_grid = ~outside & ((ns - sessions.open_ns[number]) % interval.value != 0)
    account["outside_calendar"] = int(outside.sum())
    account["off_grid"] = int(off_grid.sum())
    keep = ~(outside | off_grid)
    return rows[keep], number[keep]


def _scheduled_rows(sessions: Sessions, interval: pd.Timedelta) -> Int64Array1D:
    return -(-(sessions.close_ns - sessions.open_ns) // interval.value)


def _first_kept_session(
    number: Int64Array1D, scheduled: Int64Array1D, limit: float, calendar: str, where: str
) -> int:
    """The session after the first one that traded enough: only a whole session is evidence.

    ``number`` has the session of every row with volume; prices that move without any are no trade.
    """
    share = np.bincount(number, minlength=len(scheduled)) / scheduled
    enough = np.flatnonzero(share >= limit)
    if not len(enough) or not (number > enough[0]).any():
        raise UserError(
            f"{where}: illiquid or too short: volume is above 0 in {len(number)} rows of "
            f"{len(np.unique(number))} sessions, and no session before the last traded in "
            f"{limit:.0%} of its rows by calendar {calendar} (best: {share.max():.1%}): is that "
            "the contract's calendar? Else take a more liquid contract, more sessions or a longer "
            "interval, or lower cleaning.min_traded_share"
        )
    return int(enough[0]) + 1


def _traded_share(
    number: Int64Array1D,
    seen: Int64Array1D,
    scheduled: Int64Array1D,
    limit: float,
    calendar: str,
    where: str,
) -> float:
    """Traded rows over scheduled rows of the sessions that have any row, the last one apart."""
    whole = seen[seen < number[-1]]
    if not len(whole):
        return float(len(number) / scheduled[number[-1]])
    share = float((number < number[-1]).sum() / scheduled[whole].sum())
    if share < limit:
        raise UserError(
            f"{where}: illiquid: {share:.1%} of the rows scheduled by calendar {calendar} traded "
            f"(volume above 0), below the limit {limit:.0%}: is that the contract's calendar? Else "
            "take a more liquid contract or a longer interval, or lower cleaning.min_traded_share"
        )
    return share


def _largest_hole(
    rows: pd.DataFrame, number: Int64Array1D, limit: int, where: str
) -> dict[str, Any]:
    """The longest run of scheduled sessions without a row, and the times on its two sides."""
    missed = np.diff(number) - 1
    i = int(np.argmax(missed)) if len(missed) else 0
    if not len(missed) or missed[i] < 1:
        return {"sessions": 0, "after": None, "before": None}
    after, before = rows["datetime"].iloc[i], rows["datetime"].iloc[i + 1]
    if missed[i] > limit:
        raise UserError(
            f"{where}: no row traded in {missed[i]} sessions between row {rows.index[i] + 1} "
            f"({after}) and row {rows.index[i + 1] + 1} ({before}), above the limit {limit}; get "
            "the missing rows, cut the file at the hole, or raise cleaning.max_hole_sessions"
        )
    return {"sessions": int(missed[i]), "after": str(after), "before": str(before)}


def _check_constant(rows: pd.DataFrame, where: str) -> None:
    if len(rows) >= _CONSTANT_ROWS and rows["high"].max() == rows["low"].min():
        raise UserError(
            f"{where}: open, high, low and close are {rows['high'].iloc[0]:g} in all {len(rows)} "
            "rows; export the file again"
        )


def _off_tick(rows: pd.DataFrame, tick_size: float) -> BoolArray1D:
    off = np.zeros(len(rows), dtype=bool)
    for name in PRICES:
        ticks = rows[name].to_numpy() / tick_size
        off |= np.abs(ticks - np.rint(ticks)) > _OFF_TICK
    return off


def _with_sessions(
    rows: pd.DataFrame, number: Int64Array1D, sessions: Sessions, outlier: BoolArray1D
) -> pd.DataFrame:
    frame = rows.reset_index(drop=True)
    frame["session"] = sessions.date[number]
    for name, ns in (("session_open", sessions.open_ns), ("session_close", sessions.close_ns)):
        frame[name] = pd.DatetimeIndex(ns[number].view("datetime64[ns]"), tz="UTC")
    frame["outlier"] = outlier
    return frame


def _ns(rows: pd.DataFrame) -> Int64Array1D:
    return rows["datetime"].to_numpy("datetime64[ns]").view(np.int64)
