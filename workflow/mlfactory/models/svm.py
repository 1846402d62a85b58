"""Support vector machine with a radial kernel, its probabilities calibrated on other rows."""

from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC, LinearSVC

from mlfactory._numba import njit
from mlfactory._typing import Float32Array2D, Float64Array1D, Float64Array2D, Int64Array1D
from mlfactory.models._base import Model
from mlfactory.models._parameters import Parameter
from mlfactory.models._rows import FeatureRows, Labelled
from mlfactory.models._threads import limited
from mlfactory.registry import register

_EXPLAINED = 512


class Machine(NamedTuple):
    """A decision function: for each output the sum over points of coefficient times kernel.

    Attributes
    ----------
    points
        (p, k) support vectors, or the landmarks of the approximation.
    coefficients
        (p, outputs); an output is a class against the others, or a pair of classes.
    intercepts
        (outputs,).
    gamma
        (1,) of the kernel exp(-gamma |x - point|^2).
    """

    points: Float32Array2D
    coefficients: Float64Array2D
    intercepts: Float64Array1D
    gamma: Float64Array1D


@register("svm")
class SVM(Model):
    """Radial kernel on scaled features.

    ``kernel: nystroem`` is linear on the kernel's values at ``landmarks`` training rows (Williams
    and Seeger 2001; squared hinge loss, a class against the others): seconds where ``rbf``, the
    exact machine (hinge loss, pairs of classes), takes minutes. ``gamma`` counts in units of 1 over
    the number of features.

    Decision values become probabilities by a multinomial logistic regression on validation rows,
    which a refit of the same classes keeps. Without validation rows of every class it is fitted on
    the last fifth of the training rows, by the decision values of a machine fitted on the others
    (not purged: a model does not know when labels end); on the training rows themselves where these
    lack a class.
    """

    STOPS_EARLY = False
    LIBRARY = "sklearn"
    FILES = ("model.npz",)
    OF_ROWS = ("landmarks",)
    PARAMETERS: ClassVar[dict[str, Parameter]] = {
        "kernel": Parameter(str, choices=("nystroem", "rbf")),
        "landmarks": Parameter(int, low=1),
        "C": Parameter(float, low=1e-9),
        "gamma": Parameter(float, low=1e-9),
    }

    machine: Machine
    _importance: Float64Array1D | None

    @property
    def wants_validation(self) -> bool:
        """Always: to calibrate on."""
        return True

    def _fit(self, train: Labelled, validation: Labelled | None, seed: int) -> dict[str, Any]:
        features, codes = train.X.matrix(), self._codes(train.y)
        with limited(self.threads):
            self.machine = self._machine(features, codes, train.weight, seed)
            if validation is not None and self._has_all(self._codes(validation.y)):
                decisions = decide(validation.X.matrix(), *self.machine)
                self._calibrate(decisions, self._codes(validation.y))
            elif self.complexity.get("classes") != list(self.classes):
                self._calibrate_within(train, seed)
        some = np.linspace(0, len(features) - 1, _EXPLAINED).astype(np.int64)
        self._explained, self._importance = features[some], None
        self._varying = np.flatnonzero((features != features[0]).any(axis=0))
        return {"points": len(self.machine.points)} | self.complexity

    def _machine(
        self, features: Float32Array2D, codes: Int64Array1D, weight: Float64Array1D, seed: int
    ) -> Machine:
        gamma = self.training["gamma"] / features.shape[1]
        if self.training["kernel"] == "rbf":
            exact = SVC(C=self.training["C"], gamma=gamma, cache_size=500)
            return _of_pairs(exact.fit(features, codes, sample_weight=weight), gamma)
        landmarks = min(self.training["landmarks"], len(features))
        kernel = Nystroem(gamma=gamma, n_components=landmarks, random_state=seed)
        approximated = kernel.fit_transform(features)
        # The dual is solved to the same minimum several times faster, unless C is large.
        linear = LinearSVC(C=self.training["C"], dual=self.training["C"] <= 1, random_state=seed)
        linear.fit(approximated, codes, sample_weight=weight)
        return Machine(
            np.ascontiguousarray(kernel.components_, np.float32),
            np.ascontiguousarray((linear.coef_ @ kernel.normalization_).T, np.float64),
            linear.intercept_.astype(np.float64),
            np.array([gamma]),
        )

    def _has_all(self, codes: Int64Array1D) -> bool:
        return len(np.unique(codes)) == len(self.classes)

    def _calibrate_within(self, train: Labelled, seed: int) -> None:
        features, codes = train.X.matrix(), self._codes(train.y)
        cut = len(codes) - len(codes) // 5
        machine = self.machine
        if self._has_all(codes[:cut]) and self._has_all(codes[cut:]):
            machine = self._machine(features[:cut], codes[:cut], train.weight[:cut], seed)
            features, codes = features[cut:], codes[cut:]
        self._calibrate(decide(features, *machine), codes)

    def _calibrate(self, decisions: Float64Array2D, codes: Int64Array1D) -> None:
        regression = LogisticRegression().fit(decisions, codes)
        slopes, offsets = regression.coef_, regression.intercept_
        if len(self.classes) == 2:  # scikit-learn keeps the log-odds of the second class only
            slopes = np.vstack([np.zeros_like(slopes), slopes])
            offsets = np.append(0.0, offsets)
        self.complexity = {
            "classes": list(self.classes),
            "slopes": slopes.tolist(),
            "offsets": offsets.tolist(),
        }

    def _probabilities(self, X: FeatureRows) -> Float64Array2D:
        decisions = decide(X.matrix(), *self.machine)
        slopes = np.array(self.complexity["slopes"])
        scores = np.empty((len(X), len(self.classes)))
        for i, offset in enumerate(self.complexity["offsets"]):
            scores[:, i] = (decisions * slopes[i]).sum(axis=1) + offset
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities: Float64Array2D = odds / odds.sum(axis=1, keepdims=True)
        return probabilities

    @property
    def importance(self) -> Float64Array1D:
        """Computed when it is first asked for: fits that only find something out never ask."""
        if self._importance is None:
            self._importance = self._sensitivity()
        return self._importance

    def _sensitivity(self) -> Float64Array1D:
        """Mean absolute gradient of the decision values by each feature, over training rows."""
        some = self._explained
        step = np.float32(0.01)
        found = np.zeros(some.shape[1])
        base = decide(some, *self.machine)
        for column in self._varying:
            moved = some.copy()
            moved[:, column] += step
            found[column] = np.abs(decide(moved, *self.machine) - base).mean()
        return found

    def get_feature_importance(self) -> dict[str, float]:
        """Share of the mean absolute change of the decision values by each scaled feature."""
        return self._shares(self.importance)

    def _write_state(self, path: Path) -> None:
        np.savez(path / "model.npz", importance=self.importance, **self.machine._asdict())

    def _read_state(self, path: Path) -> None:
        with np.load(path / "model.npz", allow_pickle=False) as arrays:
            self._importance = arrays["importance"]
            self.machine = Machine(*(arrays[field] for field in Machine._fields))


def _of_pairs(exact: SVC, gamma: float) -> Machine:
    """The decision function of every pair of classes, in scikit-learn's order and signs."""
    n_classes = len(exact.n_support_)
    of_class = np.repeat(np.arange(n_classes), exact.n_support_)
    pairs = [(i, j) for i in range(n_classes) for j in range(i + 1, n_classes)]
    coefficients = np.zeros((len(of_class), len(pairs)))
    for column, (i, j) in enumerate(pairs):
        coefficients[of_class == i, column] = exact.dual_coef_[j - 1, of_class == i]
        coefficients[of_class == j, column] = exact.dual_coef_[i, of_class == j]
    return Machine(
        np.ascontiguousarray(exact.support_vectors_, np.float32),
        coefficients,
        exact.intercept_.astype(np.float64),
        np.array([gamma]),
    )


@njit(cache=True)
def decide(
    features: Float32Array2D,
    points: Float32Array2D,
    coefficients: Float64Array2D,
    intercepts: Float64Array1D,
    gamma: Float64Array1D,
) -> Float64Array2D:  # pragma: no cover
    """Decision values (m, outputs); row by row, so that one alone gives the same bits."""
    across = np.ascontiguousarray(points.T)  # many points at once, each column's in one stretch
    decisions = np.empty((len(features), len(intercepts)))
    distance = np.empty(len(points))
    for row in range(len(features)):
        distance[:] = 0.0
        for column in range(features.shape[1]):
            value = np.float64(features[row, column])
            for point in range(len(points)):
                apart = value - across[column, point]
                distance[point] += apart * apart
        decisions[row] = intercepts
        for point in range(len(points)):
            kernel = np.exp(-gamma[0] * distance[point])
            for output in range(len(intercepts)):
                decisions[row, output] += kernel * coefficients[point, output]
    return decisions
