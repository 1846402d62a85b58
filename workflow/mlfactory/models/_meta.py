"""What ensembles learn by: a regression on the members' log-probabilities, or boosted trees."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.optimize import minimize

from mlfactory._typing import Float64Array1D, Float64Array2D
from mlfactory.models._logistic import RidgeLogistic
from mlfactory.models._members import log_probabilities, members
from mlfactory.models._parameters import Parameter
from mlfactory.models._rows import N_CLASSES, FeatureRows, Labelled

if TYPE_CHECKING:
    from lightgbm import Booster

TREES = {
    "min_data_in_leaf": 100,
    "max_bin": 63,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
}
"""What trees are grown with beside ``learning_rate`` and ``num_leaves``: large leaves, for
neighbouring rows say nearly the same; the last three make them repeatable, and quiet."""


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

    trees: "Booster"

    @property
    def _by_trees(self) -> bool:
        return bool(self.training["learner"] == "lightgbm")

    def _fit(self, train: Labelled, validation: Labelled | None, seed: int) -> dict[str, Any]:
        members(train.X.names)
        if not self._by_trees:
            return super()._fit(train, validation, seed)
        self.trees = self._grown(train, seed)
        return {"rounds": self.trees.num_trees() // len(self.classes)}

    def _grown(self, train: Labelled, seed: int) -> "Booster":
        import lightgbm

        own = {key: self.training[key] for key in ("learning_rate", "num_leaves")}
        classes = {"objective": "multiclass", "num_class": len(self.classes)}
        parameters = TREES | own | classes | {"seed": seed, "num_threads": self.threads}
        data = lightgbm.Dataset(
            train.X.matrix(), self._codes(train.y), weight=train.weight, params=parameters
        )
        return lightgbm.train(parameters, data, num_boost_round=self.training["rounds"])

    def _probabilities(self, X: FeatureRows) -> Float64Array2D:
        if not self._by_trees:
            return super()._probabilities(X)
        found: Float64Array2D = self.trees.predict(X.matrix(), num_threads=self.threads)
        return found

    def get_feature_importance(self) -> dict[str, float]:
        """Share of the absolute coefficients, mean over classes, or of the gain of the trees."""
        if not self._by_trees:
            return super().get_feature_importance()
        return self._shares(self.trees.feature_importance("gain"))

    def _write_state(self, path: Path) -> None:
        if not self._by_trees:
            super()._write_state(path)
            return
        text = self.trees.model_to_string().encode()
        np.savez(path / "model.npz", trees=np.frombuffer(text, dtype=np.uint8))

    def _read_state(self, path: Path) -> None:
        if not self._by_trees:
            super()._read_state(path)
            return
        import lightgbm

        with np.load(path / "model.npz", allow_pickle=False) as arrays:
            self.trees = lightgbm.Booster(model_str=arrays["trees"].tobytes().decode())

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
