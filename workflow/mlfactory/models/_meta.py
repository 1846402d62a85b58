"""What ensembles learn by: a regression on the members' log-probabilities, or boosted trees."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.optimize import minimize

from mlfactory._typing import Float64Array1D, Float64Array2D
from mlfactory.models._base import N_CLASSES, FeatureRows, Labelled
from mlfactory.models._logistic import RidgeLogistic
from mlfactory.models._members import log_probabilities, members
from mlfactory.models._parameters import Parameter

if TYPE_CHECKING:
    from mlfactory.models.lightgbm import LightGBM

TREES = {
    "max_depth": -1,
    "min_data_in_leaf": 100,
    "max_bin": 63,
    "feature_fraction": 1.0,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l1": 0.0,
    "lambda_l2": 1.0,
    "min_gain_to_split": 0.0,
}
"""What trees of LightGBM are fitted with beside ``rounds``, ``learning_rate`` and ``num_leaves``:
large leaves, for neighbouring rows say nearly the same."""

NO_STOPPING = {"enabled": False, "patience": 1, "min_delta": 0.0}


class MetaRegression(RidgeLogistic):
    """Weighs the logarithms of the members' probabilities.

    A member that is right but too sure gets a coefficient below 1, one that says nothing gets 0
    (Wolpert 1992). With ``non_negative`` each member has one weight, not below 0, for all classes:
    a logarithmic pool with an intercept a class (Genest and Zidek 1986), which cannot bet against
    a member. ``learner: lightgbm`` puts a few small trees on the members' probabilities in the
    regression's place; they can trust a member here and not there, and take more rows to learn it.
    Nothing is searched on validation rows.
    """

    STOPS_EARLY = False
    PARAMETERS: ClassVar[dict[str, Parameter]] = {
        **RidgeLogistic.PARAMETERS,
        "non_negative": Parameter(bool),
        "learner": Parameter(str, choices=("logistic", "lightgbm")),
        "rounds": Parameter(int, low=1),
        "learning_rate": Parameter(float, low=1e-4, high=1),
        "num_leaves": Parameter(int, low=2, high=4096),
    }

    trees: "LightGBM"

    @property
    def _by_trees(self) -> bool:
        return bool(self.training["learner"] == "lightgbm")

    def _fit(self, train: Labelled, validation: Labelled | None, seed: int) -> dict[str, Any]:
        members(train.X.names)
        if not self._by_trees:
            return super()._fit(train, validation, seed)
        self.trees = self._new_trees()
        fitted = self.trees.fit(train.X, train.y, sample_weight=train.weight, seed=seed)
        return {"rounds": fitted["rounds"]}

    def _new_trees(self) -> "LightGBM":
        from mlfactory.models.lightgbm import LightGBM

        own = {key: self.training[key] for key in ("rounds", "learning_rate", "num_leaves")}
        return LightGBM(TREES | own, NO_STOPPING, self.threads)

    def _probabilities(self, X: FeatureRows) -> Float64Array2D:
        if not self._by_trees:
            return super()._probabilities(X)
        return self.trees._probabilities(X)

    def get_feature_importance(self) -> dict[str, float]:
        """Share of the absolute coefficients, mean over classes, or of the gain of the trees."""
        if not self._by_trees:
            return super().get_feature_importance()
        return self.trees.get_feature_importance()

    def _write_state(self, path: Path) -> None:
        if not self._by_trees:
            super()._write_state(path)
            return
        text = self.trees.booster.model_to_string().encode()
        np.savez(path / "model.npz", trees=np.frombuffer(text, dtype=np.uint8))

    def _read_state(self, path: Path) -> None:
        if not self._by_trees:
            super()._read_state(path)
            return
        from lightgbm import Booster

        self.trees = self._new_trees()
        self.trees.feature_names, self.trees.classes = self.feature_names, self.classes
        with np.load(path / "model.npz", allow_pickle=False) as arrays:
            self.trees.booster = Booster(model_str=arrays["trees"].tobytes().decode())

    def _inputs(self, X: FeatureRows) -> Float64Array2D:
        return log_probabilities(X)

    def _fit_one(self, train: Labelled, C: float) -> dict[str, Any]:
        if not self.training["non_negative"]:
            return super()._fit_one(train, C)
        classes = list(self.classes)
        logs = self._inputs(train.X).reshape(len(train.X), -1, N_CLASSES)[:, :, classes]
        place = np.searchsorted(classes, train.y)
        weights, self.intercepts, iterations = pool_weights(
            logs,
            place,
            train.weight,
            C=C,
            max_iterations=self.training["max_iterations"],
            tolerance=self.training["tolerance"],
        )
        self.coefficients = np.zeros((len(classes), len(weights) * N_CLASSES))
        for row, label in enumerate(classes):
            self.coefficients[row, label::N_CLASSES] = weights
        return {"C": C, "iterations": iterations}


def pool_weights(
    logs: np.ndarray,
    y: np.ndarray,
    row_weight: Float64Array1D,
    *,
    C: float,
    max_iterations: int,
    tolerance: float,
) -> tuple[Float64Array1D, Float64Array1D, int]:
    """Weights of members in a logarithmic pool, not below 0, and an intercept a class.

    Parameters
    ----------
    logs
        (m, members, classes) log-probabilities.
    y
        (m,) places of the classes that happened.
    row_weight
        (m,) weight of each row.
    C
        Inverse penalty, as in scikit-learn: C times the summed log-loss, plus half the squared
        weights, is least. Intercepts are free.
    max_iterations, tolerance
        Of the search (L-BFGS-B).

    Returns
    -------
    (members,) weights; (classes,) intercepts, their sum 0; and the iterations made.
    """
    n_members, n_classes = logs.shape[1:]
    happened = np.eye(n_classes)[y]

    def loss(x: Float64Array1D) -> tuple[float, Float64Array1D]:
        weights, intercepts = x[:n_members], x[n_members:]
        scores = np.einsum("imc,m->ic", logs, weights) + intercepts
        scores -= scores.max(axis=1, keepdims=True)
        p = np.exp(scores)
        p /= p.sum(axis=1, keepdims=True)
        value = -C * row_weight @ np.log(p[np.arange(len(y)), y]) + 0.5 * weights @ weights
        residual = C * row_weight[:, None] * (p - happened)
        slope = np.einsum("imc,ic->m", logs, residual) + weights
        return float(value), np.concatenate([slope, residual.sum(axis=0)])

    found = minimize(
        loss,
        np.concatenate([np.full(n_members, 1 / n_members), np.zeros(n_classes)]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * n_members + [(None, None)] * n_classes,
        options={"maxiter": max_iterations, "gtol": tolerance},
    )
    intercepts = found.x[n_members:]
    return found.x[:n_members], intercepts - intercepts.mean(), int(found.nit)
