"""The two parts of validation: blending learns on the first, all are scored on the second."""

import numpy as np
import pandas as pd

from mlfactory._typing import BoolArray1D
from mlfactory.baselines import CLOCK, VOLATILITY
from mlfactory.folds import intervals, training_rows
from mlfactory.schemas import SPLIT_MARKS


def second_part(session: pd.Series) -> int:
    """The first row of the second part: the opening of a session, as near the middle as can be.

    Parameters
    ----------
    session
        (n,) the session of each row, ascending; of a single session the middle row is taken.
    """
    numbers = session.to_numpy()
    opens = np.flatnonzero(np.diff(numbers, prepend=numbers[:1]) != 0)
    middle = len(numbers) // 2
    return int(opens[np.argmin(np.abs(opens - middle))]) if len(opens) else middle


def rows_to_blend(folds: pd.DataFrame) -> BoolArray1D:
    """Rows of the first part whose label is known before the second part begins, (n,) bool.

    Parameters
    ----------
    folds
        The validation split's rows, schema FOLDS.
    """
    start, end = intervals(folds)
    later = np.arange(len(folds)) >= second_part(folds["session"])
    return training_rows(start, end, later, 0) & folds["label"].notna().to_numpy()


def after_training(
    train: pd.DataFrame, folds: pd.DataFrame, val: pd.DataFrame, val_folds: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The training rows and the second part of validation as one table with one held-out fold.

    Parameters
    ----------
    train, val
        The splits.
    folds, val_folds
        Their rows, schema FOLDS.

    Returns
    -------
    What baselines read of the rows, and their folds: missing in training rows, 0 in the others.
    """
    second = slice(second_part(val_folds["session"]), None)
    read = list(dict.fromkeys([*SPLIT_MARKS, CLOCK, *VOLATILITY]))
    rows = pd.concat([train[read], val[read].iloc[second]], ignore_index=True)
    none = pd.array([pd.NA] * len(folds), dtype="Int16")
    of_rows = pd.concat(
        [folds.assign(fold=none), val_folds.iloc[second].assign(fold=pd.array([0], "Int16")[0])],
        ignore_index=True,
    )
    return rows, of_rows.astype({"fold": "Int16"})
