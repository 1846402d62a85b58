"""The stacking dataset: what every base model predicted of rows it never saw, joined by time."""

import numpy as np
import pandas as pd

from mlfactory._typing import Float64Array1D, Float64Array2D
from mlfactory.folds import by_refit
from mlfactory.models._rows import FeatureRows
from mlfactory.schemas import PROBABILITIES, UNCALIBRATED, member_columns
from mlfactory.weights import fit_weights


def _joined(
    held_out: pd.DataFrame,
    parts: list[pd.DataFrame],
    model: str,
    columns: tuple[str, ...] = PROBABILITIES,
) -> pd.DataFrame:
    """One model's fold predictions, joined by time; each held-out row exactly once."""
    together = pd.concat(parts).set_index("datetime").sort_index()
    if not together.index.equals(pd.DatetimeIndex(held_out["datetime"])):
        raise ValueError(
            f"{model}: its out-of-fold predictions are not those of the {len(held_out)} held-out "
            f"rows, each once, but {len(together)} rows"
        )
    return together[list(columns)]


def by_member(models: list[str], tables: list[pd.DataFrame]) -> dict[str, list[pd.DataFrame]]:
    """Fold predictions by model, from a list that goes through the folds model by model."""
    n_folds = len(tables) // (len(models) or 1)
    return {model: tables[i * n_folds : (i + 1) * n_folds] for i, model in enumerate(models)}


def uncalibrated(
    folds: pd.DataFrame, models: list[str], tables: list[pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """What each model predicted of the held-out rows before its calibration.

    Parameters
    ----------
    folds
        Table of schema FOLDS.
    models
        The calibrated models; none without calibration.
    tables
        Their held-out predictions, a table a fold, model by model; see `schemas.held_out`.

    Returns
    -------
    A table of schema PREDICTIONS by model, a row a held-out row.
    """
    held_out = folds[folds["fold"].notna()]
    return {
        model: _joined(held_out, parts, model, UNCALIBRATED)
        .set_axis(list(PROBABILITIES), axis=1)
        .reset_index()
        for model, parts in by_member(models, tables).items()
    }


def sample_weights(folds: pd.DataFrame, kind: str) -> Float64Array1D:
    """Weights of a fit on all of these rows that have a label; NaN where there is none.

    Parameters
    ----------
    folds
        The rows of a table of schema FOLDS that are fitted.
    kind
        See `fit_weights`.
    """
    known = folds[folds["label"].notna()]
    weights = np.full(len(folds), np.nan)
    weights[folds["label"].notna()] = fit_weights(
        kind,
        label=known["label"].to_numpy(dtype=np.int8),
        uniqueness=known["uniqueness"].to_numpy(),
        quality=known["quality"].to_numpy(),
    )
    return weights


def stacking_dataset(
    folds: pd.DataFrame, predictions: dict[str, list[pd.DataFrame]], *, weights: str
) -> pd.DataFrame:
    """Join the models' out-of-fold or walk-forward predictions with labels, folds and weights.

    Parameters
    ----------
    folds
        Table of schema FOLDS.
    predictions
        For each base model its predictions, one table a fold; or one walk-forward table each,
        whose refits are then the folds.
    weights
        See `fit_weights`.

    Returns
    -------
    One row a held-out training row, labelled or not: each model's three probabilities, whether
    all models' most likely classes agree, the mean over models of the highest probability and of
    the entropy (nats), and ``y_true``, ``fold``, ``t1``, ``sample_weight``: those of a fit on all
    of these rows. What is fitted on some of them takes its weights from those alone.
    """
    parts = next(iter(predictions.values()))
    folds = by_refit(folds, parts[0]) if "refit" in parts[0] else folds
    held_out = folds[folds["fold"].notna()].reset_index(drop=True)
    columns: dict[str, np.ndarray] = {}
    cube = np.empty((len(predictions), len(held_out), len(PROBABILITIES)))
    for i, (model, parts) in enumerate(predictions.items()):
        cube[i] = _joined(held_out, parts, model).to_numpy()
        names = member_columns(model)
        columns |= dict(zip(names, cube[i].T.astype(np.float32), strict=True))
    choice = cube.argmax(axis=2)
    entropy = -(cube * np.log(np.maximum(cube, 1e-12))).sum(axis=2)
    return pd.DataFrame(
        {
            "datetime": held_out["datetime"],
            **columns,
            "models_agree": (choice == choice[0]).all(axis=0),
            "avg_confidence": cube.max(axis=2).mean(axis=0).astype(np.float32),
            "avg_entropy": entropy.mean(axis=0).astype(np.float32),
            "y_true": held_out["label"],
            "fold": held_out["fold"].astype("int16"),
            "t1": held_out["t1"],
            "sample_weight": sample_weights(held_out, weights),
        }
    )


def unstack(stack: pd.DataFrame, models: list[str]) -> dict[str, pd.DataFrame]:
    """Each base model's predictions out of a stacking dataset, tables of schema PREDICTIONS."""
    return {
        model: stack[["datetime", *member_columns(model)]].set_axis(
            ["datetime", *PROBABILITIES], axis=1
        )
        for model in models
    }


def member_rows(table: pd.DataFrame, members: list[str]) -> FeatureRows:
    """The members' probabilities of a stacking dataset as model input."""
    names = tuple(c for member in members for c in member_columns(member))
    return FeatureRows(
        np.ascontiguousarray(table[list(names)].to_numpy(dtype=np.float32)),
        np.zeros(len(table), dtype=np.int32),
        np.arange(len(table)),
        names,
    )


def side_by_side(predictions: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Predictions of the same rows by several models, joined by time, columns as in stacking."""
    parts = [
        table.set_index("datetime").set_axis(list(member_columns(model)), axis=1)
        for model, table in predictions.items()
    ]
    joined = pd.concat(parts, axis=1, join="outer")
    if joined.isna().any(axis=None):
        raise ValueError(f"{', '.join(predictions)} predicted different rows")
    return joined.reset_index()


def mean_of(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """The mean of several models' predictions of the same rows, schema PREDICTIONS."""
    mean = np.mean([table[list(PROBABILITIES)].to_numpy(np.float64) for table in tables], axis=0)
    columns = dict(zip(PROBABILITIES, mean.T.astype(np.float32), strict=True))
    return pd.DataFrame({"datetime": tables[0]["datetime"], **columns})


def probabilities(table: pd.DataFrame) -> Float64Array2D:
    """(n, 3) probabilities of a predictions table."""
    return table[list(PROBABILITIES)].to_numpy(dtype=np.float64)
