"""Parts of a fit's own training rows, for what is chosen or calibrated beside the fit."""

from typing import TYPE_CHECKING

import numpy as np

from mlfactory._typing import Int64Array1D
from mlfactory.errors import UserError
from mlfactory.folds import fold_numbers, overlapping, training_rows

if TYPE_CHECKING:
    from mlfactory.oof import TrainingSet


def inner_folds(
    data: "TrainingSet", rows: Int64Array1D, n_folds: int, embargo_bars: int, key: str
) -> list[tuple[Int64Array1D, Int64Array1D]]:
    """Contiguous purged folds of a fit's training rows, in time order.

    Parameters
    ----------
    data
        The training split.
    rows
        (m,) labelled rows of the fit, ascending; no other is in any inner fold.
    n_folds
        How many, at least 2.
    embargo_bars
        Bars left out after an inner held-out block's last label has ended.
    key
        The config's key of ``n_folds``, for the message.

    Returns
    -------
    (train, held_out) row numbers of each inner fold, ascending. Each of ``rows`` is held out once.

    Raises
    ------
    UserError
        When an inner fold has fewer than two classes to fit.
    """
    number = fold_numbers(len(rows), n_folds)
    found = []
    for fold in range(n_folds):
        held_out = np.zeros(len(data.start), dtype=bool)
        held_out[rows[number == fold]] = True
        free = training_rows(data.start, data.end, held_out, embargo_bars)
        train = rows[free[rows]]
        if len(np.unique(data.label[train])) < 2:
            raise UserError(
                f"config: {key}={n_folds}: inner fold {fold} of {len(rows)} training rows keeps "
                f"{len(train)} of fewer than two classes after purge and embargo; lower "
                "folds.embargo, or get more data"
            )
        found.append((train, rows[number == fold]))
    return found


def inner_split(
    data: "TrainingSet", rows: Int64Array1D, fit_share: float
) -> tuple[Int64Array1D, Int64Array1D]:
    """Cut a fit's rows once in time: the head to fit, the tail to stop early on.

    Head rows whose label reaches into the tail are purged.

    Returns
    -------
    (head, tail): row numbers, ascending.
    """
    cut = round(fit_share * len(rows))
    tail = np.zeros(len(data.start), dtype=bool)
    tail[rows[cut:]] = True
    reaching = overlapping(data.start, data.end, tail)
    head = rows[:cut]
    return head[~reaching[head]], rows[cut:]
