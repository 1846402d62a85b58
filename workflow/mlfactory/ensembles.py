"""Ensembles: registry models that read other models' predictions."""

from typing import Any

import numpy as np
import pandas as pd

from mlfactory import registry
from mlfactory.bundles import Bundle
from mlfactory.errors import UserError
from mlfactory.folds import as_stacked, embargo_bars, intervals, training_rows
from mlfactory.models._base import Model
from mlfactory.nulls import LEAST_SESSIONS, shift_labels
from mlfactory.oof import predictions
from mlfactory.stacking import member_rows, sample_weights, side_by_side
from mlfactory.validation import rows_to_blend, second_part


def _fitted(
    spec: dict[str, Any],
    stack: pd.DataFrame,
    folds: pd.DataFrame,
    members: list[str],
    weights: str,
    seed: int,
) -> Model:
    """The ensemble fitted on the labelled rows of these; ``folds`` holds the same rows."""
    model = registry.make(spec)
    known = stack["y_true"].notna().to_numpy()
    rows = stack[known]
    model.fit(
        member_rows(rows, members),
        rows["y_true"].to_numpy(dtype=np.int8),
        sample_weight=sample_weights(folds[known], weights),
        seed=seed,
    )
    return model


def fit_ensemble(
    stack: pd.DataFrame,
    folds: pd.DataFrame,
    *,
    model: dict[str, Any],
    members: list[str],
    embargo: dict[str, int],
    weights: str,
    seed: int,
    origin: dict[str, Any],
) -> tuple[Bundle, pd.DataFrame]:
    """Fit an ensemble on the stacking dataset, and predict that dataset's rows out of fold.

    Parameters
    ----------
    stack, folds
        The stacking dataset, and the folds and labels of the same rows.
    model
        The ensemble's yaml.
    members
        Base models whose predictions it reads.
    embargo
        ``sessions`` and ``min_bars`` left out after a held-out block.
    weights
        See `fit_weights`; of each fit's own rows.

    Returns
    -------
    The ensemble fitted on all rows; and predictions of every row by one that was fitted on the
    other folds' rows, purged. As usual in stacking, the members' predictions of those other rows
    come from fits that trained on the scored fold; only nested fits would remove that.
    """
    folds = as_stacked(folds, stack)
    held_out = folds[folds["fold"].notna()].reset_index(drop=True)
    if not stack["datetime"].equals(held_out["datetime"]):
        raise ValueError("the stacking dataset and the folds are not of the same bars")
    start, end = intervals(held_out)
    bars = embargo_bars(folds, **embargo)
    fold = stack["fold"].to_numpy()
    out = np.empty((len(stack), 3))
    for number in np.unique(fold):
        scored = fold == number
        rows = training_rows(start, end, scored, bars)
        fitted = _fitted(model, stack[rows], held_out[rows], members, weights, seed)
        out[scored] = fitted.predict(member_rows(stack[scored], members))
    bundle = Bundle(
        _fitted(model, stack, held_out, members, weights, seed), None, "multiclass", origin
    )
    return bundle, predictions(stack["datetime"], out)


def fit_blend(
    folds: pd.DataFrame,
    member_predictions: list[pd.DataFrame],
    *,
    model: dict[str, Any],
    members: list[str],
    weights: str,
    seed: int,
    origin: dict[str, Any],
) -> tuple[Bundle, pd.DataFrame]:
    """Fit an ensemble on the first part of validation, and predict the second.

    Parameters
    ----------
    folds
        The validation split's rows and labels, schema FOLDS.
    member_predictions
        The members' predictions of it, in their order.
    model, members, weights, seed, origin
        See `fit_ensemble`.

    Returns
    -------
    The ensemble; and its predictions of the rows from `validation.second_part` on. Rows of the
    first part whose label is not known before that are not fitted on.

    Raises
    ------
    UserError
        When no row is left to fit on.
    """
    table = side_by_side(dict(zip(members, member_predictions, strict=True)))
    if not table["datetime"].equals(folds["datetime"]):
        raise ValueError("the members' predictions and the validation split are not of one time")
    rows = rows_to_blend(folds)
    if not rows.any():
        raise UserError(
            f"{origin['ensemble']}: no row of the first part of the validation split has a label "
            "that is known before the second; raise splits.val_share, or take it out of ensembles"
        )
    part = folds[rows]
    fitted = registry.make(model)
    fitted.fit(
        member_rows(table[rows], members),
        part["label"].to_numpy(dtype=np.int8),
        sample_weight=sample_weights(part, weights),
        seed=seed,
    )
    later = table.iloc[second_part(folds["session"]) :]
    bundle = Bundle(fitted, None, "multiclass", origin)
    return bundle, predictions(later["datetime"], bundle.predict(member_rows(later, members)))


def fit_null_blend(
    folds: pd.DataFrame, member_predictions: list[pd.DataFrame], *, replicate: int, **how: Any
) -> pd.DataFrame:
    """What a blend predicts that learnt from labels moved by whole sessions.

    Parameters
    ----------
    folds, member_predictions, how
        See `fit_blend`; the members' predictions are the true ones.
    replicate
        Chooses the distance, with ``how["seed"]``; see `nulls.shift_labels`.

    Returns
    -------
    Schema PREDICTIONS; no row where validation has too few sessions for labels to be moved, or no
    moved label is known before the second part.
    """
    none = predictions(folds["datetime"].iloc[:0], np.empty((0, 3)))
    if folds["session"].nunique() < LEAST_SESSIONS:
        return none
    moved = shift_labels(folds, seed=how["seed"], replicate=replicate)
    return fit_blend(moved, member_predictions, **how)[1] if rows_to_blend(moved).any() else none


def weights_of(bundle: Bundle) -> dict[str, Any]:
    """What is recorded of an ensemble's fit: the share of each member in its importance."""
    shares: dict[str, float] = {}
    for column, share in bundle.model.get_feature_importance().items():
        member = column.rpartition("_prob_")[0]
        shares[member] = shares.get(member, 0.0) + share
    return {"members": shares}


def predict_ensemble(
    bundle: Bundle, members: list[str], member_predictions: list[pd.DataFrame]
) -> pd.DataFrame:
    """An ensemble's predictions of a split, from its members' predictions of it, in their order."""
    table = side_by_side(dict(zip(members, member_predictions, strict=True)))
    X = member_rows(table, members)
    return predictions(table["datetime"], bundle.predict(X))
