"""Bars: raw rows joined to the bar interval on the session's grid, in uninterrupted segments."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mlfactory._typing import BoolArray1D, Float64Array1D, Int32Array1D, Int64Array1D
from mlfactory.calendar import Sessions, sessions
from mlfactory.cleaning import clean
from mlfactory.contracts import Contract
from mlfactory.errors import UserError
from mlfactory.ingest import read_raw
from mlfactory.timestamps import in_minutes

_OHLCV = ["open", "high", "low", "close", "volume"]


def bars_from_raw(
    path: Path,
    *,
    symbol: str,
    contract: Contract,
    raw: Mapping[str, Any],
    bars: Mapping[str, Any],
    cleaning: Mapping[str, Any],
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Read a raw file, clean it and join its rows to bars.

    Parameters
    ----------
    raw
        The config's block of the symbol: ``interval`` (null or absent: what the file's name says,
        ``_5m``), ``timezone``, ``stamps``.
    bars
        The config's block: ``interval``, ``max_gap``.
    cleaning
        The config's block.

    Returns
    -------
    bars, raw_bars
        As ``make_bars`` gives them.
    account
        What was found and done. Every raw row is counted once under ``rows``:
        ``read = sum(removed) + kept``.

    Raises
    ------
    UserError
        Whatever reading, cleaning and joining refuse.
    """
    rows, found, raw_interval = read_rows(path, symbol=symbol, raw=raw)
    frame, raw_bars, counts = bars_from_rows(
        rows,
        found,
        contract=contract,
        raw_interval=raw_interval,
        bars=bars,
        cleaning=cleaning,
        where=Path(path).name,
    )
    about = {"file": Path(path).name, "symbol": symbol, "calendar": contract.calendar}
    return frame, raw_bars, about | counts


def read_rows(
    path: Path, *, symbol: str, raw: Mapping[str, Any]
) -> tuple[pd.DataFrame, dict[str, Any], pd.Timedelta]:
    """The raw rows of a file, what reading found (see ``ingest.read_raw``), and a row's length."""
    path = Path(path)
    interval = _interval(raw.get("interval") or _interval_of_name(path), f"raw.{symbol}.interval")
    rows, found = read_raw(
        path,
        interval=interval,
        timezone=raw.get("timezone"),
        stamps=raw.get("stamps", "open"),
        symbol=symbol,
    )
    return rows, found, interval


def bars_from_rows(
    rows: pd.DataFrame,
    found: Mapping[str, Any],
    *,
    contract: Contract,
    raw_interval: pd.Timedelta,
    bars: Mapping[str, Any],
    cleaning: Mapping[str, Any],
    where: str,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Clean raw rows and join them to bars.

    Parameters
    ----------
    rows, found
        As ``ingest.read_raw`` gives them.
    where
        The file's name, for messages.

    Returns
    -------
    As `bars_from_raw`; the account without the file.
    """
    bar_interval = _interval(bars["interval"], "bars.interval")
    first, last = rows["datetime"].iloc[0], rows["datetime"].iloc[-1]
    schedule = sessions(contract.calendar, first, last, where)
    cleaned, done = clean(
        rows,
        schedule,
        interval=raw_interval,
        contract=contract,
        settings=cleaning,
        found=found["impossible"],
        example=found["example"],
        stamps=found["stamps"],
        where=where,
    )
    frame, raw_bars, joined = make_bars(
        cleaned,
        schedule,
        raw_interval=raw_interval,
        bar_interval=bar_interval,
        max_gap=_interval(bars["max_gap"], "bars.max_gap"),
        file_end=last + raw_interval,
    )
    if frame.empty:
        raise UserError(
            f"{where}: not one whole bar of {bars['interval']} is left after cleaning; get "
            "more rows or lower bars.interval"
        )
    about = {"timezone": schedule.timezone, "times": found["times"], "stamps": found["stamps"]}
    about |= {"raw_interval": in_minutes(raw_interval), "bar_interval": in_minutes(bar_interval)}
    return frame, raw_bars, about | account(frame, raw_bars, found, done, joined)


def make_bars(
    rows: pd.DataFrame,
    schedule: Sessions,
    *,
    raw_interval: pd.Timedelta,
    bar_interval: pd.Timedelta,
    max_gap: pd.Timedelta,
    file_end: pd.Timestamp | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    """Join cleaned rows to bars that are anchored at the session's open.

    A bar ends at ``min(open + interval, session close)`` and is there only when a row of it traded:
    one whose volume is 0 in every row is left out. So is a last bar that the file does not reach
    the end of.

    Parameters
    ----------
    rows
        As ``cleaning.clean`` gives them.
    max_gap
        Market time (closures are free) without a row, above which a new segment starts.
    file_end
        End of the file's last row, before cleaning; by default that of ``rows``.

    Returns
    -------
    bars
        ``datetime`` (bar open), OHLC and volume float64, ``n_raw`` int32, ``session`` int32,
        ``session_open``, ``session_close``, ``segment`` int32 from 0, ``contract`` str or null.
    raw_bars
        The rows of these bars: ``datetime``, OHLCV and ``bar``, the row number in ``bars``.
    counts
        Rows left out: ``roll_mixed``, ``incomplete_last_bar``, ``bar_without_volume``.

    Raises
    ------
    UserError
        When the bar interval is no multiple of the raw interval.
    """
    if bar_interval < raw_interval or bar_interval % raw_interval != pd.Timedelta(0):
        raise UserError(
            f"bars.interval={in_minutes(bar_interval)} is no multiple of the raw interval "
            f"{in_minutes(raw_interval)}; choose a multiple"
        )
    open_ns = _ns(rows, "session_open")
    bar_open = (
        open_ns + (_ns(rows, "datetime") - open_ns) // bar_interval.value * bar_interval.value
    )
    bar_end = np.minimum(bar_open + bar_interval.value, _ns(rows, "session_close"))
    end_ns = file_end.value if file_end else int(_ns(rows, "datetime")[-1]) + raw_interval.value
    whole = bar_end <= end_ns
    codes = _contract_codes(rows)
    mixed = whole & (codes != codes[_last_of_group(bar_open)])
    kept_volume = np.where(mixed, 0.0, rows["volume"].to_numpy())
    untraded = whole & ~mixed & (_sum_of_group(bar_open, kept_volume) == 0)
    keep = whole & ~mixed & ~untraded
    counts = {
        "roll_mixed": int(mixed.sum()),
        "incomplete_last_bar": int((~whole).sum()),
        "bar_without_volume": int(untraded.sum()),
    }
    if not keep.all():
        rows, bar_open, codes = rows[keep], bar_open[keep], codes[keep]
    if rows.empty:
        return _joined(rows, bar_open, np.zeros(0, dtype=bool)), _raw_bars(rows, bar_open), counts
    breaks = _breaks(_ns(rows, "datetime"), codes, schedule, raw_interval.value, max_gap.value)
    return _joined(rows, bar_open, breaks), _raw_bars(rows, bar_open), counts


def account(
    bars: pd.DataFrame,
    raw_bars: pd.DataFrame,
    found: Mapping[str, Any],
    done: Mapping[str, Any],
    joined: Mapping[str, int],
) -> dict[str, Any]:
    """What reading, cleaning and joining found and did, by kind; raw rows add up."""
    removed = {
        "duplicates": found["duplicates"],
        **done["impossible"],
        **{
            kind: done[kind]
            for kind in (
                *("outside_calendar", "off_grid", "vendor_filled"),
                *("thin_lead", "outliers_dropped"),
            )
        },
        **joined,
    }
    kept = len(raw_bars)
    if found["read"] != sum(removed.values()) + kept:
        raise AssertionError(f"{found['read']} rows read, {removed} removed, {kept} kept")
    kinds = ("outliers", "off_tick", "fractional_volume", "zero_volume_moving")
    noted = {kind: done[kind] for kind in kinds}
    contract = bars["contract"].fillna("").to_numpy()
    return {
        "rows": {
            "read": found["read"],
            "removed": removed,
            "kept": kept,
            "noted": {"out_of_order": found["out_of_order"], **noted},
        },
        "bars": len(bars),
        "sessions": int(bars["session"].nunique()),
        "empty_sessions": done["empty_sessions"],
        "largest_hole": done["largest_hole"],
        "first_bar": str(bars["datetime"].iloc[0]),
        "last_bar": str(bars["datetime"].iloc[-1]),
        "traded_share": round(done["traded_share"], 6),
        "segments": int(bars["segment"].iloc[-1]) + 1,
        "rolls": int((contract[1:] != contract[:-1]).sum()),
    }


def _joined(rows: pd.DataFrame, bar_open: Int64Array1D, breaks: BoolArray1D) -> pd.DataFrame:
    first = np.flatnonzero(np.diff(bar_open, prepend=-1))
    last = np.append(first[1:], len(rows)) - 1 if len(first) else first
    o, h, low, c, volume = (rows[name].to_numpy() for name in _OHLCV)
    return pd.DataFrame(
        {
            "datetime": pd.DatetimeIndex(bar_open[first].view("datetime64[ns]"), tz="UTC"),
            "open": o[first],
            "high": np.maximum.reduceat(h, first) if len(first) else h,
            "low": np.minimum.reduceat(low, first) if len(first) else low,
            "close": c[last],
            "volume": np.add.reduceat(volume, first) if len(first) else volume,
            "n_raw": (last - first + 1).astype(np.int32),
            **{
                name: rows[name].array[first]
                for name in ("session", "session_open", "session_close")
            },
            "segment": _segments(breaks, last),
            "contract": rows["contract"].array[first],
        }
    )


def _raw_bars(rows: pd.DataFrame, bar_open: Int64Array1D) -> pd.DataFrame:
    raw_bars = rows[["datetime", *_OHLCV]].reset_index(drop=True)
    opens = np.diff(bar_open, prepend=bar_open[:1]) != 0
    raw_bars["bar"] = np.cumsum(opens, dtype=np.int32)
    return raw_bars


def _breaks(
    ns: Int64Array1D, codes: Int64Array1D, schedule: Sessions, raw_ns: int, max_gap_ns: int
) -> BoolArray1D:
    """Rows before which an unscheduled hole is too long, or the contract another one."""
    hole = schedule.open_time_ns(ns[1:]) - schedule.open_time_ns(ns[:-1] + raw_ns)
    return np.append(False, (hole > max_gap_ns) | (np.diff(codes) != 0))


def _segments(breaks: BoolArray1D, last: Int64Array1D) -> Int32Array1D:
    """Segment of each bar.

    # ASSUME a bar with a break inside starts the new segment: its close is already of the new one.
    """
    until_end = np.cumsum(breaks)[last]
    return np.cumsum(np.diff(until_end, prepend=until_end[:1]) != 0).astype(np.int32)


def _contract_codes(rows: pd.DataFrame) -> Int64Array1D:
    if rows["contract"].isna().all():
        return np.zeros(len(rows), dtype=np.int64)
    return pd.factorize(rows["contract"])[0].astype(np.int64)


def _last_of_group(bar_open: Int64Array1D) -> Int64Array1D:
    """Row number of the last row of each row's bar.

    # ASSUME a bar in which the contract changes is of the new contract: rows of the old are left.
    """
    last = np.flatnonzero(np.diff(bar_open, append=-1))
    return last[np.searchsorted(last, np.arange(len(bar_open)))]


def _sum_of_group(bar_open: Int64Array1D, values: Float64Array1D) -> Float64Array1D:
    """Sum of the values of each row's bar, at every row of it."""
    first = np.flatnonzero(np.diff(bar_open, prepend=-1))
    if not len(first):
        return values
    return np.repeat(np.add.reduceat(values, first), np.diff(first, append=len(values)))


def _interval(text: str, key: str) -> pd.Timedelta:
    try:
        interval = pd.Timedelta(text).as_unit("ns")
    except ValueError:
        raise UserError(f"{key}={text!r} is no length of time; write it like 5min") from None
    if interval < pd.Timedelta(seconds=1):
        raise UserError(f"{key}={text!r} is shorter than a second; write it like 5min")
    return interval


def _interval_of_name(path: Path) -> str:
    minutes = re.search(r"_(\d+)m$", path.stem)
    return f"{minutes[1]}min" if minutes else "1min"


def _ns(rows: pd.DataFrame, column: str) -> Int64Array1D:
    return rows[column].to_numpy("datetime64[ns]").view(np.int64)
