"""Scores on the second part of validation, and claims of blends, which are scored nowhere else."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mlfactory.comparisons import add_differences
from mlfactory.nulls import shift_labels
from mlfactory.quality import LONG, SHORT
from mlfactory.scores import Scorer
from mlfactory.significance import judge
from mlfactory.tables import plain
from mlfactory.validation import after_training


def score_validation(
    train: pd.DataFrame,
    folds: pd.DataFrame,
    val: pd.DataFrame,
    val_folds: pd.DataFrame,
    predictions: dict[str, pd.DataFrame],
    best: dict[str, str],
    *,
    blends: Sequence[str] = (),
    null_blends: Sequence[Mapping[str, pd.DataFrame]] = (),
    judged: Mapping[str, Any] | None = None,
    **settings: Any,
) -> dict[str, Any] | None:
    """Scores of every model on the second part of validation, in the form of `score_models`.

    ``blends`` names those of which claims are judged. None where no label of it is short or long:
    nothing could be said of direction.

    Parameters
    ----------
    train, folds, val, val_folds
        See `validation.after_training`.
    predictions
        Each model's predictions of the validation split, or of its second part alone.
    best
        Of each ensemble the member that is best out of fold.
    blends
        Ensembles that learnt on the first part; only their gains are judged here, as all others'
        are out of fold, on more rows.
    null_blends
        The predictions of the same blends fitted on labels moved by whole sessions, a mapping a
        replicate; see `ensembles.fit_null_blend`. Empty tables are no draw.
    judged
        The models' scores out of fold: their claims count in the correction of the blends'.
    settings
        See `Scorer`.
    """
    rows, of_rows = after_training(train, folds, val, val_folds)
    if not of_rows["label"].iloc[len(folds) :].isin([SHORT, LONG]).any():
        return None
    scorer = Scorer(rows, of_rows, **settings)
    first = of_rows["datetime"].iloc[len(folds)]
    later = {name: t[t["datetime"] >= first] for name, t in predictions.items()}
    models = {name: scorer.score(table) | {"nulls": {}} for name, table in later.items()}
    for name in blends:
        models[name]["nulls"] = {"session_shift": []}
    for replicate, tables in enumerate(null_blends):
        drawn = {name: table for name, table in tables.items() if len(table)}
        if not drawn:
            continue
        moved = shift_labels(val_folds, seed=settings["seed"], replicate=replicate)
        null = Scorer(*after_training(train, folds, val, moved), **settings)
        for name, table in drawn.items():
            models[name]["nulls"]["session_shift"].append(null.score(table))
    models, data = plain(models), scorer.describe()
    judge(
        {name: models[name] for name in blends},
        confidence=scorer.confidence,
        trials={},
        beside=judged or {},
    )
    add_differences(models, scorer, later, best)
    found = {"data": data, "settings": settings, "models": models, "probe": {}}
    return found | {"blends": list(blends)}
