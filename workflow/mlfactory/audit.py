"""Properties that a table made from rows in order of time must have: it looks neither ahead nor
at where the file begins, and no bar is invented.

``build`` is any function of such rows that returns a table. Its rows are those of the input, or a
``Clock`` says when each of them is known.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mlfactory._typing import BoolArray1D, Float64Array1D, Int64Array1D
from mlfactory.times import nanoseconds

Build = Callable[[pd.DataFrame], pd.DataFrame]
Noise = Callable[[pd.DataFrame, int, np.random.Generator], pd.DataFrame]
Equal = Callable[[Float64Array1D, Float64Array1D], BoolArray1D]

_PRICES = ["open", "high", "low", "close"]
_DROPPED = 0.1
_TEXT_BITS = 11  # of a text's 64-bit hash are left out, so that a float64 holds the rest


@dataclass(frozen=True)
class Violation:
    """A column that breaks a property, and the first row in which it does.

    ``row`` counts in the input's rows, or in the built table where a clock says when its rows are
    known; ``time`` is the row's ``datetime``, where the table has it.
    """

    column: str
    row: int
    whole: Any
    part: Any
    time: pd.Timestamp | None = None


@dataclass(frozen=True)
class Clock:
    """When each row of a built table is known, where its rows are not those of the input.

    Attributes
    ----------
    known_ns
        The table to (n,) int64 nanoseconds: nothing that happens later may change the row.
    row_ns
        Length of an input row: the last row of a file is known at its time plus this.
    """

    known_ns: Callable[[pd.DataFrame], Int64Array1D]
    row_ns: int


def prefix_violations(
    build: Build,
    rows: pd.DataFrame,
    cuts: Iterable[int],
    clock: Clock | None = None,
    *,
    compared: list[int] | None = None,
) -> list[Violation]:
    """Columns whose rows change when input rows after them are cut off.

    For each cut, ``build(rows[:cut])`` must equal the first ``cut`` rows of ``build(rows)`` (with
    a clock: those known at the end of row ``cut - 1``) to the last bit; two NaN are equal. One
    violation a column, at its first row over all cuts. ``compared`` is given the number of rows
    that each cut compares.
    """
    whole = _built(build, rows, clock)
    found: list[Violation] = []
    for cut in cuts:
        part = _built(build, rows.iloc[:cut].reset_index(drop=True), clock)
        found += _differences(*_known(whole, part, rows, cut, clock), 0, _identical, compared)
    return _first_of_each_column(found)


def garbled(rows: pd.DataFrame, cut: int, generator: np.random.Generator) -> pd.DataFrame:
    """The same times, with wild but possible prices and volumes from row ``cut`` on.

    Rows are shuffled and multiplied by whole numbers, so that they stay on the tick.
    """
    noisy = rows.copy()
    n = len(rows) - cut
    values = rows[[*_PRICES, "volume"]].to_numpy(np.float64)[cut + generator.permutation(n)]
    values[:, :4] *= generator.integers(1, 5, (n, 1))
    values[:, 4] *= generator.integers(1, 50, n)
    for name, column in zip((*_PRICES, "volume"), values.T, strict=True):
        noisy[name] = np.concatenate([rows[name].to_numpy(np.float64)[:cut], column])
    return noisy


def scrambled(rows: pd.DataFrame, cut: int, generator: np.random.Generator) -> pd.DataFrame:
    """As ``garbled``, and a tenth of the rows missing, another contract, other segments."""
    noisy = garbled(rows, cut, generator)
    later = np.arange(len(rows)) >= cut
    if "contract" in noisy:
        noisy["contract"] = noisy["contract"].mask(later, "NOISE")
    if "segment" in noisy:
        breaks = later & (generator.random(len(rows)) < _DROPPED)
        noisy["segment"] = (noisy["segment"] + np.cumsum(breaks)).astype(noisy["segment"].dtype)
    dropped = later & (generator.random(len(rows)) < _DROPPED)
    return noisy[~dropped].reset_index(drop=True)


def future_violations(
    build: Build,
    rows: pd.DataFrame,
    cuts: Iterable[int],
    clock: Clock | None = None,
    *,
    noise: Noise = scrambled,
    seed: int = 0,
    compared: list[int] | None = None,
) -> list[Violation]:
    """Columns whose rows change when the input rows after them are replaced by noise.

    Parameters
    ----------
    cuts
        Rows from which on there is noise.
    clock
        See `prefix_violations`: the rows that are known before the noise begins are compared.
    noise
        ``scrambled``, or ``garbled`` where the times of later rows may be used.
    compared
        See `prefix_violations`.
    """
    whole = _built(build, rows, clock)
    generator = np.random.default_rng(seed)
    found: list[Violation] = []
    for cut in cuts:
        part = _built(build, noise(rows, cut, generator), clock)
        found += _differences(*_known(whole, part, rows, cut, clock), 0, _identical, compared)
    return _first_of_each_column(found)


def start_violations(
    build: Build,
    rows: pd.DataFrame,
    starts: Iterable[int],
    first_complete_row: Callable[[pd.DataFrame], int],
    tolerance: float = 1e-5,
    *,
    length: int | None = None,
    clock: Clock | None = None,
    compared: list[int] | None = None,
) -> list[Violation]:
    """Columns whose complete rows change when the file begins later.

    For each start, the rows of ``build(rows[start:])`` from ``first_complete_row`` on must be those
    of ``build(rows)``, within ``tolerance`` of the value or of the column's median size, whichever
    is larger (the median so that values near 0 are compared, and heavy tails do not excuse).

    Parameters
    ----------
    first_complete_row
        Of the later input rows; with a clock, of the table that is built from them.
    length
        Rows of the later file, by default all to the end: fewer also show that nothing far away,
        on either side, is in a value.
    compared
        See `prefix_violations`.
    """
    whole = _built(build, rows, clock)
    equal = _within(tolerance)
    found: list[Violation] = []
    for start in starts:
        stop = len(rows) if length is None else min(start + length, len(rows))
        later = rows.iloc[start:stop].reset_index(drop=True)
        part = _built(build, later, clock)
        if clock is None:
            first = first_complete_row(later)
            expected, part = whole.iloc[start + first : stop], part.iloc[first:]
            found += _differences(expected, part, start + first, equal, compared)
            continue
        part = part.iloc[first_complete_row(part) :]
        if part.empty:
            continue
        offset = int(whole["datetime"].searchsorted(part["datetime"].iloc[0]))
        one, other = _known(whole.iloc[offset:], part, rows, stop, clock)
        found += _differences(one, other, offset, equal, compared)
    return _first_of_each_column(found)


def invented_violations(rows: pd.DataFrame, raw_bars: pd.DataFrame) -> list[Violation]:
    """Rows of bars that the file does not have, or has with other values.

    Parameters
    ----------
    rows
        Raw rows as ``ingest.read_raw`` gives them.
    raw_bars
        The rows that bars were made of: ``datetime`` and OHLCV.
    """
    times, wanted = nanoseconds(rows["datetime"]), nanoseconds(raw_bars["datetime"])
    at = np.minimum(np.searchsorted(times, wanted), len(times) - 1)
    absent = np.flatnonzero(times[at] != wanted)
    if len(absent):
        row = int(absent[0])
        time = raw_bars["datetime"].iloc[row]
        return [Violation("datetime", row, pd.NaT, time, time)]
    names = ["datetime", *_PRICES, "volume"]
    return _differences(rows[names].iloc[at], raw_bars[names], 0, _identical)


def purge_violations(
    start: Int64Array1D, end: Int64Array1D, train: BoolArray1D, held_out: BoolArray1D, embargo: int
) -> list[int]:
    """Training rows whose information overlaps a held-out block's, or follows it too soon.

    Parameters
    ----------
    start, end
        (n,) when each row's information begins and ends, int64 ns, ``start`` ascending.
    train, held_out
        (n,) bool; the held-out rows are contiguous.
    embargo
        Rows that must be left out after the held-out block's last label has ended.

    Returns
    -------
    Row numbers. Nothing of ``folds`` is used: the block's hull is from its first start to the
    latest end in it.
    """
    first, last = start[held_out].min(), end[held_out].max()
    free = np.searchsorted(start, last, side="right") + embargo
    number = np.arange(len(start))
    touches = (end >= first) & (number < free)
    return [int(row) for row in np.flatnonzero(train & touches)]


def _built(build: Build, rows: pd.DataFrame, clock: Clock | None) -> pd.DataFrame:
    """What is built; without a clock it must have the rows of the input."""
    table = build(rows)
    if clock is None and len(table) != len(rows):
        raise ValueError(f"build returned {len(table)} rows for {len(rows)} rows")
    return table


def _known(
    whole: pd.DataFrame, part: pd.DataFrame, rows: pd.DataFrame, cut: int, clock: Clock | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of both tables that are known when input row ``cut`` has not yet begun."""
    if clock is None:
        return whole.iloc[:cut], part.iloc[:cut]
    until = int(nanoseconds(rows["datetime"].iloc[cut - 1 : cut])[0]) + clock.row_ns
    return whole[clock.known_ns(whole) <= until], part[clock.known_ns(part) <= until]


def _identical(whole: Float64Array1D, part: Float64Array1D) -> BoolArray1D:
    return (whole == part) | (np.isnan(whole) & np.isnan(part))


def _within(tolerance: float) -> Equal:
    def compare(whole: Float64Array1D, part: Float64Array1D) -> BoolArray1D:
        size = np.abs(whole)
        typical = np.nanmedian(size) if np.isfinite(size).any() else 0.0
        return _identical(whole, part) | (
            np.abs(whole - part) <= tolerance * np.maximum(size, typical)
        )

    return compare


def _differences(
    whole: pd.DataFrame,
    part: pd.DataFrame,
    offset: int,
    equal: Equal,
    compared: list[int] | None = None,
) -> list[Violation]:
    """One violation for each column that differs; rows that only one table has come first."""
    if compared is not None:
        compared.append(len(whole))
    times = whole.get("datetime")
    if times is not None:
        lacking = _first_other_time(times, part["datetime"])
        if lacking is not None:
            one, other = (_at(table["datetime"], lacking) for table in (whole, part))
            time = other if one is pd.NaT else one
            return [Violation("datetime", offset + lacking, one, other, time)]
    return list(_column_differences(whole, part, offset, equal))


def _column_differences(
    whole: pd.DataFrame, part: pd.DataFrame, offset: int, equal: Equal
) -> Iterator[Violation]:
    times = whole.get("datetime")
    for column in whole.columns.drop("datetime", errors="ignore"):
        rule = equal if pd.api.types.is_numeric_dtype(whole[column]) else _identical
        differ = ~rule(_numbers(whole[column]), _numbers(part[column]))
        if differ.any():
            row = int(np.argmax(differ))
            yield Violation(
                str(column),
                offset + row,
                whole[column].iloc[row],
                part[column].iloc[row],
                None if times is None else times.iloc[row],
            )


def _first_other_time(one: pd.Series, other: pd.Series) -> int | None:
    """The first row at which two columns of times part, None when they are equal."""
    both = min(len(one), len(other))
    differ = np.flatnonzero(nanoseconds(one)[:both] != nanoseconds(other)[:both])
    if len(differ):
        return int(differ[0])
    return None if len(one) == len(other) else both


def _at(column: pd.Series, row: int) -> Any:
    return column.iloc[row] if row < len(column) else pd.NaT


def _numbers(column: pd.Series) -> Float64Array1D:
    """A column as float64, whatever it holds: times in seconds, texts by their hash."""
    if column.dtype.kind == "M":
        return np.where(column.isna(), np.nan, nanoseconds(column) / 1e9)
    if column.dtype.kind == "O" or column.dtype == "str":
        hashed = pd.util.hash_array(column.astype("object").to_numpy()) >> _TEXT_BITS
        return np.where(column.isna(), np.nan, hashed.astype(np.float64))
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def _first_of_each_column(found: list[Violation]) -> list[Violation]:
    first: dict[str, Violation] = {}
    for violation in sorted(found, key=lambda v: v.row):
        first.setdefault(violation.column, violation)
    return list(first.values())
