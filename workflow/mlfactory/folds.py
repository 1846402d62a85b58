"""Which fold holds each training row out: the folds table."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mlfactory import given_folds
from mlfactory._typing import Int64Array1D
from mlfactory.purging import embargoed, overlapping, training_rows
from mlfactory.times import nanoseconds, rows_at

__all__ = [
    "as_stacked",
    "by_refit",
    "embargo_bars",
    "embargoed",
    "fold_numbers",
    "fold_table",
    "intervals",
    "later_split",
    "overlapping",
    "training_rows",
]


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
    file: str | None = None,
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
    file
        The user's own folds in place of ``n_splits`` contiguous ones; see `given_folds.blocks`.
    n_searched
        The first rows of the training split that a search has read: no fold holds them out.

    Returns
    -------
    One row a training row, schema FOLDS. ``fold`` is missing in the first ``n_searched`` rows; the
    others are shared out in ``n_splits`` contiguous blocks, or as ``file`` says, which may leave
    rows that no fold holds out: they train every fold.

    Raises
    ------
    ValueError
        When the training split and the labels are not of the same bars.
    UserError
        When a fold of ``file`` holds no row out, or `given_folds.blocks` refuses it.
    """
    rows = rows_at(labels["datetime"], train["datetime"])
    part = labels.iloc[rows].reset_index(drop=True)
    marks = bars.iloc[rows].reset_index(drop=True)
    given = given_folds.blocks(file)
    held_out_by = (
        _contiguous(len(part), n_splits, n_searched)
        if given is None
        else given_folds.held_out_by(part["datetime"], given, n_searched, file)
    )
    return pd.DataFrame(
        {
            "datetime": part["datetime"],
            "end": (marks["datetime"] + bar_interval).clip(upper=marks["session_close"]),
            "session": marks["session"],
            "minute": _minutes(marks["datetime"] - marks["session_open"]),
            "fold": held_out_by,
            "label": part["label"],
            "t1": part["t1"],
            "bars_held": part["bars_held"],
            "uniqueness": part["uniqueness"],
            "quality": part["quality"],
        }
    )


def later_split(
    split: pd.DataFrame, bars: pd.DataFrame, labels: pd.DataFrame, account: Mapping[str, Any]
) -> pd.DataFrame:
    """Rows and labels of validation or test, schema FOLDS, all of them in one fold.

    Parameters
    ----------
    split, bars, labels
        See `fold_table`.
    account
        The content of ``bars.json``, for the length of a bar.
    """
    interval = pd.Timedelta(account["bar_interval"])
    return fold_table(split, bars, labels, n_splits=1, bar_interval=interval)


def _contiguous(n_rows: int, n_splits: int, n_searched: int) -> pd.Series:
    """The fold of each row, missing in the first ``n_searched``."""
    folds = pd.Series(pd.NA, index=range(n_rows), dtype="Int16")
    folds.iloc[n_searched:] = fold_numbers(n_rows - n_searched, n_splits)
    return folds


def _minutes(elapsed: pd.Series) -> pd.Series:
    return (elapsed.dt.total_seconds() // 60).astype("int32")


def by_refit(folds: pd.DataFrame, walked: pd.DataFrame) -> pd.DataFrame:
    """The folds table with each row's refit in place of its fold; missing in the first block."""
    refit = walked.set_index("datetime")["refit"].astype("Int16")
    return folds.assign(fold=refit.reindex(folds["datetime"]).array)


def as_stacked(folds: pd.DataFrame, stack: pd.DataFrame) -> pd.DataFrame:
    """The folds table with the folds of a stacking dataset; missing in rows that it lacks."""
    return by_refit(folds, stack.rename(columns={"fold": "refit"}))


def embargo_bars(folds: pd.DataFrame, *, sessions: int, min_bars: int) -> int:
    """The embargo in bars: ``sessions`` of the longest session's bars, at least ``min_bars``."""
    longest = int(folds["session"].value_counts().max())
    return max(sessions * longest, min_bars)


def intervals(folds: pd.DataFrame) -> tuple[Int64Array1D, Int64Array1D]:
    """When each row's bar opens and when its label is known (its bar's end without), int64 ns."""
    return nanoseconds(folds["datetime"]), nanoseconds(folds["t1"].fillna(folds["end"]))
