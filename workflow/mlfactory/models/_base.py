"""The model contract: what every file in this folder offers, and what all of them share."""

import difflib
import hashlib
import importlib
import json
import math
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from mlfactory._typing import (
    Float32Array2D,
    Float64Array1D,
    Float64Array2D,
    Int8Array1D,
    Int32Array1D,
    Int64Array1D,
)
from mlfactory.errors import UserError

N_CLASSES = 3
"""Labels in order: 0 short, 1 neutral, 2 long."""

MIN_PROBABILITY = 1e-6
"""Predicted probabilities are kept at least this far from 0, so that log-loss stays finite."""

FORMAT = 1
"""Version of the layout of a saved model's folder."""


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


class Labelled(NamedTuple):
    """Rows with their labels (0, 1, 2) and weights, all checked."""

    X: FeatureRows
    y: Int8Array1D
    weight: Float64Array1D


@dataclass(frozen=True)
class Parameter:
    """What one key of a yaml block may hold: type, inclusive range, choices, one or a list."""

    kind: type
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    ascending_list: bool = False

    def check(self, where: str, value: Any) -> None:
        """Refuse a value that does not fit, naming its key ``where``."""
        items = value if self.ascending_list and isinstance(value, list) else [value]
        if self.ascending_list and (not isinstance(value, list) or not value):
            raise UserError(f"{where}={value!r} must be a list of at least one {self._what()}")
        if not all(self._fits(item) for item in items):
            raise UserError(f"{where}={value!r} must be {self._what()}")
        if any(later <= earlier for earlier, later in pairwise(items)):
            raise UserError(f"{where}={value!r} must ascend; sort it and drop repeats")

    def _fits(self, item: Any) -> bool:
        kinds = (int, float) if self.kind is float else (self.kind,)
        if type(item) not in kinds:
            return False
        if self.choices:
            return item in self.choices
        return self.kind in (str, bool) or bool(self.low <= item <= self.high)

    def _what(self) -> str:
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        noun = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
        limits = [f">= {self.low:g}"] * (self.low > -math.inf)
        limits += [f"<= {self.high:g}"] * (self.high < math.inf)
        return " ".join([noun[self.kind], " and ".join(limits)]).strip()


def check_block(where: str, block: dict[str, Any], allowed: dict[str, Parameter]) -> None:
    """Refuse unknown, missing and unfit keys of a yaml block; ``where`` is its file and name."""
    for key in block:
        if key not in allowed:
            nearest = difflib.get_close_matches(key, allowed, n=1, cutoff=0.0)
            hint = f"nearest: {nearest[0]}" if nearest else "it takes no keys"
            raise UserError(f"{where}.{key} is unknown; {hint}")
    for key, parameter in allowed.items():
        if key not in block:
            raise UserError(f"{where}.{key} is missing; give {parameter._what()}")
        parameter.check(f"{where}.{key}", block[key])


class Patience:
    """The rule of early stopping, the same for every model that goes round by round.

    Examples
    --------
    >>> patience = Patience(rounds=2, min_delta=0.1)
    >>> [patience.is_over(loss) for loss in (1.0, 0.8, 0.75, 0.79)]
    [False, False, False, True]
    >>> patience.best_round  # counted from 1; 0.75 is no gain of more than 0.1
    2
    """

    def __init__(self, rounds: float, min_delta: float) -> None:
        self.rounds = rounds
        self.min_delta = min_delta
        self.losses: list[float] = []
        self.best_round = 0

    def is_over(self, loss: float) -> bool:
        """Note the next round's validation loss; whether ``rounds`` have passed without gain."""
        self.losses.append(loss)
        best = self.losses[self.best_round - 1] if self.best_round else math.inf
        if loss < best - self.min_delta:
            self.best_round = len(self.losses)
        return len(self.losses) - self.best_round >= self.rounds


def log_loss(probabilities: Float64Array2D, y: Int8Array1D) -> float:
    """Mean negative log of the probability given to what happened, unweighted, in nats."""
    return float(-np.log(probabilities[np.arange(len(y)), y]).mean())


_NO_EARLY_STOPPING = {"enabled": Parameter(bool)}
_EARLY_STOPPING = _NO_EARLY_STOPPING | {
    "patience": Parameter(int, low=1),
    "min_delta": Parameter(float, low=0),
}


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

    Attributes
    ----------
    complexity
        What the last fit with validation rows found best, such as ``{"rounds": 120}``; empty
        before. Fits without validation rows use it.

    Raises
    ------
    UserError
        When a key is unknown, missing, or holds what it may not.
    """

    name: ClassVar[str]
    PARAMETERS: ClassVar[dict[str, Parameter]]
    STOPS_EARLY: ClassVar[bool]
    LIBRARY: ClassVar[str]
    FILES: ClassVar[tuple[str, ...]]

    def __init__(
        self, training: dict[str, Any], early_stopping: dict[str, Any], threads: int = 1
    ) -> None:
        file = f"config/models/{self.name}.yaml"
        check_block(f"{file}: training", training, self.PARAMETERS)
        stopping = _EARLY_STOPPING if self.STOPS_EARLY else _NO_EARLY_STOPPING
        check_block(f"{file}: early_stopping", early_stopping, stopping)
        if early_stopping["enabled"] and not self.STOPS_EARLY:
            raise UserError(f"{file}: early_stopping.enabled=True must be false: nothing to stop")
        self.training = training
        self.early_stopping = early_stopping
        self.threads = threads
        self.feature_names: tuple[str, ...] = ()
        self.classes: tuple[int, ...] = ()
        self.complexity: dict[str, float] = {}

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
        self._check_labelled(train)
        self._check_learnable(train)
        self.feature_names = X_train.names
        self.classes = tuple(int(label) for label in np.unique(y_train))
        if X_val is None or y_val is None or len(X_val) == 0:
            return {"rows": len(X_train), **self._fit(train, None, seed)}
        validation = Labelled(X_val, y_val, np.ones(len(X_val)))
        self._check_labelled(validation)
        if X_val.values is X_train.values and np.intersect1d(X_val.rows, X_train.rows).size:
            raise ValueError(f"{self.name}: validation rows are among the training rows")
        known = np.isin(y_val, self.classes)
        learnt = Labelled(X_val.take(X_val.rows[known]), y_val[known], validation.weight[known])
        metrics = {"rows": len(X_train), **self._fit(train, learnt if known.any() else None, seed)}
        return metrics | {"validation_log_loss": log_loss(self.predict(X_val), y_val)}

    @abstractmethod
    def _fit(self, train: Labelled, validation: Labelled | None, seed: int) -> dict[str, Any]:
        """Fit on checked rows; both hold the same classes, at least two of the three."""

    @abstractmethod
    def _probabilities(self, X: FeatureRows) -> Float64Array2D:
        """Raw class probabilities, (m, 3)."""

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
        self._check_finite(X)
        probabilities = np.full((len(X), N_CLASSES), MIN_PROBABILITY)
        if len(X):
            seen = list(self.classes)
            raw = np.maximum(self._probabilities(X)[:, seen].astype(np.float64), MIN_PROBABILITY)
            probabilities[:, seen] = raw / raw.sum(axis=1, keepdims=True)
            probabilities = np.maximum(probabilities, MIN_PROBABILITY)
        return probabilities / probabilities.sum(axis=1, keepdims=True)

    @abstractmethod
    def get_feature_importance(self) -> dict[str, float]:
        """Importance by feature name, non-negative, summing to 1 (all 0: nothing learnt)."""

    def _patience(self) -> Patience:
        """The configured patience, endless when early stopping is off."""
        stops = self.early_stopping["enabled"]
        rounds = self.early_stopping["patience"] if stops else math.inf
        return Patience(rounds, self.early_stopping["min_delta"])

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
        (path / "model.json").unlink(missing_ok=True)
        self._write_state(path)
        description = {
            "model": self.name,
            "format": FORMAT,
            "library": f"{self.LIBRARY} {importlib.import_module(self.LIBRARY).__version__}",
            "features": list(self.feature_names),
            "classes": list(self.classes),
            "complexity": self.complexity,
            "training": self.training,
            "early_stopping": self.early_stopping,
            "sha256": {file: _sha256(path / file) for file in self.FILES},
        }
        temporary = path / ".model.json.part"
        temporary.write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, path / "model.json")

    @classmethod
    def load(cls, path: Path, threads: int = 1) -> Self:
        """Read what ``save`` wrote; predictions are exactly the same.

        Raises
        ------
        UserError
            When a file is missing, truncated, damaged, of another model or of another format.
        """
        file = path / "model.json"
        description = _read_description(file, cls.name)
        try:
            model = cls(description["training"], description["early_stopping"], threads)
            model.feature_names = tuple(description["features"])
            model.classes = tuple(description["classes"])
            model.complexity = description["complexity"]
            checksums = {name: description["sha256"][name] for name in cls.FILES}
        except (KeyError, TypeError, AttributeError, UserError) as error:
            raise UserError(
                f"{file}: not what {cls.name} writes ({error}); fit it again"
            ) from error
        for name, checksum in checksums.items():
            if not (path / name).is_file():
                raise UserError(f"{path / name}: missing; fit the model again")
            if _sha256(path / name) != checksum:
                raise UserError(f"{path / name}: truncated or damaged; fit the model again")
        model._read_state(path)
        return model

    @abstractmethod
    def _write_state(self, path: Path) -> None:
        """Write ``FILES`` into the folder ``path``."""

    @abstractmethod
    def _read_state(self, path: Path) -> None:
        """Read ``FILES`` from the folder ``path``; they are whole."""

    def _check_finite(self, X: FeatureRows) -> None:
        finite = np.isfinite(X.matrix())
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            raise ValueError(
                f"{self.name}: feature {X.names[column]} is {X.values[X.rows[row], column]} in row "
                f"{X.rows[row]}; rows with missing or infinite features cannot be used"
            )

    def _check_labelled(self, rows: Labelled) -> None:
        if not len(rows.X) == len(rows.y) == len(rows.weight):
            raise ValueError(
                f"{self.name}: {len(rows.X)} rows, {len(rows.y)} labels, {len(rows.weight)} weights"
            )
        if not np.isin(rows.y, range(N_CLASSES)).all():
            raise ValueError(f"{self.name}: labels {np.unique(rows.y)} are not 0, 1, 2")
        if not np.isfinite(rows.weight).all() or (rows.weight < 0).any():
            raise ValueError(f"{self.name}: weights must be finite and not negative")
        self._check_finite(rows.X)

    def _check_learnable(self, train: Labelled) -> None:
        weighted = train.y[train.weight > 0]
        if len(np.unique(weighted)) < 2:
            raise UserError(
                f"{self.name}: {len(weighted)} weighted training rows hold fewer than two classes; "
                "give more rows or other barriers"
            )
        matrix = train.X.matrix()
        if (matrix == matrix[0]).all():
            raise UserError(
                f"{self.name}: none of {matrix.shape[1]} features varies over {len(matrix)} "
                "training rows; give more rows or other features"
            )


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _read_description(file: Path, name: str) -> dict[str, Any]:
    """The content of a ``model.json``, of this model and format."""
    if not file.is_file():
        raise UserError(f"{file}: missing, so nothing whole was saved; fit the model again")
    try:
        description = json.loads(file.read_bytes())
    except ValueError as error:
        raise UserError(f"{file}: truncated or damaged; fit the model again") from error
    if not isinstance(description, dict) or "model" not in description:
        raise UserError(f"{file}: not the description of a model; fit the model again")
    if description["model"] != name:
        raise UserError(f"{file}: holds model {description['model']!r}, not {name!r}")
    if description.get("format") != FORMAT:
        raise UserError(
            f"{file}: format={description.get('format')!r} is not {FORMAT}; fit the model again"
        )
    return description
