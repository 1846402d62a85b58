"""What a model must beat: priors fitted on the same training rows, knowing nothing of direction."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from mlfactory._typing import Float64Array1D, Float64Array2D, Int8Array1D, Int64Array1D

CLOCK = "minutes_since_open"
VOLATILITY = ("historical_volatility_20", "historical_volatility_60")
CLOCK_CELLS = 24
VOLATILITY_CELLS = 10


def class_prior(y: Int8Array1D) -> Float64Array1D:
    """Class frequencies of training rows, (3,), each class counted once more than seen."""
    counts = np.bincount(y, minlength=3) + 1.0
    return counts / counts.sum()


def cells(table: pd.DataFrame, train: Int64Array1D) -> Float64Array2D:
    """One column a quantile cell of each key, (n, 44) of 0 and 1; edges from training rows."""
    fast, slow = (table[name].to_numpy(dtype=np.float64) for name in VOLATILITY)
    keys = (
        (table[CLOCK].to_numpy(dtype=np.float64), CLOCK_CELLS),
        (slow, VOLATILITY_CELLS),
        (fast / np.maximum(slow, 1e-12), VOLATILITY_CELLS),
    )
    columns = []
    for values, n_cells in keys:
        edges = np.quantile(values[train], np.arange(1, n_cells) / n_cells)
        cell = np.searchsorted(edges, values, side="right")
        columns.append(np.eye(n_cells)[cell])
    return np.hstack(columns)


def volatility_clock_prior(
    table: pd.DataFrame, y: Int8Array1D, train: Int64Array1D, scored: Int64Array1D
) -> Float64Array2D:
    """Class probabilities by time of day, level of volatility and its recent change.

    A multinomial logistic regression on quantile cells; cells and coefficients are learnt from
    the training rows.

    Parameters
    ----------
    table
        Feature rows; reads ``minutes_since_open`` and historical volatility over 20 and 60 bars.
    y
        (n,) labels of all rows; those of ``scored`` are not read.
    train, scored
        Row numbers.

    Returns
    -------
    (len(scored), 3) probabilities; a class without training rows has its class prior.
    """
    X = cells(table, train)
    model = LogisticRegression(C=1.0, solver="newton-cholesky").fit(X[train], y[train])
    out = np.tile(class_prior(y[train]), (len(scored), 1))
    out[:, model.classes_] = model.predict_proba(X[scored])
    return out / out.sum(axis=1, keepdims=True)


def fold_baselines(
    table: pd.DataFrame, y: Int8Array1D, folds: list[tuple[Int64Array1D, Int64Array1D]]
) -> dict[str, Any]:
    """Both baselines' predictions of every scored row, fold by fold.

    Parameters
    ----------
    table
        The training split.
    y
        (n,) labels, -1 where unknown.
    folds
        For each fold its labelled training rows and its labelled held-out rows.

    Returns
    -------
    ``class_prior`` and ``volatility_clock_prior``: (n, 3), NaN in rows that no fold scores.
    """
    out = {name: np.full((len(y), 3), np.nan) for name in ("class_prior", "volatility_clock_prior")}
    for train, scored in folds:
        out["class_prior"][scored] = class_prior(y[train])
        out["volatility_clock_prior"][scored] = volatility_clock_prior(table, y, train, scored)
    return out
