"""How far new rows are from those that a model was fitted on, beside how far past rows were.

Any stretch of a market differs from the rest of it. What is measured of new rows is therefore also
measured of stretches as long within the training rows, each against the others.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mlfactory._typing import Float32Array2D, Float64Array1D
from mlfactory.drift import population_stability_index

LEAST_ROWS = 200
"""New rows below which nothing is said."""

PAST_STRETCHES = 20
"""With so many, new rows are above all of them by chance about once in 20 times."""

_LARGEST_SHARE = 0.25
_REFERENCE_ROWS = 5_000
_CLASSIFIED_ROWS = 500


@dataclass(frozen=True)
class Measured:
    """One measure of the new rows, and of each past stretch."""

    value: float
    past: Float64Array1D

    @property
    def unseen(self) -> bool:
        """Whether no past stretch was as far from the rest."""
        return bool(self.value > self.past.max())


@dataclass(frozen=True)
class Novelty:
    """What `novelty` found.

    Attributes
    ----------
    rows
        How many new rows, the last ones, were compared; a past stretch has as many.
    stability
        Population stability index, the mean over columns.
    columns
        (k,) the index of each column.
    classified
        AUC of a classifier of old against new rows, over rows that it was not fitted on: 0.5
        where nothing tells them apart.
    """

    rows: int
    stability: Measured
    columns: Float64Array1D
    classified: Measured

    @property
    def unseen(self) -> bool:
        """Whether either measure is above that of every past stretch."""
        return self.stability.unseen or self.classified.unseen


def novelty(train: Float32Array2D, new: Float32Array2D) -> Novelty | None:
    """Compare new rows with a model's training rows.

    Parameters
    ----------
    train
        (m, k) training rows in order of time, no missing values.
    new
        (n, k) later rows in order of time, the same columns.

    Returns
    -------
    None below `LEAST_ROWS` new rows, or where `LEAST_ROWS` are above a quarter of the training
    rows. Of more new rows than a quarter of the training rows the last ones are compared.
    """
    n = min(len(new), len(train) // 4)
    if n < LEAST_ROWS:
        return None
    later = new[-n:]
    columns = population_stability_index(_thinned(train, _REFERENCE_ROWS), later)
    starts = np.linspace(0, len(train) - n, PAST_STRETCHES).astype(np.int64)

    def past(measure: Callable[[Float32Array2D, Float32Array2D], float]) -> Float64Array1D:
        found = []
        for start in starts:
            others = np.concatenate([train[:start], train[start + n :]])
            found.append(measure(others, train[start : start + n]))
        return np.array(found)

    return Novelty(
        rows=n,
        stability=Measured(float(columns.mean()), past(_mean_index)),
        columns=columns,
        classified=Measured(auc_of_old_against_new(train, later), past(auc_of_old_against_new)),
    )


def auc_of_old_against_new(old: Float32Array2D, new: Float32Array2D) -> float:
    """How well a logistic regression tells new rows from old ones that it was not fitted on.

    Parameters
    ----------
    old, new
        (m, k) and (n, k) rows in order of time; evenly thinned where there are many.

    Returns
    -------
    Mean AUC of two fits: each half of the rows, cut in time, scored by a fit on the other half.
    Rows beside each other are alike, so halves at random would tell nearly any two stretches apart.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer

    size = min(_CLASSIFIED_ROWS, len(new), len(old))
    old, new = _thinned(old, size), _thinned(new, size)
    X, y = np.concatenate([old, new]), np.repeat([0, 1], [len(old), len(new)])
    first = np.concatenate([np.arange(len(rows)) < len(rows) // 2 for rows in (old, new)])
    found = []
    for fitted in (first, ~first):
        model = make_pipeline(
            QuantileTransformer(n_quantiles=min(100, int(fitted.sum()))),
            LogisticRegression(C=0.1, max_iter=200),
        )
        model.fit(X[fitted], y[fitted])
        found.append(roc_auc_score(y[~fitted], model.decision_function(X[~fitted])))
    return float(np.mean(found))


def largest(columns: Float64Array1D, names: tuple[str, ...], count: int = 3) -> str:
    """The columns that moved farthest in words; nothing where none has moved much."""
    order = np.argsort(-columns, kind="stable")[:count]
    return ", ".join(f"{names[i]} {columns[i]:.2f}" for i in order if columns[i] > _LARGEST_SHARE)


def _mean_index(reference: Float32Array2D, later: Float32Array2D) -> float:
    return float(population_stability_index(_thinned(reference, _REFERENCE_ROWS), later).mean())


def _thinned(rows: Float32Array2D, size: int) -> Float32Array2D:
    """At most ``size`` rows, evenly spaced."""
    if len(rows) <= size:
        return rows
    return rows[np.linspace(0, len(rows) - 1, size).astype(np.int64)]
