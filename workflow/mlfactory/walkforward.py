"""Predictions by models that were trained on the past only, refitted every few sessions.

No embargo is needed. An embargo keeps rows that come after a held-out block, and whose features
remember it, out of training; here no training row comes after what is predicted. What remains is
the purge: a label that ends after the block has begun holds its prices.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from mlfactory._typing import Int64Array1D
from mlfactory.folds import embargo_bars
from mlfactory.oof import TrainingSet, fit_rows, predictions, training_set
from mlfactory.schemas import PROBABILITIES
from mlfactory.splitters import Split, WalkForward


def refits(
    data: TrainingSet,
    session: pd.Series,
    *,
    first_share: float,
    retrain_sessions: int,
    window: str,
    window_sessions: int,
) -> list[Split]:
    """For each refit the labelled rows that train, and the rows that it predicts.

    Parameters
    ----------
    data
        The training split of one horizon.
    session
        (n,) the session of each row.
    first_share
        Share of the sessions, the earliest, that only train. Sessions with rows that a search has
        read, which are never held out, only train too.
    retrain_sessions
        Sessions from one refit to the next.
    window, window_sessions
        ``expanding``: all of the past trains; ``rolling``: its last ``window_sessions``.

    Returns
    -------
    (training rows, predicted rows), refit by refit. A training row's label has ended before the
    first predicted row begins; the predicted rows are all that follow the first block, once each.
    """
    number = _numbered(session)
    searched = number[: int(np.argmax(data.fold >= 0))].max(initial=-1) + 1
    first = max(ceil(first_share * (number[-1] + 1)), searched)
    first = int(min(first, number[-1]))
    return _splits(data, number, first, retrain_sessions, window, window_sessions)


def _numbered(session: pd.Series) -> Int64Array1D:
    """Sessions counted from 0, (n,)."""
    return np.unique(session, return_inverse=True)[1].astype(np.int64)


def _splits(
    data: TrainingSet,
    number: Int64Array1D,
    first: int,
    retrain_sessions: int,
    window: str,
    window_sessions: int,
) -> list[Split]:
    """As `refits` returns them; the sessions before number ``first`` only train."""
    cv = WalkForward(
        first,
        retrain_sessions,
        session=number,
        window="rolling" if window == "rolling" else "expanding",
        window_sessions=window_sessions,
        start=data.start,
        end=data.end,
    )
    return [(train[data.labelled[train]], block) for train, block in cv.split(number)]


def walk_forward(
    train: pd.DataFrame,
    folds: pd.DataFrame,
    *,
    refit: dict[str, Any],
    embargo: dict[str, int],
    **fit: Any,
) -> pd.DataFrame:
    """Fit a model again and again on the past, and predict the sessions up to the next fit.

    Parameters
    ----------
    train, folds
        The training split, and its folds and labels.
    refit
        When, and on how much of the past; see `refits`.
    embargo
        ``sessions`` and ``min_bars`` left out after the inner held-out blocks of a ranking.
    fit
        See `oof.fit_rows`. Each refit ranks the features for itself.

    Returns
    -------
    A table of schema WALK_FORWARD: every row after the first block, labelled or not, with the
    number of the refit that predicts it, counted from 0.
    """
    data = training_set(train, folds)
    splits = refits(data, folds["session"], **refit)
    return _walked(data, folds, splits, embargo_bars=embargo_bars(folds, **embargo), **fit)


def walk_on(
    splits: Sequence[pd.DataFrame],
    folds: Sequence[pd.DataFrame],
    *,
    refit: dict[str, Any],
    embargo: dict[str, int],
    **fit: Any,
) -> list[pd.DataFrame]:
    """Walk forward beyond the training split: refit through validation and test.

    The first refit is at the first session of validation, on the training split's rows; from there
    each learns from all rows whose labels are known before it, of validation and test too.

    Parameters
    ----------
    splits
        The training split, validation and test, with the same columns.
    folds
        The folds and labels of each; what holds a row out is not read.
    refit
        As in `walk_forward`, but without ``first_share``.
    embargo, fit
        As in `walk_forward`.

    Returns
    -------
    A table of schema PREDICTIONS for every row of each split but the first. A window of a sequence
    model does not reach over a split's border, as in the single fit's predictions.
    """
    apart = [table.assign(segment=table["segment"] + i) for i, table in enumerate(splits)]
    rows = pd.concat(folds, ignore_index=True)
    data = training_set(pd.concat(apart, ignore_index=True), rows)
    number = _numbered(rows["session"])
    walked = _walked(
        data,
        rows,
        _splits(data, number, int(number[len(splits[0])]), **refit),
        embargo_bars=embargo_bars(folds[0], **embargo),
        **fit,
    )
    borders = np.cumsum([len(table) for table in splits[1:-1]])
    parts = np.split(np.arange(len(walked)), borders)
    return [as_predictions(walked.iloc[part]).reset_index(drop=True) for part in parts]


def _walked(
    data: TrainingSet, folds: pd.DataFrame, splits: Sequence[Split], **fit: Any
) -> pd.DataFrame:
    """Each block's predictions by a fit on the rows before it, with the refit's number."""
    parts = []
    for number, (rows, block) in enumerate(splits):
        bundle, _ = fit_rows(data, rows, **fit)
        table = predictions(
            folds["datetime"].iloc[block], bundle.predict(data.features.take(block))
        )
        table.insert(1, "refit", np.full(len(block), number, dtype=np.int16))
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def as_predictions(walked: pd.DataFrame) -> pd.DataFrame:
    """A walk-forward table as one of schema PREDICTIONS."""
    return walked[["datetime", *PROBABILITIES]]
