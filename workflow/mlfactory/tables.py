"""Reading, writing and checking tables; the only place that knows parquet. Writes are atomic."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mlfactory import schemas
from mlfactory.files import atomic, set_aside
from mlfactory.files import read_json as read_json
from mlfactory.schemas import TIME, Schema
from mlfactory.times import nanoseconds

_SUM_TOLERANCE = 1e-5


def check(frame: pd.DataFrame, schema: Schema, where: str) -> None:
    """Refuse a table that breaks its contract.

    Raises
    ------
    ValueError
        Naming the file, the column, the first bad row and the rule.
    """
    if list(frame.columns) != list(schema.columns):
        missing = [c for c in schema.columns if c not in frame.columns]
        extra = [c for c in frame.columns if c not in schema.columns]
        raise ValueError(
            f"{where}: {schema.name} columns differ: missing {missing[:5]}, unexpected {extra[:5]}"
            + ("" if missing or extra else ", order changed")
        )
    for name, column in schema.columns.items():
        _check_column(frame[name], name, column.nullable, column.low, column.high, where)
        if str(frame[name].dtype) != column.dtype:
            raise ValueError(f"{where}: {name} is {frame[name].dtype}, not {column.dtype}")
    if schema.time_key:
        ascending = np.diff(nanoseconds(frame["datetime"])) > 0
        _refuse(~ascending, f"{where}: datetime is not ascending after")
    for lower, upper in schema.ordered:
        bad = frame[lower].to_numpy() > frame[upper].to_numpy()
        _refuse(bad, f"{where}: {lower} is above {upper} in")
    for group in schema.sums_to_one:
        total = frame[list(group)].to_numpy().sum(axis=1)
        _refuse(np.abs(total - 1) > _SUM_TOLERANCE, f"{where}: {group[0]}... do not sum to 1 in")


def _check_column(
    values: pd.Series, name: str, nullable: bool, low: float | None, high: float | None, where: str
) -> None:
    if not nullable:
        _refuse(values.isna().to_numpy(), f"{where}: {name} is missing in")
        if values.dtype.kind == "f":
            _refuse(~np.isfinite(values.to_numpy()), f"{where}: {name} is not finite in")
    if low is not None:
        _refuse((values < low).fillna(False).to_numpy(dtype=bool), f"{where}: {name} < {low} in")
    if high is not None:
        _refuse((values > high).fillna(False).to_numpy(dtype=bool), f"{where}: {name} > {high} in")


def _refuse(bad: np.ndarray, message: str) -> None:
    if bad.any():
        raise ValueError(f"{message} row {int(np.argmax(bad))} and {int(bad.sum()) - 1} more")


def write(frame: pd.DataFrame, path: str | Path, schema: Schema) -> None:
    """Check a table and write it atomically: no dictionary, byte-stream split floats, zstd."""
    check(frame, schema, str(path))
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    floats = [f.name for f in table.schema if pa.types.is_floating(f.type)]
    texts = [f.name for f in table.schema if not pa.types.is_floating(f.type)]
    with atomic(path) as temporary:
        pq.write_table(
            table,
            temporary,
            compression="zstd",
            compression_level=1,
            use_dictionary=texts,
            column_encoding=dict.fromkeys(floats, "BYTE_STREAM_SPLIT"),
            write_statistics=False,
            write_page_checksum=True,
        )


def write_csv(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a table atomically as csv, for people and spreadsheets; nothing reads it again."""
    with atomic(path) as temporary:
        frame.to_csv(temporary, index=False)


def read(path: str | Path, schema: Schema) -> pd.DataFrame:
    """Read a table that ``write`` wrote, and check it again.

    Raises
    ------
    UserError
        When the file cannot be read as parquet, its pages have other checksums than were written,
        or its rows break the schema; it is set aside then.
    """
    with _whole(path):
        _check_counts(pq.read_metadata(path))
        table = pq.read_table(
            path, columns=list(schema.columns), partitioning=None, page_checksum_verification=True
        )
        types = {name: column.dtype for name, column in schema.columns.items()}
        frame = table.to_pandas(types_mapper=_pandas_types(types))
        for name, dtype in types.items():
            if dtype != TIME and str(frame[name].dtype) != dtype:
                frame[name] = frame[name].astype(dtype)
        check(frame, schema, schema.name)
    return frame


def _check_counts(metadata: pq.FileMetaData) -> None:
    """Refuse a file whose numbers of rows contradict each other: rows would be cut in silence."""
    groups = (metadata.row_group(i).num_rows for i in range(metadata.num_row_groups))
    if sum(groups) != metadata.num_rows:
        raise ValueError("its numbers of rows contradict each other")


@contextmanager
def _whole(path: str | Path) -> Iterator[None]:
    """Set a file aside in which something cannot be read, unless it is the system that cannot."""
    try:
        yield
    except (pa.ArrowException, OSError, LookupError, ValueError, TypeError) as error:
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno):
            raise
        raise set_aside(path, error) from error


def _pandas_types(types: dict[str, str]) -> Any:
    nullable = {pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype()}
    return nullable.get if any(t.startswith("Int") for t in types.values()) else None


def column_names(path: str | Path) -> list[str]:
    """The column names of a parquet file, without reading its rows."""
    with _whole(path):
        return list(pq.read_schema(path).names)


def read_all(paths: Sequence[str | Path], schema: Schema) -> list[pd.DataFrame]:
    """Read several tables of one schema."""
    return [read(path, schema) for path in paths]


def read_by(
    keys: Iterable[Any], paths: Sequence[str | Path], schema: Schema
) -> dict[Any, pd.DataFrame]:
    """Read several tables of one schema, by a key of each."""
    return dict(zip(keys, read_all(paths, schema), strict=True))


def read_stack(path: str | Path, models: Sequence[str]) -> pd.DataFrame:
    """Read the stacking dataset of these base models."""
    return read(path, schemas.stacking_dataset(models))


def read_split(path: str | Path, names: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a split with these features, by default with all that it holds."""
    held = [c for c in column_names(path) if c not in schemas.SPLIT_MARKS]
    return read(path, schemas.split(held if names is None else names))


def write_json(content: dict[str, Any], path: str | Path) -> None:
    """Write a mapping atomically as json; numpy's numbers and times allowed, NaN becomes null."""
    with atomic(path) as temporary:
        text = json.dumps(plain(content), indent=2, allow_nan=False)
        temporary.write_text(text + "\n")


def plain(value: Any) -> Any:
    """The same content as json knows it: numpy's numbers and times allowed, NaN becomes None."""
    if isinstance(value, dict):
        return {key: plain(content) for key, content in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, pd.Timestamp | pd.Timedelta):
        return str(value)
    return value
