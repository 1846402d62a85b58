"""What the same procedure scores when there is nothing to find."""

import numpy as np
import pandas as pd

from mlfactory._typing import Int64Array1D
from mlfactory.errors import UserError

LEAST_SHIFT = 0.1
"""Labels move by at least this share of all sessions, so that volatility has mostly forgotten."""

LEAST_SESSIONS = 10

_LABEL_COLUMNS = ("label", "bars_held", "uniqueness", "quality")


def _sources(folds: pd.DataFrame, shift: int) -> Int64Array1D:
    """For each row the row ``shift`` sessions on, at the same minute; -1 where there is none."""
    dates, number = np.unique(folds["session"], return_inverse=True)
    width = int(folds["minute"].max()) + 1
    minute = folds["minute"].to_numpy(dtype=np.int64)
    here = number * width + minute
    there = (number + shift) % len(dates) * width + minute
    found = np.minimum(np.searchsorted(here, there), len(here) - 1)
    return np.where(here[found] == there, found, -1)


def _same_windows(folds: pd.DataFrame, source: Int64Array1D) -> Int64Array1D:
    """Sources whose label's last bar lies where the row's own would: -1 for the others.

    Where an early close or a missing bar makes the two windows differ, a moved label would end
    elsewhere than its ``t1`` says, and purging would miss it.
    """
    held = folds["bars_held"].fillna(0).to_numpy(dtype=np.int64)[np.maximum(source, 0)]
    last = np.minimum(np.arange(len(folds)) + held, len(folds) - 1)
    return np.where((source >= 0) & (source[last] == source + held), source, -1)


KINDS = ("session_shift", "free_shift")
"""Labels moved by whole sessions, clock and volatility kept; or by any number of bars."""


def shift_labels(
    folds: pd.DataFrame, *, seed: int, replicate: int, kind: str = "session_shift"
) -> pd.DataFrame:
    """Give every row the label of another one, a random distance on, the same for all rows.

    By whole sessions to the same minute, the clock and the labels' overlap are kept; freely, by
    any number of bars, their overlap alone. What the features say of the label is lost both ways.

    Parameters
    ----------
    folds
        Table of schema FOLDS.
    seed, replicate
        Choose the distance, circular over the training split.
    kind
        ``session_shift`` or ``free_shift``.

    Returns
    -------
    A table of schema FOLDS. ``t1`` is the end of the bar that lies as many bars ahead as the
    moved label was held.

    Raises
    ------
    UserError
        When there are fewer than 10 sessions.
    """
    source = _same_windows(folds, _source_of(folds, seed, replicate, kind))
    moved = folds.copy()
    for name in _LABEL_COLUMNS:
        moved[name] = folds[name].take(np.maximum(source, 0)).set_axis(folds.index)
        moved[name] = moved[name].where(source >= 0)
    held = moved["bars_held"].fillna(0).to_numpy(dtype=np.int64)
    last = np.minimum(np.arange(len(folds)) + held, len(folds) - 1)
    moved["t1"] = folds["end"].take(last).set_axis(folds.index).where(held > 0)
    return moved


def _source_of(folds: pd.DataFrame, seed: int, replicate: int, kind: str) -> Int64Array1D:
    """The row whose label each row is given; -1 where there is none."""
    n_sessions = folds["session"].nunique()
    if n_sessions < LEAST_SESSIONS:
        raise UserError(
            f"training split: has {n_sessions} sessions, a null shift needs {LEAST_SESSIONS}; get "
            "more data, or set nulls.session_shift, nulls.free_shift and nulls.probe.shifts to 0"
        )
    whole = kind == "session_shift"
    steps = n_sessions if whole else len(folds)
    least = max(1, int(LEAST_SHIFT * steps))
    generator = np.random.default_rng([seed, replicate, KINDS.index(kind)][: 2 + (not whole)])
    shift = int(generator.integers(least, max(steps - least, least + 1)))
    if whole:
        return _sources(folds, shift)
    return (np.arange(len(folds)) + shift) % len(folds)
