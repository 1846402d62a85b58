"""Purged k-fold cross-validation for labels that end later than they begin."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from mlfactory._typing import BoolArray1D, Int64Array1D
from mlfactory.times import nanoseconds, rows_at


def overlapping(start: Int64Array1D, end: Int64Array1D, held_out: BoolArray1D) -> BoolArray1D:
    """Rows whose closed interval [start, end] meets that of any held-out row.

    Parameters
    ----------
    start, end
        (n,) int64 times, ``start`` ascending.
    held_out
        (n,) rows that are held out.
    """
    held_start = start[held_out]
    if not len(held_start):
        return np.zeros(len(start), dtype=bool)
    latest_end = np.maximum.accumulate(end[held_out])
    begun = np.searchsorted(held_start, end, side="right")
    return (begun > 0) & (latest_end[np.maximum(begun, 1) - 1] >= start)


def embargoed(
    start: Int64Array1D, end: Int64Array1D, held_out: BoolArray1D, embargo_bars: int
) -> BoolArray1D:
    """The ``embargo_bars`` rows that begin after the interval of any held-out row has ended."""
    first_free = np.searchsorted(start, end[held_out], side="right")
    change = np.zeros(len(start) + 1, dtype=np.int64)
    np.add.at(change, first_free, 1)
    np.add.at(change, np.minimum(first_free + embargo_bars, len(start)), -1)
    return np.cumsum(change[:-1]) > 0


def training_rows(
    start: Int64Array1D, end: Int64Array1D, held_out: BoolArray1D, embargo_bars: int
) -> BoolArray1D:
    """Rows that may train a model that is scored on the held-out ones."""
    return (
        ~held_out
        & ~overlapping(start, end, held_out)
        & ~embargoed(start, end, held_out, embargo_bars)
    )


class PurgedKFold:
    """Contiguous folds; training rows that overlap the held-out ones are purged.

    A scikit-learn splitter: pass it as ``cv``.

    Parameters
    ----------
    n_splits
        Number of folds, at least 2.
    start, end
        (n,) when each row's information begins and when its label is known; datetime64 or
        integers, ``start`` ascending.
    embargo_bars
        Rows left out after the held-out block's last label has ended.

    Examples
    --------
    Twelve rows whose labels end two rows later, with an embargo of one row:

    >>> import numpy as np
    >>> start = np.arange(12)
    >>> folds = PurgedKFold(3, start=start, end=start + 2, embargo_bars=1)
    >>> for train, test in folds.split(np.zeros((12, 1))):
    ...     print(train, test)
    [ 7  8  9 10 11] [0 1 2 3]
    [ 0  1 11] [4 5 6 7]
    [0 1 2 3 4 5] [ 8  9 10 11]
    """

    def __init__(self, n_splits: int = 5, *, start: Any, end: Any, embargo_bars: int = 0) -> None:
        if n_splits < 2:
            raise ValueError(f"n_splits={n_splits}: at least 2 folds are needed")
        self.n_splits = n_splits
        self.start = _as_int64(start)
        self.end = _as_int64(end)
        self.embargo_bars = embargo_bars
        if (np.diff(self.start) < 0).any():
            raise ValueError("start must be ascending")
        if (self.end < self.start).any():
            raise ValueError("a row's end is before its start")

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of folds."""
        return self.n_splits

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[Int64Array1D, Int64Array1D]]:
        """Training and held-out row numbers, fold by fold in time order."""
        if len(X) != len(self.start):
            raise ValueError(f"X has {len(X)} rows, start and end have {len(self.start)}")
        fold = fold_numbers(len(self.start), self.n_splits)
        for number in range(self.n_splits):
            held_out = fold == number
            train = training_rows(self.start, self.end, held_out, self.embargo_bars)
            yield np.flatnonzero(train), np.flatnonzero(held_out)


def _as_int64(times: Any) -> Int64Array1D:
    if isinstance(times, pd.Series) and times.dtype.kind == "M":
        return nanoseconds(pd.to_datetime(times, utc=True))
    values = np.asarray(times)
    if values.dtype.kind == "M":
        values = values.astype("datetime64[ns]")
    return values.astype(np.int64)


def fold_numbers(n_rows: int, n_splits: int) -> Int64Array1D:
    """The fold of each row: contiguous, sizes equal to one row."""
    sizes = [len(part) for part in np.array_split(np.empty(n_rows), n_splits)]
    return np.repeat(np.arange(n_splits), sizes)


def fold_table(
    train: pd.DataFrame,
    bars: pd.DataFrame,
    labels: pd.DataFrame,
    *,
    n_splits: int,
    bar_interval: pd.Timedelta,
    n_searched: int = 0,
) -> pd.DataFrame:
    """Folds and labels of the training split's rows, and of no other.

    Parameters
    ----------
    train
        The training split; its ``datetime`` names the rows.
    bars, labels
        Tables of schemas BARS and LABELS, same rows.
    n_splits
        Number of folds.
    bar_interval
        Nominal length of a bar; the last of a session may end earlier.
    n_searched
        The first rows of the training split that a search has read: no fold holds them out.

    Returns
    -------
    One row a training row, schema FOLDS. ``fold`` is missing in the first ``n_searched`` rows; the
    others are shared out in ``n_splits`` contiguous blocks.

    Raises
    ------
    ValueError
        When the training split and the labels are not of the same bars.
    """
    rows = rows_at(labels["datetime"], train["datetime"])
    part = labels.iloc[rows].reset_index(drop=True)
    marks = bars.iloc[rows].reset_index(drop=True)
    return pd.DataFrame(
        {
            "datetime": part["datetime"],
            "end": (marks["datetime"] + bar_interval).clip(upper=marks["session_close"]),
            "session": marks["session"],
            "minute": _minutes(marks["datetime"] - marks["session_open"]),
            "fold": _held_out_by(len(part), n_splits, n_searched),
            "label": part["label"],
            "t1": part["t1"],
            "bars_held": part["bars_held"],
            "uniqueness": part["uniqueness"],
            "quality": part["quality"],
        }
    )


def _held_out_by(n_rows: int, n_splits: int, n_searched: int) -> pd.Series:
    """The fold of each row, missing in the first ``n_searched``."""
    folds = pd.Series(pd.NA, index=range(n_rows), dtype="Int16")
    folds.iloc[n_searched:] = fold_numbers(n_rows - n_searched, n_splits)
    return folds


def _minutes(elapsed: pd.Series) -> pd.Series:
    return (elapsed.dt.total_seconds() // 60).astype("int32")


def embargo_bars(folds: pd.DataFrame, *, sessions: int, min_bars: int) -> int:
    """The embargo in bars: ``sessions`` of the longest session's bars, at least ``min_bars``."""
    longest = int(folds["session"].value_counts().max())
    return max(sessions * longest, min_bars)


def intervals(folds: pd.DataFrame) -> tuple[Int64Array1D, Int64Array1D]:
    """When each row's bar opens and when its label is known (its bar's end without), int64 ns."""
    return nanoseconds(folds["datetime"]), nanoseconds(folds["t1"].fillna(folds["end"]))
