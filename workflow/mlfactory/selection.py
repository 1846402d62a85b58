"""How much each feature matters on the rows that are fitted; `rankings` chooses by it."""

from typing import TYPE_CHECKING, Any

import numpy as np

from mlfactory import importance
from mlfactory._typing import Float64Array1D, Int64Array1D
from mlfactory.inner_folds import inner_folds
from mlfactory.models._forest import bin_edges, to_bins
from mlfactory.rankings import order
from mlfactory.weights import fit_weights

if TYPE_CHECKING:
    from mlfactory.oof import TrainingSet

METHODS = ("mdi", "mda", "clustered_mda", "sfi")

RANKING: dict[str, Any] = {"inner_folds": 3, "cluster_correlation": 0.7}
"""How features are ranked where no file of a selection is at hand; the config's defaults."""

_EVERY = 3
"""One held-out row in so many is permuted: labels overlap, and the others say the same."""

_DIGITS = 8


def ranked(
    data: "TrainingSet",
    rows: Int64Array1D,
    *,
    inner_folds: int,
    cluster_correlation: float,
    embargo_bars: int,
    weights: str,
    threads: int,
    seed: int,
) -> dict[str, Any]:
    """How much each feature matters, by four methods, in each inner fold of a fit's rows.

    Parameters
    ----------
    data
        The training split.
    rows
        The labelled rows of the fit, and nothing else is read: a feature chosen by rows that are
        scored leaks. The latest of them, which stop a fit early, are among them.
    inner_folds, embargo_bars
        See `inner_folds.inner_folds`.
    cluster_correlation
        See `importance.clusters`.
    weights
        See `weights.fit_weights`.
    threads, seed
        Of the forests; results do not depend on ``threads``.

    Returns
    -------
    The content of a selection's file. ``features`` has of each feature its ``cluster`` and its
    importance in each inner fold: ``mdi``, decrease in Gini impurity, on the inner fold's training
    rows; ``mda``, rise in log-loss when it is permuted, ``clustered_mda``, the same of its cluster,
    shared out by ``mdi`` among those in it, and ``sfi``, gain in log-loss over the class shares of
    the feature alone, on the rows that the inner fold holds out. ``ranking`` names all by the mean
    over inner folds, the best first.

    Raises
    ------
    UserError
        When the rows are too few for the inner folds.
    """
    values, names = data.features.take(rows).matrix(), data.features.names
    cluster = importance.clusters(
        to_bins(values, bin_edges(values, importance.BINS)), cluster_correlation
    )
    parts = _parts(data, rows, inner_folds, embargo_bars)
    found = [_of_fold(data, *part, cluster, weights, threads, seed) for part in parts]
    tables = {m: np.round([one[m] for one in found], _DIGITS) for m in METHODS}
    return {
        "rows": len(rows),
        "inner_folds": [{"rows": len(t), "held_out_rows": len(h)} for t, h in parts],
        "ranking": {m: [names[i] for i in order(table)] for m, table in tables.items()},
        "features": {
            name: {"cluster": int(cluster[i])}
            | {m: table[:, i].tolist() for m, table in tables.items()}
            for i, name in enumerate(names)
        },
    }


def _parts(
    data: "TrainingSet", rows: Int64Array1D, n_folds: int, embargo_bars: int
) -> list[tuple[Int64Array1D, Int64Array1D]]:
    return inner_folds(data, rows, n_folds, embargo_bars, "selection.inner_folds")


def _of_fold(
    data: "TrainingSet",
    train: Int64Array1D,
    held_out: Int64Array1D,
    cluster: Int64Array1D,
    weights: str,
    threads: int,
    seed: int,
) -> dict[str, Float64Array1D]:
    """The importance of each feature by method in one inner fold, its bins from ``train``."""
    label = data.label[train]
    weight = fit_weights(
        weights, label=label, uniqueness=data.uniqueness[train], quality=data.quality[train]
    )
    values, unseen = (data.features.take(part).matrix() for part in (train, held_out))
    edges = bin_edges(values, importance.BINS)
    binned, unseen = to_bins(values, edges), to_bins(unseen, edges)
    forest, mdi = importance.grown(binned, label, weight, threads, seed)
    y = data.label[held_out]
    single = [np.array([i]) for i in range(len(cluster))]
    together = [np.flatnonzero(cluster == c) for c in range(int(cluster.max()) + 1)]
    several = [group for group in together if len(group) > 1]
    losses = importance.permuted_loss(forest, unseen[::_EVERY], y[::_EVERY], single + several, seed)
    mda = losses[: len(single)]
    clustered = mda.copy()
    for group, loss in zip(several, losses[len(single) :], strict=True):
        clustered[group] = loss * mdi[group] / max(mdi[group].sum(), np.finfo(float).tiny)
    return {
        "mdi": mdi,
        "mda": mda,
        "clustered_mda": clustered,
        "sfi": importance.alone(binned, label, weight, unseen, y),
    }
