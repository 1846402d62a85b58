"""Fitting a model on a fold's training rows, and predicting the rows it never saw.

Whatever is fitted here (scaler, complexity, model, calibration) reads the training rows of one fit
only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mlfactory import calibration as calibrations
from mlfactory import rankings, registry, selection, tuning
from mlfactory._typing import BoolArray1D, Float64Array1D, Float64Array2D, Int8Array1D, Int64Array1D
from mlfactory.bundles import Bundle, scaled
from mlfactory.folds import embargo_bars, intervals, training_rows
from mlfactory.inner_folds import inner_folds, inner_split
from mlfactory.model_inputs import n_selected
from mlfactory.models._base import Model
from mlfactory.models._device import CPU, Device
from mlfactory.models._rows import FeatureRows
from mlfactory.scaling import RobustScaler
from mlfactory.schemas import PROBABILITIES, SPLIT_MARKS, UNCALIBRATED
from mlfactory.weights import fit_weights


@dataclass(frozen=True)
class TrainingSet:
    """The training split of one horizon, as arrays; row i is the same bar in all of them.

    Attributes
    ----------
    features
        All n rows.
    label
        (n,) int8; -1 where unknown.
    start, end
        (n,) int64 ns: when a row's bar opens, and when its label is known (the bar's end where
        there is none).
    fold
        (n,) the fold that holds the row out; -1 for rows that are never held out.
    uniqueness
        (n,) average uniqueness; NaN where there is no label.
    quality
        (n,) score of the label's path; NaN where there is no label.
    """

    features: FeatureRows
    label: Int8Array1D
    start: Int64Array1D
    end: Int64Array1D
    fold: Int64Array1D
    uniqueness: Float64Array1D
    quality: Float64Array1D

    @property
    def labelled(self) -> BoolArray1D:
        """Rows that may be fitted and scored."""
        return self.label >= 0


def feature_rows(table: pd.DataFrame) -> FeatureRows:
    """All rows of a split table as model input."""
    names = tuple(c for c in table.columns if c not in SPLIT_MARKS)
    return FeatureRows(
        np.ascontiguousarray(table[list(names)].to_numpy(dtype=np.float32)),
        table["segment"].to_numpy(),
        np.arange(len(table)),
        names,
    )


def training_set(train: pd.DataFrame, folds: pd.DataFrame) -> TrainingSet:
    """Join a training split with its folds and labels, which must be of the same bars."""
    if not train["datetime"].equals(folds["datetime"]):
        raise ValueError("the training split and the folds are not of the same bars")
    start, end = intervals(folds)
    return TrainingSet(
        feature_rows(train),
        folds["label"].fillna(-1).to_numpy(dtype=np.int8),
        start,
        end,
        folds["fold"].fillna(-1).to_numpy(dtype=np.int64),
        folds["uniqueness"].to_numpy(),
        folds["quality"].to_numpy(),
    )


@dataclass(frozen=True)
class _Fit:
    """One way to fit: a model with what is prepared for it, all of it from the rows fitted on."""

    model: Model
    features: tuple[str, ...]
    scaling: bool
    weights: str
    seed: int

    def on(
        self, data: TrainingSet, rows: Int64Array1D, held_out: Int64Array1D | None
    ) -> tuple[RobustScaler | None, dict[str, Any]]:
        """Scale and fit on ``rows``; the model may stop early on ``held_out``."""
        label = data.label[rows]
        weight = fit_weights(
            self.weights,
            label=label,
            uniqueness=data.uniqueness[rows],
            quality=data.quality[rows],
        )
        X = data.features.take(rows).named(self.features)
        scaler = RobustScaler.fit(X.matrix()) if self.scaling else None
        X = scaled(X, scaler)
        validation = (None, None) if held_out is None else (X.take(held_out), data.label[held_out])
        metrics = self.model.fit(X, label, *validation, sample_weight=weight, seed=self.seed)
        return scaler, metrics

    def predict(
        self, data: TrainingSet, rows: Int64Array1D, scaler: RobustScaler | None
    ) -> Float64Array2D:
        """What the model, as it is fitted now, says of these rows."""
        return self.model.predict(scaled(data.features.take(rows).named(self.features), scaler))

    def unseen(
        self, data: TrainingSet, rows: Int64Array1D, n_folds: int, embargo_bars: int
    ) -> Float64Array2D:
        """Predictions of ``rows``, each by a fit on the other inner folds, purged.

        The complexity is the one already found, and the features are those of the fit; see
        `fit_rows`.
        """
        found = []
        key = "fit.calibration_folds"
        for train, held_out in inner_folds(data, rows, n_folds, embargo_bars, key):
            scaler, _ = self.on(data, train, None)
            found.append(self.predict(data, held_out, scaler))
        return np.concatenate(found)


def selected(
    data: TrainingSet,
    rows: Int64Array1D,
    model: dict[str, Any],
    ranking: Mapping[str, Any] | None,
    *,
    choice: Mapping[str, Any],
    ranked_by: Mapping[str, Any] = selection.RANKING,
    **fit: Any,
) -> tuple[str, ...]:
    """The features that a model reads when it is fitted on ``rows``; see `fit_rows`."""
    n_features = n_selected(model)
    if n_features is None:
        return data.features.names
    return rankings.chosen(
        ranking or selection.ranked(data, rows, **ranked_by, **fit),
        data.features.names,
        n_features=n_features,
        **choice,
    )


def fit_rows(
    data: TrainingSet,
    rows: Int64Array1D,
    *,
    model: dict[str, Any],
    fit_share: float,
    weights: str,
    threads: int,
    seed: int,
    origin: dict[str, Any],
    device: Device = CPU,
    ranking: Mapping[str, Any] | None = None,
    choice: Mapping[str, Any] = rankings.CHOICE,
    ranked_by: Mapping[str, Any] = selection.RANKING,
    embargo_bars: int = 240,
    calibration: str = calibrations.OFF,
    calibration_folds: int = 4,
) -> tuple[Bundle, dict[str, Any]]:
    """Fit a model on these rows: find its complexity on their purged tail, then refit on all.

    A calibration is fitted on predictions of all rows by fits on the other purged inner folds, with
    the complexity and the features found before, so that the model itself is the same with it and
    without. A model that is not refitted is too dear for that: the later half of its tail, purged,
    calibrates it and does not stop it early.

    Parameters
    ----------
    data
        The training split.
    rows
        The labelled rows to fit on; nothing else is read.
    model
        The model's yaml.
    fit_share
        Share of the rows that is fitted while the rest stops early.
    weights
        See `fit_weights`.
    threads, seed, device
        Passed to the model.
    origin
        What the bundle remembers of where it is from.
    ranking
        What `selection.ranked` gave for the same rows; made here where it is None and the model
        wants a selection.
    choice
        ``method`` and ``min_stability``; see `rankings.chosen`.
    ranked_by
        ``inner_folds`` and ``cluster_correlation`` of a ranking made here.
    embargo_bars
        Left out after inner held-out blocks, of a calibration and of a ranking made here.
    calibration
        ``off``, or one of `calibration.METHODS`.
    calibration_folds
        Inner folds that it is fitted by.

    Returns
    -------
    The bundle, and what is recorded of the training. A model that is not refitted (a neural one)
    stays fitted on the rows before the tail.
    """
    fitted = registry.make(model, threads, device)
    features = selected(
        data,
        rows,
        model,
        ranking,
        choice=choice,
        ranked_by=ranked_by,
        embargo_bars=embargo_bars,
        weights=weights,
        threads=threads,
        seed=seed,
    )
    fit = _Fit(fitted, features, model["needs"]["scaling"], weights, seed)
    metrics: dict[str, Any] = {"rows": len(rows), "device": fitted.computes_on}
    calibrates, found = calibration != calibrations.OFF, None
    refits, latest = fitted.REFITS or not fitted.wants_validation, rows
    if fitted.wants_validation:
        head, tail = inner_split(data, rows, fit_share)
        if calibrates and not refits:
            tail, latest = inner_split(data, tail, 0.5)
        scaler, stopping = fit.on(data, head, tail)
        metrics["early_stopping"] = {"rows": len(head), "stop_rows": len(tail), **stopping}
    if calibrates:
        p = (
            fit.unseen(data, rows, calibration_folds, embargo_bars)
            if refits
            else fit.predict(data, latest, scaler)
        )
        found = calibrations.fitted(calibration, p, data.label[latest])
        metrics["calibration"] = {"method": calibration, "rows": len(latest)}
    if refits:
        scaler, metrics["fit"] = fit.on(data, rows, None)
    metrics["importance"] = fitted.get_feature_importance()
    return Bundle(fitted, scaler, model["decomposition"], origin, found), metrics


def predictions(datetime: pd.Series, probabilities: Float64Array2D) -> pd.DataFrame:
    """A table of schema PREDICTIONS."""
    columns = dict(zip(PROBABILITIES, probabilities.T.astype(np.float32), strict=True))
    return pd.DataFrame({"datetime": datetime.reset_index(drop=True), **columns})


FULL = -2
"""The number of a fold that holds nothing out."""


def fold_number(name: str) -> int:
    """The number of a fold by the name that files have of it, ``full`` included."""
    return FULL if name == "full" else int(name)


def fold_rows(data: TrainingSet, fold: int, embargo: int) -> tuple[Int64Array1D, Int64Array1D]:
    """Labelled training rows of a fold, purged and embargoed, and all rows it holds out."""
    held_out = data.fold == fold
    train = training_rows(data.start, data.end, held_out, embargo)
    return np.flatnonzero(train & data.labelled), np.flatnonzero(held_out)


def rank_features(
    train: pd.DataFrame,
    folds: pd.DataFrame,
    *,
    fold: str,
    embargo: dict[str, int],
    **settings: Any,
) -> dict[str, Any]:
    """Rank all features on the training rows of a fold, or of the whole split; see `selection`.

    Parameters
    ----------
    train, folds
        The training split, and its folds and labels.
    fold
        The fold's number, or ``full``.
    embargo
        ``sessions`` and ``min_bars`` left out after a held-out block, inner ones too.
    settings
        See `selection.ranked`.
    """
    data = training_set(train, folds)
    bars = embargo_bars(folds, **embargo)
    rows, _ = fold_rows(data, fold_number(fold), bars)
    return selection.ranked(data, rows, embargo_bars=bars, **settings)


def tune_fold(
    train: pd.DataFrame,
    folds: pd.DataFrame,
    *,
    embargo: dict[str, int],
    model: dict[str, Any],
    ranking: Mapping[str, Any] | None = None,
    choice: Mapping[str, Any] = rankings.CHOICE,
    trials: int,
    inner_folds: int,
    spread: float,
    pruning: bool,
    origin: dict[str, Any],
    fit_share: float,
    device: Device = CPU,
    **fit: Any,
) -> dict[str, Any]:
    """Search a model's parameters on the training rows of a fold, or of the whole split.

    Parameters
    ----------
    train, folds, embargo
        As in `rank_features`.
    model, ranking, choice, fit_share, device, fit
        As in `fit_rows`. The features are those of the fit: inner held-out rows had a part in
        their ranking, for every trial alike.
    trials, inner_folds, spread, pruning
        See `tuning.search`.
    origin
        ``model``, ``horizon`` and ``fold`` name the study.
    """
    data = training_set(train, folds)
    bars = embargo_bars(folds, **embargo)
    rows, _ = fold_rows(data, fold_number(origin["fold"]), bars)
    features = selected(data, rows, model, ranking, choice=choice, embargo_bars=bars, **fit)
    given = tuning.trials_on(
        data,
        rows,
        model=model,
        features=features,
        n_folds=inner_folds,
        embargo_bars=bars,
        fit_share=fit_share,
        device=device,
        **fit,
    )
    name = "tuning_{model}_h{horizon}_fold{fold}".format(**origin)
    return tuning.search(given, name=name, n_trials=trials, spread=spread, pruning=pruning)


def fit_fold(
    train: pd.DataFrame, folds: pd.DataFrame, *, fold: int, embargo: dict[str, int], **fit: Any
) -> tuple[Bundle, pd.DataFrame, dict[str, Any]]:
    """Fit a model on one fold's training rows and predict the rows that the fold holds out.

    Parameters
    ----------
    train, folds
        The training split, and its folds and labels.
    fold
        The fold that is held out.
    embargo
        ``sessions`` and ``min_bars`` left out after the held-out block.
    fit
        See `fit_rows`.

    Returns
    -------
    The bundle; the predictions of every held-out row, labelled or not, with a calibration also the
    probabilities before it (see `schemas.held_out`); the training's record.
    """
    data = training_set(train, folds)
    bars = embargo_bars(folds, **embargo)
    rows, held_out = fold_rows(data, fold, bars)
    bundle, metrics = fit_rows(data, rows, embargo_bars=bars, **fit)
    before = bundle.uncalibrated(data.features.take(held_out))
    table = predictions(train["datetime"].iloc[held_out], bundle.calibrated(before))
    if bundle.calibration is not None:
        table[list(UNCALIBRATED)] = before.astype(np.float32)
    return bundle, table, metrics


def fit_full(train: pd.DataFrame, folds: pd.DataFrame, **fit: Any) -> tuple[Bundle, dict[str, Any]]:
    """Fit a model on every labelled row of the training split; see `fit_rows`."""
    data = training_set(train, folds)
    return fit_rows(data, np.flatnonzero(data.labelled), **fit)


def mean_prediction(table: pd.DataFrame, bundles: list[Bundle]) -> pd.DataFrame:
    """The mean of several models' probabilities for every row of a split."""
    X = feature_rows(table)
    return predictions(table["datetime"], np.mean([b.predict(X) for b in bundles], axis=0))
