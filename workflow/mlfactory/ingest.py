"""Reading a raw file of bars into one standard frame: names, types, UTC, order, duplicates."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mlfactory._typing import BoolArray1D, Int64Array1D
from mlfactory.errors import UserError
from mlfactory.timestamps import NAT, check_interval, check_range, utc_ns

PRICES = ("open", "high", "low", "close")
_VALUES = (*PRICES, "volume")
_ALIASES = {  # the first one present is taken
    "datetime": (
        *("datetime", "date_time", "timestamp", "ts_event", "time", "date"),
        *("__index_level_0__", "unnamed:_0"),
    ),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c"),
    "volume": ("volume", "vol", "v"),
    "contract": ("contract", "instrument_id", "instrument"),
}

_BYTES = (pa.binary(), pa.large_binary(), pa.binary_view())


def read_raw(
    path: Path, *, interval: pd.Timedelta, timezone: str | None, stamps: str, symbol: str
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read one raw file, parquet or csv, whatever its columns are called.

    Parameters
    ----------
    interval
        Length of a row.
    timezone
        Zone of naive times; times that carry a zone, and epoch numbers, need none.
    stamps
        ``open`` or ``close``: what a row's time marks.
    symbol
        For messages only.

    Returns
    -------
    frame
        ``datetime`` (row open, UTC, ns, ascending, unique), ``open``, ``high``, ``low``,
        ``close``, ``volume`` (float64, as found: not yet cleaned), ``contract`` (str, null when
        the file has none). The index is the row's number in the file, counted from 0.
    account
        What the times were and mark; counts: rows read, out of order, exact duplicates;
        impossible rows by kind (conflicting duplicates: the first in the file is kept; rows
        without a time) and the first of them in words, ``example``.

    Raises
    ------
    UserError
        When the file cannot be used; one line with file, row or column, value and way out.
    """
    columns = _read_columns(Path(path), symbol)
    where = Path(path).name
    if columns["volume"].isna().all():
        raise UserError(
            f"{where}: volume is missing in all {len(columns['volume'])} rows; export the file "
            "with its volume"
        )
    ns, times = utc_ns(columns.pop("datetime"), timezone, where, symbol)
    timeless = ns == NAT
    if stamps == "close":
        ns = np.where(timeless, ns, ns - interval.value)
    check_range(ns, where)
    check_interval(ns[~timeless], interval, where, symbol)
    datetime = pd.DatetimeIndex(ns.view("datetime64[ns]"), tz="UTC")
    values = {name: columns[name] for name in (*_VALUES, "contract")}
    frame = pd.DataFrame({"datetime": datetime, **values}, copy=False)
    out_of_order = int((np.diff(ns[~timeless]) < 0).sum())
    read = {"read": len(frame), "times": times, "stamps": stamps, "out_of_order": out_of_order}
    frame, account = _sorted_unique(frame, ns, timeless)
    return frame, read | account


def _read_columns(path: Path, symbol: str) -> dict[str, Any]:
    """The file's columns under their standard names; prices and volume as float64."""
    if not path.is_file():
        raise UserError(
            f"{path}: no such file; put the bars of {symbol} there (or as .csv, or as "
            f"{symbol}_5m.parquet when they are five minutes long) with columns datetime, open, "
            "high, low, close, volume"
        )
    if path.stat().st_size == 0:
        raise UserError(f"{path.name}: is empty (0 bytes); export it again")
    found = _read_csv(path) if path.suffix == ".csv" else _read_parquet(path)
    if not len(found["datetime"]):
        raise UserError(f"{path.name}: has columns but no rows; export it again")
    for name in _VALUES:
        found[name] = _floats(found[name], name, path.name)
    if "contract" not in found:
        found["contract"] = pd.array([None], dtype="str").take([0] * len(found["datetime"]))
    return found


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Refuse a file that the library cannot read; a damaged one fails it in many ways."""
    try:
        yield
    except MemoryError:  # a table too large for the machine is no damaged one
        raise
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError) as error:
        if isinstance(error, OSError) and error.errno:
            raise UserError(
                f"{path.name}: cannot be read ({error.strerror or error}); see its rights and "
                "its disk"
            ) from error
        raise UserError(
            f"{path.name}: is not a whole parquet file ({error}); export it again"
        ) from error


def _read_parquet(path: Path) -> dict[str, Any]:
    with _whole(path):
        columns = pq.read_schema(path).names
    names = _standard_names(columns, path.name)
    with _whole(path):
        table = pq.read_table(path, columns=list(names.values()), partitioning=None)
        found = {name: table.column(column) for name, column in names.items()}
    for name, column in found.items():
        if pa.types.is_nested(column.type) or column.type in _BYTES:
            raise UserError(
                f"{path.name}: {name} is of type {column.type}, not numbers, times or text; write "
                "it as one of these"
            )
    with _whole(path):
        if "contract" in found:
            found["contract"] = pc.cast(found["contract"], pa.string())
        return {name: column.to_pandas() for name, column in found.items()}


def _read_csv(path: Path) -> dict[str, Any]:
    try:
        names = _standard_names(list(pd.read_csv(path, nrows=0).columns), path.name)
        texts = {names["contract"]: "str"} if "contract" in names else None
        # not only these columns: then the library would cut rows with too many fields in silence
        table = pd.read_csv(path, dtype=texts, low_memory=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, OSError, UnicodeError) as error:
        raise UserError(f"{path.name}: is not csv ({error}); export it again") from error
    if not isinstance(table.index, pd.RangeIndex):
        raise UserError(
            f"{path.name}: row 1 has more fields than the header has columns; mend the header, or "
            "export numbers without thousands separators"
        )
    return {name: table[column] for name, column in names.items()}


def _standard_names(columns: list[str], where: str) -> dict[str, str]:
    """Standard name to the file's column name; the contract may be absent."""
    by_plain = {str(c).strip().lower().replace(" ", "_"): c for c in reversed(columns)}
    names = {}
    for name, aliases in _ALIASES.items():
        present = [alias for alias in aliases if alias in by_plain]
        if present:
            names[name] = by_plain[present[0]]
        elif name != "contract":
            shown = ", ".join(str(c) for c in columns[:12])
            raise UserError(f"{where}: has no column {name} (found: {shown}); rename or add it")
        if columns.count(names.get(name, "")) > 1:
            raise UserError(f"{where}: has more than one column {names[name]}; keep one of them")
        if name == "datetime" and present[:2] == ["time", "date"]:
            raise UserError(f"{where}: has columns date and time; join them into one, datetime")
    return names


def _floats(values: pd.Series, name: str, where: str) -> pd.Series:
    if values.dtype.kind in "iuf":
        return values.astype("float64")
    numbers = pd.to_numeric(values.astype("str"), errors="coerce").astype("float64")
    text = (numbers.isna() & values.notna()).to_numpy()
    if text.any():
        row = int(np.argmax(text))
        raise UserError(
            f"{where}: {name} in row {row + 1} is {values.iloc[row]!r}, not a number "
            f"({int(text.sum())} such rows); mend or remove them"
        )
    return numbers


def _sorted_unique(
    frame: pd.DataFrame, ns: Int64Array1D, timeless: BoolArray1D
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Rows in order of time, one per time, and the account of what was left out."""
    example = f"row {int(np.argmax(timeless)) + 1} has no time" if timeless.any() else ""
    if timeless.any():
        frame, ns = frame[~timeless], ns[~timeless]
    if (np.diff(ns) < 0).any():
        order = np.argsort(ns, kind="stable")
        frame, ns = frame.iloc[order], ns[order]
    again = np.diff(ns, prepend=ns[0] - 1) == 0
    first = np.maximum.accumulate(np.where(again, 0, np.arange(len(ns))))[again]
    one, other = (rows.reset_index(drop=True) for rows in (frame.iloc[first], frame[again]))
    conflicting = ~((one == other) | (one.isna() & other.isna())).all(axis=1).to_numpy()
    if conflicting.any() and not example:
        i = int(np.argmax(conflicting))
        rows = frame.index[first[i]] + 1, frame.index[again][i] + 1
        example = f"rows {rows[0]} and {rows[1]} differ at {one['datetime'].iloc[i]}"
    impossible = {"no_time": int(timeless.sum()), "conflicting": int(conflicting.sum())}
    account = {"duplicates": int((~conflicting).sum()), "impossible": impossible}
    return frame[~again] if again.any() else frame, account | {"example": example}
