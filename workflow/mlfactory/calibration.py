"""Calibration: maps of a model's probabilities, fitted on rows that the model was not fitted on."""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax

from mlfactory._typing import Float64Array1D, Float64Array2D, Int8Array1D
from mlfactory.errors import UserError
from mlfactory.models._base import MIN_PROBABILITY
from mlfactory.models._rows import N_CLASSES

OFF = "off"

MIN_ROWS = 30
"""Fewer labelled rows are no evidence for any map."""

PENALTY = 0.01
"""Half of this times the squares of the Dirichlet map's distance from no change is added to the
mean log-loss."""


class Calibration(Protocol):
    """A fitted map of probabilities (n, 3) in label order to better ones."""

    method: ClassVar[str]

    @classmethod
    def fit(cls, probabilities: Float64Array2D, label: Int8Array1D) -> Self:
        """The map of these rows; see `fitted`."""

    def apply(self, probabilities: Float64Array2D) -> Float64Array2D:
        """Calibrated probabilities, (n, 3), each at least about 1e-6, rows summing to 1."""

    def parameters(self) -> dict[str, Any]:
        """Plain numbers that `restored` makes the same map of."""


def _within_bounds(probabilities: Float64Array2D) -> Float64Array2D:
    floored = np.maximum(probabilities, MIN_PROBABILITY)
    result: Float64Array2D = floored / floored.sum(axis=1, keepdims=True)
    return result


@dataclass(frozen=True)
class Temperature:
    """Softmax of the log-probabilities divided by one temperature.

    Above 1 it takes confidence back, towards equal shares. The most likely class stays the same.
    Source: Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks, ICML 2017.
    """

    temperature: float
    method: ClassVar[str] = "temperature"
    RANGE: ClassVar[tuple[float, float]] = (0.05, 20.0)

    @classmethod
    def fit(cls, probabilities: Float64Array2D, label: Int8Array1D) -> Self:
        """The temperature of least mean log-loss, which is convex in its inverse."""
        logs = np.log(probabilities)
        lowest, highest = cls.RANGE

        def loss(inverse: float) -> float:
            return -float(log_softmax(inverse * logs, axis=1)[np.arange(len(label)), label].mean())

        found = minimize_scalar(
            loss, bounds=(1 / highest, 1 / lowest), method="bounded", options={"xatol": 1e-6}
        )
        return cls(1 / float(found.x))

    def apply(self, probabilities: Float64Array2D) -> Float64Array2D:
        """See `Calibration`."""
        return _within_bounds(softmax(np.log(probabilities) / self.temperature, axis=1))

    def parameters(self) -> dict[str, Any]:
        """See `Calibration`."""
        return {"temperature": self.temperature}


@dataclass(frozen=True)
class Isotonic:
    """An ascending step-wise linear map of each class's probability, then made to sum to 1.

    One row's worth of the class shares is mixed in, so that no stretch without a class gives it
    up. Source: Zadrozny and Elkan, Transforming Classifier Scores into Accurate Multiclass
    Probability Estimates, KDD 2002.

    Attributes
    ----------
    predicted, observed
        For each class the points of its map, ascending; constant beyond the ends.
    """

    predicted: tuple[Float64Array1D, ...]
    observed: tuple[Float64Array1D, ...]
    method: ClassVar[str] = "isotonic"

    @classmethod
    def fit(cls, probabilities: Float64Array2D, label: Int8Array1D) -> Self:
        """Least squares of each class against the others, scikit-learn's IsotonicRegression."""
        from sklearn.isotonic import IsotonicRegression

        n_rows = len(label)
        shares = (np.bincount(label, minlength=N_CLASSES) + 1) / (n_rows + N_CLASSES)
        predicted, observed = [], []
        for place, share in enumerate(shares):
            happened = (label == place).astype(np.float64)
            found = IsotonicRegression(out_of_bounds="clip").fit(probabilities[:, place], happened)
            predicted.append(found.X_thresholds_.astype(np.float64))
            observed.append((n_rows * found.y_thresholds_ + share) / (n_rows + 1))
        return cls(tuple(predicted), tuple(observed))

    def apply(self, probabilities: Float64Array2D) -> Float64Array2D:
        """See `Calibration`."""
        points = zip(probabilities.T, self.predicted, self.observed, strict=True)
        return _within_bounds(np.column_stack([np.interp(p, x, y) for p, x, y in points]))

    def parameters(self) -> dict[str, Any]:
        """See `Calibration`."""
        return {
            "predicted": [x.tolist() for x in self.predicted],
            "observed": [y.tolist() for y in self.observed],
        }


@dataclass(frozen=True)
class Dirichlet:
    """Softmax of a linear map of the log-probabilities: temperature, bias and mixing of classes.

    Source: Kull, Perello-Nieto, Kängsepp, Silva Filho, Song and Flach, Beyond Temperature Scaling,
    NeurIPS 2019. They penalise what is off the diagonal; here all distance from no change is, so
    that few rows change little.

    Attributes
    ----------
    weights
        (3, 3) by resulting class and by log-probability; the identity changes nothing.
    intercepts
        (3,).
    """

    weights: Float64Array2D
    intercepts: Float64Array1D
    method: ClassVar[str] = "dirichlet"

    @classmethod
    def fit(cls, probabilities: Float64Array2D, label: Int8Array1D) -> Self:
        """The map of least mean log-loss and `PENALTY`, which is convex (L-BFGS)."""
        logs = np.column_stack([np.log(probabilities), np.ones(len(label))])
        none = np.eye(N_CLASSES, N_CLASSES + 1)
        happened = np.eye(N_CLASSES)[label]

        def loss(flat: Float64Array1D) -> tuple[float, Float64Array1D]:
            moved = flat.reshape(none.shape)
            log_p = log_softmax(logs @ (none + moved).T, axis=1)
            value = -(happened * log_p).sum() / len(label) + 0.5 * PENALTY * (moved**2).sum()
            slope = (np.exp(log_p) - happened).T @ logs / len(label) + PENALTY * moved
            return float(value), slope.ravel()

        start = np.zeros(none.size)
        found = minimize(
            loss, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-8, "ftol": 1e-13}
        )
        given = none + found.x.reshape(none.shape)
        return cls(given[:, :N_CLASSES], given[:, N_CLASSES])

    def apply(self, probabilities: Float64Array2D) -> Float64Array2D:
        """See `Calibration`."""
        scores = np.log(probabilities) @ self.weights.T + self.intercepts
        return _within_bounds(softmax(scores, axis=1))

    def parameters(self) -> dict[str, Any]:
        """See `Calibration`."""
        return {"weights": self.weights.tolist(), "intercepts": self.intercepts.tolist()}


METHODS: dict[str, type[Temperature | Isotonic | Dirichlet]] = {
    one.method: one for one in (Temperature, Isotonic, Dirichlet)
}


def fitted(method: str, probabilities: Float64Array2D, label: Int8Array1D) -> Calibration:
    """Fit a map of probabilities on labelled rows that their model was not fitted on.

    Rows weigh equally, as they do in the scores.

    Parameters
    ----------
    method
        One of ``METHODS``.
    probabilities
        (n, 3) in label order, positive.
    label
        (n,) 0, 1, 2.

    Raises
    ------
    UserError
        When there are fewer than `MIN_ROWS` rows, or only one class.
    """
    n_classes = len(np.unique(label))
    if len(label) < MIN_ROWS or n_classes < 2:
        raise UserError(
            f"config: fit.calibration={method}: a fit keeps {len(label)} labelled rows of "
            f"{n_classes} classes to calibrate on, at least {MIN_ROWS} of 2 are needed; set "
            'fit.calibration: "off", or get more data'
        )
    return METHODS[method].fit(probabilities, label)


def restored(description: dict[str, Any]) -> Calibration:
    """The map that ``{"method": ..., **parameters()}`` describes; no code is executed."""
    values = {k: v for k, v in description.items() if k != "method"}
    if description["method"] == Isotonic.method:
        return Isotonic(**{k: tuple(map(np.asarray, v)) for k, v in values.items()})
    return METHODS[description["method"]](**{k: _array(v) for k, v in values.items()})


def _array(value: Any) -> Any:
    return np.asarray(value, dtype=np.float64) if isinstance(value, list) else value
