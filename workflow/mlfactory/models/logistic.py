"""Multinomial logistic regression of features, its ridge penalty found along a path."""

from typing import Any, ClassVar

import numpy as np
from sklearn.linear_model import LogisticRegression

from mlfactory._typing import Float64Array1D, Float64Array2D, Int8Array1D, Int64Array1D
from mlfactory.models._logistic import RidgeLogistic
from mlfactory.models._parameters import Parameter
from mlfactory.models._rows import FeatureRows, Labelled
from mlfactory.registry import register

_CONSTANT = 1e-9
"""Variance of a scaled feature below which rounding is all that varies."""


@register("logistic")
class Logistic(RidgeLogistic):
    """Log-odds linear in the features, which must be scaled.

    Only the ``screened`` features that differ most between the classes of the rows fitted are
    given a coefficient: where much is irrelevant, a ridge penalty strong enough to hold it down
    holds the rest down too. Source: Bair, Hastie, Paul and Tibshirani,
    Prediction by supervised principal components, 2006, which screens so.
    """

    PARAMETERS: ClassVar[dict[str, Parameter]] = {
        **RidgeLogistic.PARAMETERS,
        "screened": Parameter(int, low=1),
    }

    def _fit(self, train: Labelled, validation: Labelled | None, seed: int) -> dict[str, Any]:
        differ = between_classes(train.X.matrix().astype(np.float64), train.y, train.weight)
        self._kept: Int64Array1D = np.sort(
            np.argsort(-differ, kind="stable")[: self.training["screened"]]
        )
        return super()._fit(train, validation, seed)

    def _fitted_on(self, X: FeatureRows) -> Float64Array2D:
        return X.matrix()[:, self._kept].astype(np.float64)

    def _take(self, regression: LogisticRegression) -> None:
        super()._take(regression)
        whole = np.zeros((len(self.coefficients), len(self.feature_names)))
        whole[:, self._kept] = self.coefficients
        self.coefficients = whole


def between_classes(X: Float64Array2D, y: Int8Array1D, weight: Float64Array1D) -> Float64Array1D:
    """Share of each scaled feature's weighted variance that lies between the classes, (k,).

    0 where it is constant. Orders features as the F statistic does.
    """
    total = weight.sum()
    mean = weight @ X / total
    variance = np.einsum("i,ij,ij->j", weight, X, X) / total - mean**2
    between = np.zeros(X.shape[1])
    for label in np.unique(y[weight > 0]):
        of = np.where(y == label, weight, 0.0)
        between += (of @ X / of.sum() - mean) ** 2 * of.sum() / total
    return np.divide(between, variance, out=np.zeros_like(between), where=variance > _CONSTANT)
