"""The table of scores: every model beside its interval, both baselines, and its null.

Twice: walk-forward, which is the headline, and out-of-fold, which is what ensembles read.
"""

from typing import Any

import numpy as np
import pandas as pd

from mlfactory import metrics
from mlfactory._typing import Float64Array1D, Float64Array2D, Int64Array1D
from mlfactory.baselines import class_prior, fold_baselines
from mlfactory.comparisons import add_calibration, add_differences, best_members
from mlfactory.folds import as_stacked, by_refit, embargo_bars
from mlfactory.oof import TrainingSet, fold_rows, training_set
from mlfactory.significance import judge
from mlfactory.stacking import probabilities, unstack
from mlfactory.statistics import (
    Resamples,
    interval,
    resamples,
    sum_interval,
    wider,
)
from mlfactory.tables import plain
from mlfactory.walkforward import as_predictions, refits


class Scorer:
    """Scores predictions of one horizon's held-out rows against both baselines.

    Parameters
    ----------
    train, folds
        The training split, and its folds and labels.
    embargo
        ``sessions`` and ``min_bars``, as in the fits, so that the baselines see the same rows.
    refit
        When models were fitted anew, if they were walked forward; see `walkforward.refits`. Then
        ``folds`` holds refits in place of folds, and the baselines see the past only.
    bootstrap
        ``samples``, ``block_sessions`` (one length, or several: the wider interval is shown) and
        ``confidence``.
    seed
        Of the bootstrap; the same resamples for every model, so that differences are paired.
    """

    def __init__(
        self,
        train: pd.DataFrame,
        folds: pd.DataFrame,
        *,
        embargo: dict[str, int],
        bootstrap: dict[str, Any],
        seed: int,
        refit: dict[str, Any] | None = None,
    ) -> None:
        data = training_set(train, folds)
        fits = (
            _folds_of(data, embargo_bars(folds, **embargo))
            if refit is None
            else refits(data, folds["session"], **refit)
        )
        pairs = [(rows, held_out[data.labelled[held_out]]) for rows, held_out in fits]
        self.rows = np.sort(np.concatenate([scored for _, scored in pairs]))
        self.held_out = np.flatnonzero(data.fold >= 0)
        self.datetime = folds["datetime"]
        self.y = data.label[self.rows]
        self.fold = data.fold[self.rows]
        self.uniqueness = data.uniqueness[self.rows]
        self.baselines = {
            name: table[self.rows]
            for name, table in fold_baselines(train, data.label, pairs).items()
        }
        self.direction_prior = _direction_prior(data, pairs)[self.rows]
        session = folds["session"].to_numpy()[self.rows]
        self.resamples = resamples(
            session, bootstrap["block_sessions"], samples=bootstrap["samples"], seed=seed
        )
        self.confidence = bootstrap["confidence"]
        self.direction_error = 1.0 if refit is not None else _reuse(pairs, self.rows)

    def describe(self) -> dict[str, Any]:
        """Rows, effective rows, sessions and class shares of what is scored."""
        shares = np.bincount(self.y, minlength=3) / len(self.y)
        return {
            "rows": len(self.rows),
            "effective_rows": round(float(self.uniqueness.sum()), 1),
            "blocks": {str(r.sessions): r.n_blocks for r in self.resamples},
            "class_shares": dict(zip(("short", "neutral", "long"), shares.tolist(), strict=True)),
        }

    def score(self, table: pd.DataFrame) -> dict[str, Any]:
        """Scores of one model's predictions of the held-out rows, each with its interval.

        Parameters
        ----------
        table
            Schema PREDICTIONS, one row a held-out row of the training split.

        Returns
        -------
        ``log_loss``, ``gain_class_prior``, ``gain_volatility_clock_prior``, ``direction_gain``
        (nats), ``direction_auc`` within folds, ``calibration_error``: each value, low, high and
        the ``block_sessions`` and ``blocks`` of this interval, the widest; and ``macro_f1``.
        """
        p = self._predicted(table)
        found = [self._intervals(p, drawn) for drawn in self.resamples]
        return {**wider(found), "macro_f1": metrics.macro_f1(self.y, p)}

    def difference(self, table: pd.DataFrame, other: pd.DataFrame) -> dict[str, float | None]:
        """The log-loss of one model's predictions less that of another's, on the same rows.

        Returns
        -------
        ``value``, ``low``, ``high``, ``block_sessions`` and ``blocks``, nats, below 0 where the
        first is better; the resamples are those of `score`, so that the difference is paired. Of a
        single block nothing can be resampled: no ends.
        """
        losses = [metrics.log_losses(self.y, self._predicted(one)) for one in (table, other)]
        found = [
            {
                "of": interval(drawn.mean(losses[0] - losses[1]), self.confidence, drawn.n_blocks)
                | drawn.about
            }
            for drawn in self.resamples
        ]
        ends: dict[str, float | None] = {**wider(found)["of"]}
        one_block = self.resamples[0].n_blocks < 2
        return ends | {"low": None, "high": None} if one_block else ends

    def _predicted(self, table: pd.DataFrame) -> Float64Array2D:
        """Probabilities of the scored rows, sums of 1."""
        held_out = self.datetime.iloc[self.held_out].reset_index(drop=True)
        if not table["datetime"].reset_index(drop=True).equals(held_out):
            raise ValueError("the predictions are not of the held-out rows")
        p = probabilities(table)[np.searchsorted(self.held_out, self.rows)]
        return p / p.sum(axis=1, keepdims=True)

    def _intervals(self, p: Float64Array2D, drawn: Resamples) -> dict[str, dict[str, float]]:
        """Each score with its interval over blocks of one length."""
        loss = metrics.log_losses(self.y, p)
        samples = {"log_loss": drawn.mean(loss)}
        for name, baseline in self.baselines.items():
            samples[f"gain_{name}"] = drawn.mean(metrics.log_losses(self.y, baseline) - loss)
        terms = self.confidence, drawn.n_blocks
        found = {name: interval(s, *terms) for name, s in samples.items()}
        p_long = metrics.direction(p)
        error = self.direction_error if drawn is self.resamples[0] else 1.0
        for name, s in {
            "direction_gain": self._direction_gain(p_long, drawn),
            "direction_auc": self._direction_auc(p_long, drawn),
        }.items():
            found[name] = interval(s, *terms, error=error)
        found["calibration_error"] = sum_interval(self._calibration_gaps(p, drawn), *terms)
        return {name: {**ends, **drawn.about} for name, ends in found.items()}

    def _direction_gain(self, p_long: Float64Array1D, drawn: Resamples) -> Float64Array1D:
        gain = metrics.direction_log_losses(self.y, self.direction_prior)
        gain = gain - metrics.direction_log_losses(self.y, p_long)
        moved = (self.y != metrics.NEUTRAL).astype(float)
        return drawn.sums(gain) / drawn.sums(moved)

    def _direction_auc(self, p_long: Float64Array1D, resamples: Resamples) -> Float64Array1D:
        """AUC within each fold, averaged by non-neutral rows; pooling folds would bias it."""
        total = np.zeros(len(resamples.counts))
        weight = np.zeros(len(resamples.counts))
        for fold in np.unique(self.fold):
            rows = (self.fold == fold) & (self.y != metrics.NEUTRAL)
            present, block = np.unique(resamples.block[rows], return_inverse=True)
            counts = resamples.counts[:, present]
            long = self.y[rows] == metrics.LONG
            auc = metrics.block_weighted_auc(long, p_long[rows], block, counts)
            known = np.isfinite(auc)
            drawn = counts @ np.bincount(block)
            total += np.where(known, auc, 0.0) * drawn
            weight += np.where(known, drawn, 0.0)
        with np.errstate(invalid="ignore"):
            return total / weight

    def _calibration_gaps(self, p: Float64Array2D, drawn: Resamples) -> Float64Array2D:
        bins = metrics.calibration_bins(self.y, p)
        gap = p - np.eye(3)[self.y]
        sums = np.zeros((drawn.counts.shape[1], 3 * metrics.CALIBRATION_BINS))
        np.add.at(sums, (drawn.block[:, None], bins), gap)
        return metrics.calibration_gaps(drawn.counts @ sums, drawn.sums(np.ones(len(self.y))))


def _reuse(pairs: list[tuple[Int64Array1D, Int64Array1D]], scored: Int64Array1D) -> float:
    """Standard errors of a direction's scores in what resampling sessions says.

    A label that is scored trains the models that score other folds' rows, so that what two rows
    have to do with each other by chance is counted at both: the variance of a sum over ordered
    pairs is twice what it is where each pair is counted once, as walk-forward. Resampled rows keep
    their predictions and do not say so. It holds where there is nothing to find, and less so where
    predictions owe little to chance; the interval is then too wide. What clusters over days has
    been found, so that the longer blocks' interval, which is shown where it is the wider one, stays
    as it is. Measured by `benchmarks/validity.py`. Source, on the variance of a sum over pairs:
    Hoeffding, A Class of Statistics with Asymptotically Normal Distribution, 1948; on such
    intervals being too narrow: Bates, Hastie and Tibshirani, Cross-Validation: What Does It
    Estimate and How Well Does It Do It?, 2024.

    Parameters
    ----------
    pairs
        Training and scored rows of each fit.
    scored
        Of all fits.

    Returns
    -------
    From 1, where no training row is scored itself, to the root of 2, where all are.
    """
    train = np.concatenate([rows for rows, _ in pairs])
    return float(np.sqrt(1 + np.isin(train, scored).mean()))


def _folds_of(data: TrainingSet, embargo: int) -> list[tuple[Int64Array1D, Int64Array1D]]:
    numbers = np.unique(data.fold[data.fold >= 0])
    return [fold_rows(data, int(fold), embargo) for fold in numbers]


def _direction_prior(
    data: TrainingSet, pairs: list[tuple[Int64Array1D, Int64Array1D]]
) -> Float64Array1D:
    """Share of long among the non-neutral training rows of each row's fold, (n,)."""
    prior = np.full(len(data.label), np.nan)
    for train, scored in pairs:
        short, _, long = class_prior(data.label[train])
        prior[scored] = long / (short + long)
    return prior


def by_model(
    stack: pd.DataFrame, models: list[str], ensembles: dict[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Out-of-fold predictions of base models (from the stacking dataset) and of ensembles."""
    return unstack(stack, models) | ensembles


def null_replicates(
    folds: list[pd.DataFrame],
    stacks: list[pd.DataFrame],
    ensembles: list[pd.DataFrame],
    models: list[str],
    names: list[str],
) -> list[tuple[pd.DataFrame, dict[str, pd.DataFrame]]]:
    """Each replicate's folds and out-of-fold predictions by model.

    ``folds`` and ``stacks`` hold one table a replicate; ``ensembles`` one for each of ``names`` a
    replicate, replicate by replicate.
    """
    n = len(names)
    return [
        (
            as_stacked(table, stack),
            by_model(stack, models, dict(zip(names, ensembles[i * n : (i + 1) * n], strict=True))),
        )
        for i, (table, stack) in enumerate(zip(folds, stacks, strict=True))
    ]


def nulls_by_kind(
    counts: dict[str, int],
    replicates: list[tuple[pd.DataFrame, dict[str, pd.DataFrame]]],
    flipped: list[pd.DataFrame],
) -> dict[str, list[tuple[pd.DataFrame, ...]]]:
    """Replicates by kind, in the order of ``counts``; those of the last kind with their own rows.

    Parameters
    ----------
    counts
        Replicates of each kind; the last is ``sign_flip``.
    replicates
        All of them, see `null_replicates`.
    flipped
        The training split of each sign-flipped market.
    """
    found: dict[str, Any] = {}
    first = 0
    for kind, count in counts.items():
        found[kind] = replicates[first : first + count]
        first += count
    found["sign_flip"] = [
        (*replicate, train) for replicate, train in zip(found["sign_flip"], flipped, strict=True)
    ]
    return found


def by_replicate(models: list[str], tables: list[pd.DataFrame]) -> list[dict[str, pd.DataFrame]]:
    """Tables by model, one mapping a replicate, from a list replicate by replicate."""
    n = len(models)
    return [
        dict(zip(models, tables[at : at + n], strict=True)) for at in range(0, len(tables), n or 1)
    ]


def score_walks(
    train: pd.DataFrame,
    folds: pd.DataFrame,
    walks: list[dict[str, pd.DataFrame]],
    null_folds: list[pd.DataFrame],
    null_walks: list[dict[str, pd.DataFrame]],
    **settings: Any,
) -> dict[str, Any] | None:
    """Walk-forward scores, in the form of `score_models`; None where no model was walked.

    Parameters
    ----------
    train, folds
        The training split, and its folds and labels.
    walks
        Each model's walk-forward table; none or one such mapping.
    null_folds, null_walks
        Replicates' folds, and the same of those that were walked, the first ones.
    settings
        See `Scorer`.
    """
    if not walks:
        return None
    nulls = [
        (by_refit(table, next(iter(of_null.values()))), _plain(of_null))
        for table, of_null in zip(null_folds, null_walks, strict=False)
    ]
    by_block = by_refit(folds, next(iter(walks[0].values())))
    return score_models(train, by_block, _plain(walks[0]), {"session_shift": nulls}, **settings)


def _plain(walks: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {name: as_predictions(table) for name, table in walks.items()}


def score_models(
    train: pd.DataFrame,
    folds: pd.DataFrame,
    predictions: dict[str, pd.DataFrame],
    nulls: dict[str, list[tuple[Any, ...]]],
    probe: dict[str, Any] | None = None,
    ensembles: dict[str, list[str]] | None = None,
    trials: dict[str, int] | None = None,
    uncalibrated: dict[str, pd.DataFrame] | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """What ``scores_h{horizon}.json`` holds of one way to predict, all of it but ``walk_forward``.

    Parameters
    ----------
    train, folds
        The training split, and its folds and labels.
    predictions
        Each model's out-of-fold predictions.
    nulls
        For each kind of null its replicates: folds with the null's labels, each model's
        out-of-fold predictions from them, and the training split where it is another.
    probe
        The closed-form probe's scores and nulls, see `null_probe`.
    ensembles
        The members of each ensemble; one that has predictions is compared with the best of them.
    trials
        By model how many configurations were tried on the scored rows; see `significance.judge`.
    uncalibrated
        Out-of-fold predictions before calibration, of the models that are calibrated.
    settings
        See `Scorer`.

    Returns
    -------
    ``data`` (what is scored), ``settings``, ``probe``, and for every model its scores with, under
    ``nulls``, the same scores of each replicate; the gains with what `significance.judge` adds.
    """
    scorer = Scorer(train, folds, **settings)
    models: dict[str, Any] = {name: scorer.score(t) for name, t in predictions.items()}
    for scores in models.values():
        scores["nulls"] = {kind: [] for kind in nulls}
    for kind, replicates in nulls.items():
        for null_folds, null_predictions, *own_train in replicates:
            null = Scorer(own_train[0] if own_train else train, null_folds, **settings)
            for name, table in null_predictions.items():
                models[name]["nulls"][kind].append(null.score(table))
    add_calibration(models, scorer, predictions, uncalibrated or {})
    data, models = scorer.describe(), plain(models)
    judge(models, confidence=scorer.confidence, trials=trials or {})
    found = {"data": data, "settings": settings, "models": models}
    add_differences(models, scorer, predictions, best_members(found, ensembles or {}))
    return found | {"probe": probe or {}}
