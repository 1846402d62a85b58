"""A closed-form model that is scored on hundreds of nulls for the price of one fit.

Ridge regressions of the three classes on every scaled feature, out of fold. Which rows train and
which are held out is the same for all labels, so all that depends on features alone is made once;
another set of labels costs two matrix products a fold.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mlfactory import metrics
from mlfactory._typing import Float64Array1D, Float64Array2D, Int8Array1D
from mlfactory.baselines import cells
from mlfactory.folds import embargo_bars, training_rows
from mlfactory.nulls import KINDS, shift_labels
from mlfactory.oof import feature_rows
from mlfactory.scaling import RobustScaler
from mlfactory.splitters import Block, runs
from mlfactory.times import nanoseconds

PENALTY = 10.0
"""Ridge penalty a training row; strong, as overlapping labels are worth far fewer rows."""

LEAST_PROBABILITY = 0.01
"""Linear probabilities are kept at least this far from 0."""

SCORES = ("gain_class_prior", "gain_volatility_clock_prior", "direction_gain", "direction_auc")

QUANTILES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)

_CELLS_PENALTY = 1e-3
_AT_ONCE = 20
"""Sets of labels that are fitted together: a bound on memory."""


@dataclass(frozen=True)
class _Ridge:
    """A ridge regression of anything on fixed rows: what it makes of targets is linear in them.

    ``inputs`` are (n, k), of which the rows of the blocks ``train`` are learnt from; ``mean`` (k,)
    is theirs and ``solved`` (k, k) the inverse of their moments about it with the penalty.
    """

    inputs: np.ndarray
    train: list[Block]
    mean: Float64Array1D
    solved: Float64Array2D

    @classmethod
    def of(cls, inputs: np.ndarray, train: list[Block], penalty: float) -> "_Ridge":
        """Prepare inputs; the penalty is a training row's."""
        n = sum(stop - first for first, stop in train)
        parts = [inputs[first:stop] for first, stop in train]
        mean = np.sum([part.sum(axis=0, dtype=np.float64) for part in parts], axis=0) / n
        moments = np.sum([part.T @ part for part in parts], axis=0, dtype=np.float64)
        moments -= n * np.outer(mean, mean)
        moments[np.diag_indices_from(moments)] += penalty * n
        return cls(inputs, train, mean, np.linalg.inv(moments))

    def predict(self, targets: np.ndarray, held_out: list[Block]) -> Float64Array2D:
        """What (n, t) targets, less their means over training rows, make of the held-out rows."""
        parts = [(self.inputs[first:stop], targets[first:stop]) for first, stop in self.train]
        moments = np.sum([x.T @ y for x, y in parts], axis=0, dtype=np.float64)
        moments -= np.outer(self.mean, np.sum([y.sum(axis=0) for _, y in parts], axis=0))
        weights = self.solved @ moments
        scored = np.concatenate([self.inputs[first:stop] for first, stop in held_out])
        out: Float64Array2D = scored @ weights.astype(self.inputs.dtype) - self.mean @ weights
        return out


@dataclass(frozen=True)
class _Fold:
    """Rows of one fold, and its two regressions: on features, and on volatility and clock."""

    train: list[Block]
    held_out: list[Block]
    features: _Ridge
    baseline: _Ridge


class Probe:
    """The ridge of one market's training split.

    Parameters
    ----------
    train, folds
        The training split, and its folds and labels. A row trains nothing when the longest label
        of the split, begun at it, would meet that of a held-out row: the same rows whatever the
        labels are.
    embargo
        ``sessions`` and ``min_bars``.
    """

    def __init__(
        self, train: pd.DataFrame, folds: pd.DataFrame, *, embargo: dict[str, int]
    ) -> None:
        values = feature_rows(train).values
        columns = np.ascontiguousarray(values.T)  # sorted by the scalers, each in one piece
        longest = int(folds["bars_held"].max())
        start, ends = nanoseconds(folds["datetime"]), nanoseconds(folds["end"])
        end = ends[np.minimum(np.arange(len(folds)) + longest, len(folds) - 1)]
        number = folds["fold"].fillna(-1).to_numpy(dtype=np.int64)
        bars = embargo_bars(folds, **embargo)
        self.folds = []
        for fold in np.unique(number[number >= 0]):
            rows = training_rows(start, end, number == fold, bars)
            blocks, held_out = runs(rows), runs(number == fold)
            trained = np.concatenate([columns[:, first:stop] for first, stop in blocks], axis=1)
            scaled = RobustScaler.fit(trained.T).transform(values)
            clock = cells(train, np.flatnonzero(rows)).astype(np.float32)
            features = _Ridge.of(scaled, blocks, PENALTY)
            baseline = _Ridge.of(clock, blocks, _CELLS_PENALTY)
            self.folds.append(_Fold(blocks, held_out, features, baseline))

    def scores(self, labels: list[Int8Array1D]) -> list[dict[str, float]]:
        """The scores of each set of (n,) labels, -1 where unknown, out of fold."""
        found = []
        for first in range(0, len(labels), _AT_ONCE):
            some = np.stack(labels[first : first + _AT_ONCE])
            parts = [self._of_fold(fold, some) for fold in self.folds]
            found += [_scores([part[i] for part in parts]) for i in range(len(some))]
        return found

    def _of_fold(self, fold: _Fold, labels: np.ndarray) -> list["_Held"]:
        """Each set of labels' held-out labels, probabilities and priors."""
        ordered = np.ascontiguousarray(labels.T)  # (n, sets)
        targets = (ordered[:, :, None] == np.arange(3)).astype(np.float32)
        of_train = np.concatenate([targets[first:stop] for first, stop in fold.train])
        counts = of_train.sum(axis=0, dtype=np.float64)
        priors = (counts + 1.0) / (counts.sum(axis=1, keepdims=True) + 3.0)
        targets -= priors.astype(np.float32)
        targets[ordered < 0] = 0.0
        flat = targets.reshape(len(targets), -1)
        made = [ridge.predict(flat, fold.held_out) for ridge in (fold.features, fold.baseline)]
        held = np.concatenate([labels[:, first:stop] for first, stop in fold.held_out], axis=1)
        return [
            _Held.of(held[i], priors[i], *(values[:, 3 * i : 3 * i + 3] for values in made))
            for i in range(len(labels))
        ]


@dataclass(frozen=True)
class _Held:
    """Labelled held-out rows of one fold: labels, the model's, the baseline's and the prior's."""

    y: Int8Array1D
    p: Float64Array2D
    baseline: Float64Array2D
    prior: Float64Array2D

    @classmethod
    def of(
        cls,
        y: Int8Array1D,
        prior: np.ndarray,
        features: Float64Array2D,
        baseline: Float64Array2D,
    ) -> "_Held":
        """Add the prior to what the regressions say, and keep it a probability."""
        rows = y >= 0
        tables = (np.clip(prior + t[rows], LEAST_PROBABILITY, None) for t in (features, baseline))
        p, base = (table / table.sum(axis=1, keepdims=True) for table in tables)
        return cls(y[rows], p, base, np.tile(prior, (int(rows.sum()), 1)))


def _scores(parts: list[_Held]) -> dict[str, float]:
    """Scores over all folds; the AUC within each, by its non-neutral rows."""
    y = np.concatenate([part.y for part in parts])
    p, base, prior = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("p", "baseline", "prior")
    )
    loss = metrics.log_losses(y, p)
    moved = y != metrics.NEUTRAL
    side, prior_side = (
        metrics.direction_log_losses(y, metrics.direction(table))[moved] for table in (p, prior)
    )
    aucs = np.array([_auc(part) for part in parts])
    weight = np.array([(part.y != metrics.NEUTRAL).sum() for part in parts]) * np.isfinite(aucs)
    return {
        "gain_class_prior": float((metrics.log_losses(y, prior) - loss).mean()),
        "gain_volatility_clock_prior": float((metrics.log_losses(y, base) - loss).mean()),
        "direction_gain": float((prior_side - side).mean()),
        "direction_auc": float(np.nansum(aucs * weight) / max(weight.sum(), 1)),
    }


def _auc(part: _Held) -> float:
    moved = part.y != metrics.NEUTRAL
    auc = metrics.block_weighted_auc(
        part.y[moved] == metrics.LONG,
        metrics.direction(part.p[moved]),
        np.zeros(int(moved.sum()), dtype=np.int64),
        np.ones((1, 1)),
    )
    return float(auc[0])


def labels_of(folds: pd.DataFrame) -> Int8Array1D:
    """(n,) labels, -1 where unknown."""
    return folds["label"].fillna(-1).to_numpy(dtype=np.int8)


def probe_nulls(
    train: pd.DataFrame,
    folds: pd.DataFrame,
    flipped: Iterable[tuple[pd.DataFrame, pd.DataFrame]],
    *,
    embargo: dict[str, int],
    shifts: int,
    seed: int,
) -> dict[str, Any]:
    """The content of ``nulls/probe_h{horizon}.json``: the probe's scores beside their nulls.

    Parameters
    ----------
    train, folds
        The training split, and its folds and labels.
    flipped
        The same of each sign-flipped market; see `flipped_markets`.
    embargo
        ``sessions`` and ``min_bars``.
    shifts
        Replicates of each kind of moved labels.
    seed
        Of the shifts.
    """
    probe = Probe(train, folds, embargo=embargo)
    (own,) = probe.scores([labels_of(folds)])
    nulls = {
        kind: probe.scores(
            [
                labels_of(shift_labels(folds, seed=seed, replicate=i, kind=kind))
                for i in range(shifts)
            ]
        )
        for kind in KINDS
    }
    nulls["sign_flip"] = [
        score
        for other, table in flipped
        for score in Probe(other, table, embargo=embargo).scores([labels_of(table)])
    ]
    return summary(own, nulls)


def summary(
    own: dict[str, float], nulls: dict[str, list[dict[str, float]]]
) -> dict[str, dict[str, Any]]:
    """What ``nulls/probe_h{horizon}.json`` holds.

    Returns
    -------
    For each score its ``value`` and, by kind of null, ``values`` in ascending order, their
    ``count``, ``mean``, ``quantiles`` (by level), and ``p_value``: the share of all draws, the data
    itself among them, that score as high. Source: Phipson and Smyth, Permutation P-values Should
    Never Be Zero, 2010. A kind without replicates is left out.
    """
    return {
        name: {
            "value": own[name],
            "nulls": {
                kind: _distribution(own[name], [one[name] for one in drawn])
                for kind, drawn in nulls.items()
                if drawn
            },
        }
        for name in SCORES
    }


def _distribution(value: float, drawn: list[float]) -> dict[str, Any]:
    values = np.sort([one for one in drawn if np.isfinite(one)])
    return {
        "count": len(values),
        "mean": float(values.mean()),
        "quantiles": {str(q): float(np.quantile(values, q)) for q in QUANTILES},
        "p_value": float((1 + (values >= value).sum()) / (1 + len(values))),
        "values": values.tolist(),
    }
