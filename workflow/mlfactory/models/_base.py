"""The model contract: what every file in this folder offers, and what all of them share."""

import importlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from mlfactory._typing import (
    Float64Array1D,
    Float64Array2D,
    Int8Array1D,
    Int64Array1D,
)
from mlfactory.errors import UserError
from mlfactory.models._device import CPU, Device
from mlfactory.models._early_stopping import Patience, check_early_stopping
from mlfactory.models._parameters import Parameter, check_block
from mlfactory.models._rows import (
    N_CLASSES,
    FeatureRows,
    Labelled,
    check_finite,
    check_labelled,
    check_learnable,
    present,
)
from mlfactory.models._saved import DESCRIPTION, check_files, read_description, write_description

T = TypeVar("T")

MIN_PROBABILITY = 1e-6
"""Predicted probabilities are kept at least this far from 0, so that log-loss stays finite."""


def log_loss(probabilities: Float64Array2D, y: Int8Array1D) -> float:
    """Mean negative log of the probability given to what happened, unweighted, in nats."""
    return float(-np.log(probabilities[np.arange(len(y)), y]).mean())


def both_classes(probabilities: Float64Array2D) -> Float64Array2D:
    """(m, classes) as they are; of two classes, where (m,) gives the second's, both."""
    if probabilities.ndim == 2:
        return probabilities
    return np.column_stack([1 - probabilities, probabilities])


class Model(ABC):
    """A probability classifier for the three labels.

    Parameters
    ----------
    training
        The ``training`` block of the model's yaml: exactly the keys of ``PARAMETERS``.
    early_stopping
        The ``early_stopping`` block of the model's yaml.
    threads
        Threads to compute with; results do not depend on what the scheduler granted.
    sequence_length
        Rows that a sequence model sees of each row asked for, itself included; others ignore it.
    device
        Where to compute; see `gpu.claimed`.

    Attributes
    ----------
    complexity
        What the last fit with validation rows found best, such as ``{"rounds": 120}``; empty
        before. Fits without validation rows use it.
    give_up
        Asked round by round with the validation losses so far whether to end a fit; see `Patience`.
    at_most
        Rounds or epochs after which a fit with validation rows ends, as if nothing more were
        gained; a learning rate that falls from epoch to epoch falls as if there were all.
    shared
        What fits of the very same rows, labels, weights and seed keep for each other: their binned
        features, the best loss of a stage. None, as it is at first: every fit is by itself.

    Raises
    ------
    UserError
        When a key is unknown, missing, or holds what it may not.
    """

    name: ClassVar[str]
    PARAMETERS: ClassVar[dict[str, Parameter]]
    STOPS_EARLY: ClassVar[bool]
    REFITS: ClassVar[bool] = True
    """Whether a fit that found its complexity is done again on all training rows."""
    OF_ROWS: ClassVar[tuple[str, ...]] = ()
    """Parameters that count rows, all or drawn, or weigh against them however much a row weighs."""
    PER_STEP: ClassVar[tuple[str, ...]] = ()
    """Parameters of single steps, of which fewer rows make fewer."""
    AVERAGED: ClassVar[tuple[str, ...]] = ()
    """Parameters that count what is averaged: half as many tell nearly the same."""
    SEQUENCES: ClassVar[bool] = False
    """Whether it looks at rows before the one asked for."""
    LIBRARY: ClassVar[str]
    FILES: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        training: dict[str, Any],
        early_stopping: dict[str, Any],
        threads: int = 1,
        *,
        sequence_length: int = 1,
        device: Device = CPU,
    ) -> None:
        file = f"config/models/{self.name}.yaml"
        check_block(f"{file}: training", training, self.PARAMETERS)
        check_early_stopping(f"{file}: early_stopping", early_stopping, self.STOPS_EARLY)
        if (sequence_length > 1) != self.SEQUENCES:
            wanted = "above 1: it reads" if self.SEQUENCES else "1: it does not read"
            raise UserError(
                f"{file}: needs.sequence_length={sequence_length} must be {wanted} sequences"
            )
        self.training = training
        self.early_stopping = early_stopping
        self.threads = threads
        self.sequence_length = sequence_length
        self.device = device
        self.feature_names: tuple[str, ...] = ()
        self.classes: tuple[int, ...] = ()
        self.complexity: dict[str, Any] = {}
        self.give_up: Callable[[list[float]], bool] | None = None
        self.at_most = math.inf
        self.shared: dict[Any, Any] | None = None

    def fit(
        self,
        X_train: FeatureRows,
        y_train: Int8Array1D,
        X_val: FeatureRows | None = None,
        y_val: Int8Array1D | None = None,
        *,
        sample_weight: Float64Array1D | None = None,
        seed: int = 0,
    ) -> dict[str, Any]:
        """Fit, and return what is worth recording of the training.

        With validation rows the model finds its complexity on them (boosting rounds,
        regularisation) by their unweighted log-loss and remembers it; without, it trains at the
        remembered complexity, or the configured one. So ``fit`` with validation rows, then ``fit``
        on all rows, is a refit. A class without training rows is predicted the least probability
        there is, and its validation rows take no part in finding the complexity.

        Returns
        -------
        dict
            JSON-serialisable: ``rows``, what the model adds (``rounds``, curves), and
            ``validation_log_loss`` when there are validation rows. No seconds.

        Raises
        ------
        ValueError
            When a feature is missing or infinite, labels are not 0, 1, 2, lengths disagree, or
            validation rows are among the training rows.
        UserError
            When there is nothing to learn: a single class, or no feature that varies.
        """
        weight = np.ones(len(X_train)) if sample_weight is None else sample_weight
        train = Labelled(X_train, y_train, weight)
        self._check(train)
        check_learnable(self.name, train)
        self.feature_names = X_train.names
        self.classes = present(y_train)
        if X_val is None or y_val is None or len(X_val) == 0:
            return {"rows": len(X_train), **self._fit(train, None, seed)}
        validation = Labelled(X_val, y_val, np.ones(len(X_val)))
        self._check(validation)
        if X_val.values is X_train.values and np.intersect1d(X_val.rows, X_train.rows).size:
            raise ValueError(f"{self.name}: validation rows are among the training rows")
        known = np.isin(y_val, self.classes)
        learnt = Labelled(X_val.take(X_val.rows[known]), y_val[known], validation.weight[known])
        metrics = {"rows": len(X_train), **self._fit(train, learnt if known.any() else None, seed)}
        return metrics | {"validation_log_loss": log_loss(self.predict(X_val), y_val)}

    @abstractmethod
    def _fit(self, train: Labelled, validation: Labelled | None, seed: int) -> dict[str, Any]:
        """Fit on checked rows; both hold classes of ``self.classes`` only, at least two."""

    @abstractmethod
    def _probabilities(self, X: FeatureRows) -> Float64Array2D:
        """Raw probabilities of ``self.classes``, (m, classes)."""

    def _bins(self, rows: Labelled, bins: int, make: Callable[[], T]) -> T:
        """What ``make`` makes of rows in ``bins`` bins, once for all fits that share."""
        if self.shared is None:
            return make()
        key = (rows.X.rows.tobytes(), rows.X.names, self.classes, bins)
        if key not in self.shared:
            self.shared[key] = make()
        found: T = self.shared[key]
        return found

    def _codes(self, y: Int8Array1D) -> Int64Array1D:
        """Labels as numbers into ``self.classes``."""
        return np.searchsorted(self.classes, y)

    def predict(self, X: FeatureRows) -> Float64Array2D:
        """Class probabilities of the rows asked for, (m, 3) float64 in label order; rows sum to 1.

        Raises
        ------
        ValueError
            When the features are not those that the model was fitted on, in their order, or one
            is missing or infinite.
        """
        if not self.feature_names:
            raise ValueError(f"{self.name} is not fitted")
        if X.names != self.feature_names:
            raise ValueError(
                f"{self.name} was fitted on {len(self.feature_names)} features, got {len(X.names)} "
                "others or in another order"
            )
        check_finite(self.name, X, self._rows_read(X))
        probabilities = np.full((len(X), N_CLASSES), MIN_PROBABILITY)
        if len(X):
            raw = np.maximum(self._probabilities(X).astype(np.float64), MIN_PROBABILITY)
            probabilities[:, list(self.classes)] = raw / raw.sum(axis=1, keepdims=True)
            probabilities = np.maximum(probabilities, MIN_PROBABILITY)
        return probabilities / probabilities.sum(axis=1, keepdims=True)

    @abstractmethod
    def get_feature_importance(self) -> dict[str, float]:
        """Importance by feature name, non-negative, summing to 1 (all 0: nothing learnt)."""

    @property
    def computes_on(self) -> str:
        """``cpu`` or ``cuda``: where it really computes."""
        return self.device.name

    @property
    def wants_validation(self) -> bool:
        """Whether a fit needs rows held out from its training rows: to stop early, say."""
        return bool(self.early_stopping["enabled"])

    def _patience(self, start: float = math.inf) -> Patience:
        """The configured patience, endless when early stopping is off."""
        stops = self.early_stopping["enabled"]
        rounds = self.early_stopping["patience"] if stops else math.inf
        min_delta = self.early_stopping["min_delta"]
        return Patience(rounds, min_delta, start, self.give_up, self.at_most)

    def _rounds(self) -> int:
        """Rounds of a fit without validation rows: the remembered ones, else the configured."""
        return int(self.complexity.get("rounds", self.training["rounds"]))

    def _remember_rounds(self, patience: Patience) -> int:
        """Rounds to keep of a fit with validation rows, remembered when it may stop early."""
        stops = self.early_stopping["enabled"]
        self.complexity = {"rounds": patience.best_round} if stops else {}
        return self._rounds()

    def _shares(self, importance: Float64Array1D) -> dict[str, float]:
        total = float(importance.sum())
        shares = importance / total if total > 0 else np.zeros(len(importance))
        return dict(zip(self.feature_names, shares.tolist(), strict=True))

    def save(self, path: Path) -> None:
        """Write the model into the existing folder ``path``, in formats that run no code on load.

        ``model.json`` comes last and holds the other files' checksums, so a folder without it is
        an interrupted save, and one that disagrees with it is damaged.
        """
        if not self.feature_names:
            raise ValueError(f"{self.name} is not fitted: nothing to save")
        (path / DESCRIPTION).unlink(missing_ok=True)
        self._write_state(path)
        content = {
            "library": f"{self.LIBRARY} {importlib.import_module(self.LIBRARY).__version__}",
            "features": list(self.feature_names),
            "classes": list(self.classes),
            "complexity": self.complexity,
            "training": self.training,
            "early_stopping": self.early_stopping,
            "sequence_length": self.sequence_length,
        }
        write_description(path, self.name, content, self.FILES)

    @classmethod
    def load(cls, path: Path, threads: int = 1) -> Self:
        """Read what ``save`` wrote; predictions are exactly the same.

        Raises
        ------
        UserError
            When a file is missing, truncated, damaged, of another model or of another format.
        """
        description = read_description(path, cls.name)
        try:
            model = cls(
                description["training"],
                description["early_stopping"],
                threads,
                sequence_length=description["sequence_length"],
            )
            model.feature_names = tuple(description["features"])
            model.classes = tuple(description["classes"])
            model.complexity = description["complexity"]
            checksums = {name: description["sha256"][name] for name in cls.FILES}
        except (KeyError, TypeError, AttributeError, UserError) as error:
            raise UserError(
                f"{path / DESCRIPTION}: not what {cls.name} writes ({error}); fit it again"
            ) from error
        check_files(path, checksums)
        model._read_state(path)
        return model

    @abstractmethod
    def _write_state(self, path: Path) -> None:
        """Write ``FILES`` into the folder ``path``."""

    @abstractmethod
    def _read_state(self, path: Path) -> None:
        """Read ``FILES`` from the folder ``path``; they are whole."""

    def _rows_read(self, X: FeatureRows) -> Int64Array1D:
        """Row numbers of all rows that are read to predict those asked for, ascending."""
        return X.rows

    def _check(self, rows: Labelled) -> None:
        check_labelled(self.name, rows)
        check_finite(self.name, rows.X, self._rows_read(rows.X))
