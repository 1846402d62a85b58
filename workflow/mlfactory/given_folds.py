"""The user's own folds: which times each of them holds out, from a csv file."""

from pathlib import Path

import numpy as np
import pandas as pd

from mlfactory._typing import Int64Array1D
from mlfactory.errors import UserError, shown
from mlfactory.times import nanoseconds

COLUMNS = ("fold", "start", "end")
_NUMBERS = "write 0, 1 and so on"
_TIMES = "write it as 2024-01-31"


def blocks(file: str | None) -> pd.DataFrame | None:
    """The blocks of time that folds hold out.

    Parameters
    ----------
    file
        The csv file that ``folds.file`` names.

    Returns
    -------
    One row a block, in order of time: ``fold`` (int16) and ``start``, ``end`` (UTC, the end not
    held out). A fold may have several blocks. None where no file is named.

    Raises
    ------
    UserError
        When the file is not such a table, folds are not numbered 0, 1, 2 and so on, fewer than two,
        or two blocks overlap.
    """
    if file is None:
        return None
    path = Path(file)
    table = _read(path)
    numbers = pd.to_numeric(table["fold"], errors="coerce")
    for row in _where(numbers.isna() | (numbers != numbers.round())):
        raise _mistake(path, row, f"fold={table['fold'][row]!r} is no whole number; {_NUMBERS}")
    wanted = range(max(len(set(numbers)), 2))
    if set(numbers) != set(wanted):
        raise UserError(
            f"{shown(path)}: folds are numbered {', '.join(f'{n:g}' for n in sorted(set(numbers)))}"
            f"; number them {', '.join(map(str, wanted))}, two at least"
        )
    made = pd.DataFrame(
        {
            "fold": numbers.astype("int16"),
            "start": _times(path, table["start"]),
            "end": _times(path, table["end"]),
        }
    )
    for row in _where(made["end"] <= made["start"]):
        raise _mistake(path, row, f"end {made['end'][row]} is not after its start; mend one")
    made = made.sort_values("start", kind="stable")
    overlaps = made["start"].to_numpy()[1:] < made["end"].to_numpy()[:-1]
    rows = made.index.tolist()
    for row in (np.flatnonzero(overlaps) + 1).tolist():
        raise _mistake(
            path,
            rows[row],
            f"begins {made['start'].iloc[row]}, before the block of line {rows[row - 1] + 2} "
            "ends, and a row is held out once; move one",
        )
    return made.reset_index(drop=True)


def held_out_by(
    times: pd.Series, given: pd.DataFrame, n_searched: int, file: str | None
) -> pd.Series:
    """The fold of each row: that in whose block it lies, missing in none and if it was searched.

    Parameters
    ----------
    times
        (n,) when each row's bar opens.
    given
        As `blocks` returns it.
    n_searched
        The first rows, which no fold holds out.
    file
        Where they are from, for messages.

    Raises
    ------
    UserError
        When a fold holds no row out.
    """
    block = _block_of(nanoseconds(times), given)
    block[:n_searched] = -1
    fold = pd.Series(pd.NA, index=range(len(times)), dtype="Int16")
    fold[block >= 0] = given["fold"].to_numpy()[block[block >= 0]]
    empty = sorted(set(given["fold"]) - set(fold.dropna()))
    if empty:
        first = times.iloc[min(n_searched, len(times) - 1)]
        raise UserError(
            f"{file}: fold {empty[0]} holds no row out; training rows that may be held out lie "
            f"between {first} and {times.iloc[-1]}: move its blocks there"
        )
    return fold


def _block_of(times: Int64Array1D, given: pd.DataFrame) -> Int64Array1D:
    """The row of ``given`` whose block each time lies in, -1 for none."""
    block = np.searchsorted(nanoseconds(given["start"]), times, side="right") - 1
    return np.where((block >= 0) & (times < nanoseconds(given["end"])[block]), block, -1)


def _read(path: Path) -> pd.DataFrame:
    """The file's lines that hold anything, as text; the index counts lines after the header."""
    try:
        table = pd.read_csv(path, dtype=str, skip_blank_lines=False)
    except OSError as error:
        raise UserError(
            f"{shown(path)}: cannot be read ({error.strerror}); folds.file names it: a csv file of "
            f"the columns {', '.join(COLUMNS)}"
        ) from error
    except (ValueError, pd.errors.ParserError) as error:
        raise UserError(
            f"{shown(path)}: is no csv file of the columns {', '.join(COLUMNS)}: {error}"
        ) from error
    if not isinstance(table.index, pd.RangeIndex):
        raise _mistake(
            path,
            0,
            "has more fields than the header has columns; remove the last comma, or name the "
            "column",
        )
    table = table.dropna(how="all")
    missing = [name for name in COLUMNS if name not in table]
    if missing or table.empty:
        lacks = f"column {missing[0]}" if missing else "any row"
        raise UserError(
            f"{shown(path)}: lacks {lacks}; write a line a block: {','.join(COLUMNS)}, such as "
            "0,2024-01-02,2024-04-01"
        )
    for name in COLUMNS:
        for row in _where(table[name].isna()):
            written = _NUMBERS if name == "fold" else _TIMES
            raise _mistake(path, row, f"{name} is missing; {written}")
    return table


def _where(mistaken: pd.Series) -> list[int]:
    """The labels of the rows for which it is so."""
    return list(mistaken.index[mistaken.to_numpy(dtype=bool)])


def _times(path: Path, column: pd.Series) -> pd.Series:
    times = pd.to_datetime(column, utc=True, errors="coerce", format="ISO8601")
    for row in _where(times.isna()):
        raise _mistake(path, row, f"{column.name}={column[row]!r} is no time; {_TIMES}")
    return times


def _mistake(path: Path, row: int, words: str) -> UserError:
    return UserError(f"{shown(path)}: line {row + 2}: {words}")
