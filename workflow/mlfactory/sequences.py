"""Windows of rows that look back in time: never forward, never over the start of a segment."""

from typing import NamedTuple

import numpy as np

from mlfactory._typing import Float32Array2D, Int32Array1D, Int64Array1D
from mlfactory.models._rows import FeatureRows

CHUNK = 64
"""Consecutive rows that models compute together: their windows overlap in all but one row."""


def _first_of_segment(segment: Int32Array1D) -> Int64Array1D:
    """Row number of the first row of each row's segment."""
    begins = np.append(True, segment[1:] != segment[:-1])
    return np.maximum.accumulate(np.where(begins, np.arange(len(segment)), 0))


def rows_read(X: FeatureRows, length: int) -> Int64Array1D:
    """Row numbers of all rows in the windows of the rows asked for, ascending.

    Parameters
    ----------
    length
        Rows of a window, the row asked for included; fewer where its segment is shorter.

    Examples
    --------
    >>> X = FeatureRows(np.zeros((6, 1)), np.array([0, 0, 0, 0, 1, 1]), np.array([3, 4]), ("a",))
    >>> rows_read(X, 3)
    array([1, 2, 3, 4])
    """
    if not len(X):
        return X.rows
    first = np.maximum(X.rows - length + 1, _first_of_segment(X.segment)[X.rows])
    change = np.zeros(len(X.values) + 1, dtype=np.int64)
    np.add.at(change, first, 1)
    np.add.at(change, X.rows + 1, -1)
    return np.flatnonzero(np.cumsum(change[:-1]))


class Timeline(NamedTuple):
    """The rows read, laid out so that the window of each row asked for is one slice.

    Every uninterrupted stretch has ``length - 1`` rows of zeros before it: what is not known of a
    window that would begin before its segment is 0, the median of scaled features.

    Attributes
    ----------
    values
        (p, k) float32.
    asked
        (m,) places in ``values`` of the rows asked for, in their order; a window ends there.
    """

    values: Float32Array2D
    asked: Int64Array1D


def timeline(X: FeatureRows, length: int) -> Timeline:
    """Lay out the rows that the windows of ``X.rows`` hold, and no others.

    Examples
    --------
    >>> X = FeatureRows(
    ...     np.arange(1, 7, dtype=np.float32)[:, None],
    ...     np.array([0, 0, 0, 0, 1, 1]),
    ...     np.array([3, 4]),
    ...     ("a",),
    ... )
    >>> laid = timeline(X, 3)
    >>> laid.values[:, 0], laid.asked
    (array([0., 0., 2., 3., 4., 0., 0., 5.], dtype=float32), array([4, 7]))
    """
    rows = rows_read(X, length)
    begins = np.append(True, (np.diff(rows) > 1) | (np.diff(X.segment[rows]) != 0))[: len(rows)]
    place = np.arange(len(rows)) + (length - 1) * np.cumsum(begins)
    values = np.zeros((int(place[-1]) + 1 if len(rows) else 0, X.values.shape[1]), np.float32)
    values[place] = X.values[rows]
    return Timeline(values, place[np.searchsorted(rows, X.rows)])


def windows(laid: Timeline, length: int) -> Float32Array2D:
    """The window of each row asked for, (m, length, k): a copy, for tests and small input only."""
    view = np.lib.stride_tricks.sliding_window_view(laid.values, length, axis=0)
    return np.ascontiguousarray(view[laid.asked - length + 1].transpose(0, 2, 1))
