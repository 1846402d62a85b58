"""A cheap fixed model whose trades say how much a set of barriers is worth.

A ridge regression of the labels' sides on scaled features, out of fold. Which rows train and which
are held out is the same for all barriers, so all that depends on features alone is made once.
"""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from mlfactory._typing import Float64Array1D, Float64Array2D, Int8Array1D, Int64Array1D
from mlfactory.folds import fold_numbers, training_rows

N_FOLDS = 5
PENALTY = 1.0
"""Ridge penalty a training row: a feature of variance 1 keeps half of its coefficient."""

EDGE = 1.0
"""How far a signal must be from 0 to be traded, in its standard deviations over training rows.

# ASSUME a fixed quantile rather than a fixed probability: about a third of the rows are candidates
whatever the barriers, so that no barriers win by never being traded.
"""


@dataclass(frozen=True)
class _Fold:
    """One fold: the rows it holds out, and what is fixed about those that train it."""

    held_out: slice
    n_train: int
    mean: Float64Array1D
    moments: Float64Array2D
    inverse: Float64Array2D


class Probe:
    """Ridge regressions on purged folds.

    Parameters
    ----------
    features
        (m, k) scaled features, no missing values.
    start, end
        (m,) int64 ascending: where each row stands, and the end of the longest window that its
        label may have. A row whose window touches that of any held-out row trains nothing.
    """

    def __init__(self, features: Float64Array2D, start: Int64Array1D, end: Int64Array1D) -> None:
        self.features = features
        number = fold_numbers(len(start), N_FOLDS)
        train = [training_rows(start, end, number == fold, 0) for fold in range(N_FOLDS)]
        self._train = np.column_stack(train).astype(np.float64)
        self._folds = [
            self._fold(np.flatnonzero(number == fold), train[fold]) for fold in range(N_FOLDS)
        ]

    def _fold(self, held_out: Int64Array1D, train: np.ndarray) -> _Fold:
        rows = self.features[train]
        mean = rows.mean(axis=0)
        rows = rows - mean
        moments = rows.T @ rows
        inverse = np.linalg.inv(moments + PENALTY * len(rows) * np.eye(len(mean)))
        block = slice(int(held_out[0]), int(held_out[-1]) + 1)
        return _Fold(block, len(rows), mean, moments, inverse)

    def sides(self, y: Float64Array1D) -> Int8Array1D:
        """What to do at each row, by a model that saw neither it nor any window that overlaps it.

        Parameters
        ----------
        y
            (m,) -1 short, 0 neither, 1 long.

        Returns
        -------
        (m,) int8: the sign of the prediction less the training rows' mean ``y`` where it is beyond
        `EDGE` standard deviations, else 0. The mean is what the barriers' asymmetry alone makes.
        """
        sums = self.features.T @ (self._train * y[:, None])
        means = (y @ self._train) / self._train.sum(axis=0)
        out = np.zeros(len(y), dtype=np.int8)
        for fold, total, mean in zip(self._folds, sums.T, means, strict=True):
            beta = fold.inverse @ (total - fold.n_train * fold.mean * mean)
            edge = EDGE * np.sqrt(max(beta @ fold.moments @ beta, 0.0) / fold.n_train)
            signal = self.features[fold.held_out] @ beta - fold.mean @ beta
            out[fold.held_out] = np.where(np.abs(signal) > edge, np.sign(signal), 0.0)
        return out


def trades(side: Int8Array1D, start: Int64Array1D, held: Int64Array1D) -> Int64Array1D:
    """Rows at which a position is opened when there is never more than one.

    Parameters
    ----------
    side
        (m,) 0 where nothing is to be done.
    start
        (m,) int64 ascending, the bar of each row.
    held
        (m,) bars until the position is closed; the next may open at the same close.

    Returns
    -------
    Row numbers, ascending.
    """
    rows = np.flatnonzero(side)
    bars, lengths = start[rows].tolist(), held[rows].tolist()
    taken = []
    at = 0
    while at < len(bars):
        taken.append(at)
        at = bisect_left(bars, bars[at] + lengths[at], at + 1)
    return rows[taken]


def sharpe(values: Float64Array1D, session: Int64Array1D, n_sessions: int) -> float:
    """Mean over standard deviation of the sessions' sums; 0 where they do not vary.

    Parameters
    ----------
    values
        (m,) returns of trades, fractions of their entry.
    session
        (m,) number of the session in which each was opened; a session without trades earns 0.
        # ASSUME a trade held over a session's end counts in full where it was opened.
    n_sessions
        At least 2.

    Returns
    -------
    The ratio a session, not annualised.
    """
    sums = np.bincount(session, weights=values, minlength=n_sessions)
    spread = sums.std(ddof=1)
    return float(sums.mean() / spread) if spread > 0 else 0.0
