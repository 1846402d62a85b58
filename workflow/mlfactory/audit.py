"""Two properties that a table made from bars must have: no look-ahead, no memory of the start.

``build`` is any function of a bar table that returns a table with the same rows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlfactory._typing import BoolArray1D, Float64Array1D

Build = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Violation:
    """A column that breaks a property, and the first row of ``bars`` in which it does."""

    column: str
    row: int
    whole: float
    part: float


def prefix_violations(build: Build, bars: pd.DataFrame, cuts: Iterable[int]) -> list[Violation]:
    """Columns whose rows change when bars after them are cut off.

    For each cut, ``build(bars[:cut])`` must equal the first ``cut`` rows of ``build(bars)`` to the
    last bit; two NaN are equal. One violation a column, at its first row over all cuts.
    """
    whole = build(bars)
    found = []
    for cut in cuts:
        part = build(bars.iloc[:cut].reset_index(drop=True))
        found += _differences(whole.iloc[:cut], part, 0, _identical)
    return _first_of_each_column(found)


def start_violations(
    build: Build,
    bars: pd.DataFrame,
    starts: Iterable[int],
    first_complete_row: Callable[[pd.DataFrame], int],
    tolerance: float = 1e-5,
) -> list[Violation]:
    """Columns whose complete rows change when the file begins later.

    For each start, the rows of ``build(bars[start:])`` from ``first_complete_row`` on must be those
    of ``build(bars)``, within ``tolerance`` of the value or of the column's median size, whichever
    is larger (the median so that values near 0 are compared, and heavy tails do not excuse).
    """
    whole = build(bars)
    found = []
    for start in starts:
        later = bars.iloc[start:].reset_index(drop=True)
        first = first_complete_row(later)
        expected, part = whole.iloc[start + first :], build(later).iloc[first:]
        close_enough = _within(tolerance)
        found += _differences(expected, part, start + first, close_enough)
    return _first_of_each_column(found)


def _identical(whole: Float64Array1D, part: Float64Array1D) -> BoolArray1D:
    return (whole == part) | (np.isnan(whole) & np.isnan(part))


def _within(tolerance: float) -> Callable[[Float64Array1D, Float64Array1D], BoolArray1D]:
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
    equal: Callable[[Float64Array1D, Float64Array1D], BoolArray1D],
) -> list[Violation]:
    if len(whole) != len(part):
        raise ValueError(f"build returned {len(part)} rows for {len(whole)} bars")
    found = []
    for column in whole.columns.drop("datetime", errors="ignore"):
        one, other = whole[column].to_numpy(np.float64), part[column].to_numpy(np.float64)
        rows = np.flatnonzero(~equal(one, other))
        if len(rows):
            row = int(rows[0])
            found.append(Violation(str(column), offset + row, float(one[row]), float(other[row])))
    return found


def _first_of_each_column(found: list[Violation]) -> list[Violation]:
    first: dict[str, Violation] = {}
    for violation in sorted(found, key=lambda v: v.row):
        first.setdefault(violation.column, violation)
    return list(first.values())
