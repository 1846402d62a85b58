"""Multinomial logistic regression with a ridge penalty, of features or of other predictions."""

import warnings
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from mlfactory._typing import Float64Array1D, Float64Array2D
from mlfactory.models._base import Model, log_loss
from mlfactory.models._parameters import Parameter
from mlfactory.models._rows import FeatureRows, Labelled
from mlfactory.models._threads import limited


class RidgeLogistic(Model):
    """Linear log-odds.

    ``C`` lists inverse penalties, ascending. With validation rows they are tried in order, each
    starting from the one before, until ``patience`` in a row bring no gain in log-loss; the best
    is remembered. Without, and nothing remembered, the middle one is taken.
    """

    STOPS_EARLY = True
    LIBRARY = "sklearn"
    FILES = ("model.npz",)
    PARAMETERS: ClassVar[dict[str, Parameter]] = {
        "C": Parameter(float, low=1e-9, ascending_list=True),
        "max_iterations": Parameter(int, low=1),
        "tolerance": Parameter(float, low=1e-12, high=1),
    }

    coefficients: Float64Array2D
    intercepts: Float64Array1D

    def _fit(self, train: Labelled, validation: Labelled | None, seed: int) -> dict[str, Any]:
        with limited(self.threads), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # told by "iterations"
            if validation is None or not self.early_stopping["enabled"]:
                middle = self.training["C"][len(self.training["C"]) // 2]
                return self._fit_one(train, self.complexity.get("C", middle))
            return self._fit_path(train, validation)

    def _inputs(self, X: FeatureRows) -> Float64Array2D:
        """What the log-odds are linear in, (m, k)."""
        return X.matrix().astype(np.float64)

    def _fitted_on(self, X: FeatureRows) -> Float64Array2D:
        """Those of them that are given a coefficient."""
        return self._inputs(X)

    def _fit_one(self, train: Labelled, C: float) -> dict[str, Any]:
        regression = self._regression().set_params(C=C)
        regression.fit(self._fitted_on(train.X), train.y, sample_weight=train.weight)
        self._take(regression)
        return {"C": C, "iterations": int(regression.n_iter_.max())}

    def _fit_path(self, train: Labelled, validation: Labelled) -> dict[str, Any]:
        regression = self._regression()
        features, best = self._fitted_on(train.X), {}
        patience = self._patience()
        for C in self.training["C"]:
            regression.set_params(C=C).fit(features, train.y, sample_weight=train.weight)
            self._take(regression)
            over = patience.is_over(log_loss(self.predict(validation.X), validation.y))
            if patience.best_round == len(patience.losses):
                best = {"C": C, "iterations": int(regression.n_iter_.max())}
                kept = self.coefficients, self.intercepts
            if over:
                break
        self.coefficients, self.intercepts = kept
        self.complexity = {"C": best["C"]}
        return best | {"validation_curve": patience.losses}

    def _regression(self) -> LogisticRegression:
        return LogisticRegression(
            max_iter=self.training["max_iterations"],
            tol=self.training["tolerance"],
            warm_start=True,
        )

    def _take(self, regression: LogisticRegression) -> None:
        """Copy the coefficients, (classes, k), and intercepts, (classes,)."""
        self.coefficients, self.intercepts = regression.coef_, regression.intercept_
        if len(self.classes) == 2:  # scikit-learn keeps the log-odds of the second class only
            self.coefficients = np.vstack([np.zeros_like(self.coefficients), self.coefficients])
            self.intercepts = np.append(0.0, self.intercepts)

    def _probabilities(self, X: FeatureRows) -> Float64Array2D:
        features = self._inputs(X)
        scores = np.empty((len(X), len(self.classes)))
        for i in range(len(self.classes)):  # row by row sums: one row alone gives the same bits
            scores[:, i] = (features * self.coefficients[i]).sum(axis=1) + self.intercepts[i]
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities: Float64Array2D = odds / odds.sum(axis=1, keepdims=True)
        return probabilities

    def get_feature_importance(self) -> dict[str, float]:
        """Share of the absolute coefficients, mean over classes; comparable on scaled features."""
        return self._shares(np.abs(self.coefficients).mean(axis=0))

    def _write_state(self, path: Path) -> None:
        np.savez(path / "model.npz", coefficients=self.coefficients, intercepts=self.intercepts)

    def _read_state(self, path: Path) -> None:
        with np.load(path / "model.npz", allow_pickle=False) as arrays:
            self.coefficients = arrays["coefficients"]
            self.intercepts = arrays["intercepts"]
