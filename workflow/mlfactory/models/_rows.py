"""Feature rows and labels as models are given them, and what is refused of them."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mlfactory._typing import (
    Float32Array2D,
    Float64Array1D,
    Int8Array1D,
    Int32Array1D,
    Int64Array1D,
)
from mlfactory.errors import UserError

N_CLASSES = 3
"""Labels in order: 0 short, 1 neutral, 2 long."""


@dataclass(frozen=True)
class FeatureRows:
    """Feature rows in time order, and the ones among them that are asked for.

    Attributes
    ----------
    values
        (n, k) float32, contiguous, one row a bar, in time order; no missing values.
    segment
        (n,) int32, the uninterrupted stretch of market a row belongs to.
    rows
        (m,) int64, strictly increasing row numbers into ``values``. Sequence models may look at
        rows before them within the same segment; all others read exactly these.
    names
        k feature names, in column order.
    """

    values: Float32Array2D
    segment: Int32Array1D
    rows: Int64Array1D
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def matrix(self) -> Float32Array2D:
        """The rows asked for, (m, k) float32."""
        return self.values[self.rows]

    def take(self, rows: Int64Array1D) -> "FeatureRows":
        """The same features with other rows asked for (row numbers into ``values``)."""
        return replace(self, rows=rows)

    def named(self, names: tuple[str, ...]) -> "FeatureRows":
        """The same rows with these features only, in this order; a missing one is a ValueError."""
        if names == self.names:
            return self
        columns = [self.names.index(name) for name in names]
        return replace(self, values=np.ascontiguousarray(self.values[:, columns]), names=names)


class Labelled(NamedTuple):
    """Rows with their labels (0, 1, 2) and weights, all checked."""

    X: FeatureRows
    y: Int8Array1D
    weight: Float64Array1D


def present(y: Int8Array1D) -> tuple[int, ...]:
    """The labels that occur, ascending."""
    return tuple(label for label in range(N_CLASSES) if (y == label).any())


def check_finite(name: str, X: FeatureRows, rows: Int64Array1D) -> None:
    """Refuse missing and infinite features in these rows, all that the model ``name`` reads."""
    finite = np.isfinite(X.values[rows])
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise ValueError(
            f"{name}: feature {X.names[column]} is {X.values[rows[row], column]} in row "
            f"{rows[row]}; rows with missing or infinite features cannot be used"
        )


def check_labelled(name: str, rows: Labelled) -> None:
    """Refuse lengths that disagree, other labels than the three, weights below 0 or infinite."""
    if not len(rows.X) == len(rows.y) == len(rows.weight):
        raise ValueError(
            f"{name}: {len(rows.X)} rows, {len(rows.y)} labels, {len(rows.weight)} weights"
        )
    if not np.isin(rows.y, range(N_CLASSES)).all():
        raise ValueError(f"{name}: labels {np.unique(rows.y)} are not 0, 1, 2")
    if not np.isfinite(rows.weight).all() or (rows.weight < 0).any():
        raise ValueError(f"{name}: weights must be finite and not negative")


def check_learnable(name: str, train: Labelled) -> None:
    """Refuse training rows of fewer than two classes, or without a feature that varies."""
    weighted = train.y[train.weight > 0]
    if len(present(weighted)) < 2:
        raise UserError(
            f"{name}: {len(weighted)} weighted training rows hold fewer than two classes; "
            "give more rows or other barriers"
        )
    matrix = train.X.matrix()
    if (matrix == matrix[0]).all():
        raise UserError(
            f"{name}: none of {matrix.shape[1]} features varies over {len(matrix)} "
            "training rows; give more rows or other features"
        )
