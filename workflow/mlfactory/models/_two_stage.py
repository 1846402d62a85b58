"""A three-class problem in two stages: does the price move, and if it does, which way."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mlfactory._typing import BoolArray1D, Float64Array1D, Float64Array2D, Int8Array1D, Int64Array1D
from mlfactory.models._base import Model
from mlfactory.models._rows import N_CLASSES, FeatureRows, Labelled

SHORT, NEUTRAL, LONG = range(N_CLASSES)
MOVED = SHORT
"""The label of every row that is not neutral, in the first stage."""

_STATE = "two_stage.json"

_LEAST = "direction_loss"
"""Where fits that share rows keep the least loss of a direction, mixed, times the moved share."""

_KEPT = (
    "name",
    "LIBRARY",
    "PARAMETERS",
    "STOPS_EARLY",
    "REFITS",
    "OF_ROWS",
    "PER_STEP",
    "AVERAGED",
    "SEQUENCES",
)
"""What a model is in two stages as in one."""


def two_stage(cls: type[Model]) -> type[Model]:
    """The class of the same model in two stages; its contract and its yaml are the same."""
    return type(
        f"TwoStage{cls.__name__}",
        (TwoStage,),
        {"BASE": cls, "FILES": (_STATE,)} | {name: getattr(cls, name) for name in _KEPT},
    )


class TwoStage(Model):
    """Two fits of one model, each with its own early stopping: neutral or not, then direction.

    In one problem the easy neutral part decides when to stop, while direction overfits. The
    direction is mixed with its prior, the weighted share of long among the training rows that
    moved, by the weight of least log-loss on the validation rows that moved: where it shows no
    gain, the prior is what is predicted. The same rows stop its fit early. Half of them for each
    was tried first: of some hundred independent labels the weight came out anywhere, and the
    direction of a market that has one was lost. An SVM's probabilities are calibrated by these
    very rows, so that they believe it whatever they show; the calibration itself is what shrinks.
    """

    BASE: ClassVar[type[Model]]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._unfitted = self._new_stage()

    def _fit(self, train: Labelled, validation: Labelled | None, seed: int) -> dict[str, Any]:
        metrics: dict[str, Any] = {}
        self.stages: dict[str, Model] = {}
        self.prior = _share_of_long(train)
        self.trust = float(self.complexity.get("direction_trust", 1.0))
        moves = [label for label in self.classes if label != NEUTRAL]
        loss, gave_up = 0.0, False
        if NEUTRAL in self.classes:
            tail = validation and _neutral_or_not(validation)
            asked = _Whole(self.give_up, before=(self.shared or {}).get(_LEAST, 0.0))
            found = self._fit_stage("move", _neutral_or_not(train), tail, seed, asked)
            metrics["move"], gave_up = found, asked.gave_up
            loss = found.get("validation_log_loss", 0.0)
        if len(moves) == 2 and not gave_up:
            metrics["direction"] = self._fit_direction(train, validation, seed, loss)
            metrics["direction_trust"] = self.trust
        if validation is not None:
            self.complexity = {name: stage.complexity for name, stage in self.stages.items()}
            self.complexity |= {"direction_trust": self.trust} if len(moves) == 2 else {}
        return metrics

    def _fit_direction(
        self, train: Labelled, validation: Labelled | None, seed: int, before: float
    ) -> dict[str, Any]:
        """Fit the second stage, and find how far it is believed; ``before``: the first's loss."""
        if validation is None:
            return self._fit_stage("direction", _moved(train), None, seed, None)
        tail = _moved(validation)
        share = len(tail.y) / len(validation.y)
        asked = _Whole(self.give_up, before, share)
        metrics = self._fit_stage("direction", _moved(train), tail, seed, asked)
        self.trust, loss = self._trust(tail)
        if self.shared is not None:
            self.shared[_LEAST] = min(share * loss, self.shared.get(_LEAST, math.inf))
        return metrics

    def _fit_stage(
        self,
        name: str,
        train: Labelled,
        validation: Labelled | None,
        seed: int,
        give_up: "_Whole | None",
    ) -> dict[str, Any]:
        stage = self._new_stage()
        stage.give_up = give_up
        stage.at_most = self.at_most
        stage.complexity = self.complexity.get(name, {})
        stage.shared = None if self.shared is None else self.shared.setdefault(name, {})
        held_out = (None, None) if validation is None else (validation.X, validation.y)
        self.stages[name] = stage
        return stage.fit(train.X, train.y, *held_out, sample_weight=train.weight, seed=seed)

    def _new_stage(self) -> Model:
        return self.BASE(
            self.training,
            self.early_stopping,
            self.threads,
            sequence_length=self.sequence_length,
            device=self.device,
        )

    def _trust(self, moved: Labelled) -> tuple[float, float]:
        """Weight of the direction against its prior, of least log-loss on rows not fitted on.

        And that log-loss.
        """
        from scipy.optimize import minimize_scalar

        if not len(moved.y):
            return 0.0, 0.0
        long = np.column_stack(
            [self.stages["direction"].predict(moved.X)[:, LONG], np.full(len(moved.y), self.prior)]
        )
        given = np.where((moved.y == LONG)[:, None], long, 1 - long)
        best = minimize_scalar(_loss_of_mix, bounds=(0.0, 1.0), args=(given,), method="bounded")
        return float(best.x), float(best.fun)

    @property
    def computes_on(self) -> str:
        """Where its stages compute."""
        return self._unfitted.computes_on

    @property
    def wants_validation(self) -> bool:
        """Always: the direction is mixed with its prior by rows that were not fitted on."""
        return True

    def _probabilities(self, X: FeatureRows) -> Float64Array2D:
        neutral = np.zeros(len(X))
        if "move" in self.stages:
            neutral = self.stages["move"].predict(X)[:, NEUTRAL]
        long = np.full(len(X), self.prior)
        if "direction" in self.stages:
            learnt = self.stages["direction"].predict(X)[:, LONG]
            long = self.trust * learnt + (1 - self.trust) * self.prior
        three = np.column_stack([(1 - neutral) * (1 - long), neutral, (1 - neutral) * long])
        return three[:, list(self.classes)]

    def get_feature_importance(self) -> dict[str, float]:
        """The mean of the stages' shares."""
        shares = [list(stage.get_feature_importance().values()) for stage in self.stages.values()]
        return self._shares(np.sum(shares, axis=0))

    def _rows_read(self, X: FeatureRows) -> Int64Array1D:
        return self._unfitted._rows_read(X)

    def _write_state(self, path: Path) -> None:
        for name, stage in self.stages.items():
            (path / name).mkdir(exist_ok=True)
            stage.save(path / name)
        state = {"stages": list(self.stages), "prior": self.prior, "trust": self.trust}
        (path / _STATE).write_text(json.dumps(state) + "\n", encoding="utf-8")

    def _read_state(self, path: Path) -> None:
        state = json.loads((path / _STATE).read_text(encoding="utf-8"))
        self.prior, self.trust = state["prior"], state["trust"]
        self.stages = {name: self.BASE.load(path / name, self.threads) for name in state["stages"]}


@dataclass
class _Whole:
    """``give_up`` of one stage, asked with the loss of both: ``before``, and a share of its own.

    The first stage is asked with the least loss that the direction of another fit of these rows
    came to, 0 where there was none: so it ends only where no direction known would mend it. The
    second is asked before its direction is mixed with the prior, which can only lower its loss.
    """

    give_up: Callable[[list[float]], bool] | None
    before: float
    share: float = 1.0
    gave_up: bool = False

    def __call__(self, losses: list[float]) -> bool:
        if self.give_up is not None:
            self.gave_up = self.give_up([self.before + self.share * loss for loss in losses])
        return self.gave_up


def _loss_of_mix(trust: float, given: Float64Array2D) -> float:
    """Log-loss of (m, 2) probabilities of what happened, mixed; convex in the first's weight."""
    return -float(np.log(given @ (trust, 1 - trust)).mean())


def _neutral_or_not(rows: Labelled) -> Labelled:
    return rows._replace(y=np.where(rows.y == NEUTRAL, NEUTRAL, MOVED).astype(np.int8))


def _moved(rows: Labelled) -> Labelled:
    """The rows that were not neutral."""
    keep: BoolArray1D = rows.y != NEUTRAL
    return Labelled(rows.X.take(rows.X.rows[keep]), rows.y[keep], rows.weight[keep])


def _share_of_long(rows: Labelled) -> float:
    y: Int8Array1D = rows.y
    weight: Float64Array1D = rows.weight
    return float(weight[y == LONG].sum() / weight[y != NEUTRAL].sum())
