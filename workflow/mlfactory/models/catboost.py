"""Gradient boosted symmetric trees of CatBoost."""

from pathlib import Path
from typing import Any, ClassVar

import catboost

from mlfactory._typing import Float64Array2D
from mlfactory.models._base import Model
from mlfactory.models._early_stopping import Patience
from mlfactory.models._parameters import Parameter
from mlfactory.models._rows import FeatureRows, Labelled
from mlfactory.registry import register


@register("catboost")
class CatBoost(Model):
    """Symmetric trees; plain boosting on Bernoulli samples of rows and features.

    On the processor only: on a GPU the library takes neither samples of features nor callbacks.
    """

    STOPS_EARLY = True
    LIBRARY = "catboost"
    FILES = ("model.cbm",)
    OF_ROWS = ("l2_leaf_reg",)  # it is multiplied by the mean weight
    PARAMETERS: ClassVar[dict[str, Parameter]] = {
        "rounds": Parameter(int, low=1),
        "learning_rate": Parameter(float, low=1e-4, high=1),
        "depth": Parameter(int, low=1, high=16),
        "border_count": Parameter(int, low=1, high=254),
        "rsm": Parameter(float, low=0.01, high=1),
        "subsample": Parameter(float, low=0.01, high=1),
        "l2_leaf_reg": Parameter(float, low=0),
        "random_strength": Parameter(float, low=0),
    }

    def _fit(self, train: Labelled, validation: Labelled | None, seed: int) -> dict[str, Any]:
        bins = self.training["border_count"]
        data = self._bins(train, bins, lambda: self._binned(train, seed))
        if validation is None:
            rounds = self._rounds()
            self.booster = catboost.CatBoost(self._library_parameters(rounds, seed)).fit(data)
            return {"rounds": rounds}
        patience = self._patience()
        self.booster = catboost.CatBoost(self._library_parameters(self.training["rounds"], seed))
        held_out = self._bins(validation, bins, lambda: self._pool(validation))
        self.booster.fit(data, eval_set=held_out, callbacks=[_Stop(patience)])
        rounds = self._remember_rounds(patience)
        self.booster.shrink(ntree_end=rounds)
        return {"rounds": rounds, "validation_curve": patience.losses}

    def _pool(self, rows: Labelled) -> catboost.Pool:
        return catboost.Pool(
            rows.X.matrix(), self._codes(rows.y), weight=rows.weight, thread_count=self.threads
        )

    def _binned(self, rows: Labelled, seed: int) -> catboost.Pool:
        """A pool that is binned already where fits share it; each fit by itself bins its own.

        The library bins it on all cores, for a moment, whatever ``threads`` says.
        """
        pool = self._pool(rows)
        if self.shared is not None:
            pool.quantize(border_count=self.training["border_count"], random_seed=seed)
        return pool

    def _library_parameters(self, rounds: int, seed: int) -> dict[str, Any]:
        """The configured ones and those that make a fit repeatable."""
        tuned = {key: value for key, value in self.training.items() if key != "rounds"}
        return tuned | {
            "iterations": rounds,
            "loss_function": "Logloss" if len(self.classes) == 2 else "MultiClass",
            "class_names": list(range(len(self.classes))),
            "boosting_type": "Plain",
            "bootstrap_type": "Bernoulli",
            "use_best_model": False,
            "random_seed": seed,
            "thread_count": self.threads,
            "allow_writing_files": False,
            "logging_level": "Silent",
        }

    def _probabilities(self, X: FeatureRows) -> Float64Array2D:
        raw: Float64Array2D = self.booster.predict(
            X.matrix(), prediction_type="Probability", thread_count=self.threads
        )
        return raw

    def get_feature_importance(self) -> dict[str, float]:
        """Share of the change in prediction that each feature's splits bring about."""
        return self._shares(self.booster.get_feature_importance(type="PredictionValuesChange"))

    def _write_state(self, path: Path) -> None:
        metadata = self.booster.get_metadata()  # the same model is to give the same bytes
        metadata["train_finish_time"] = metadata["model_guid"] = ""
        self.booster.save_model(path / "model.cbm", format="cbm")

    def _read_state(self, path: Path) -> None:
        self.booster = catboost.CatBoost().load_model(path / "model.cbm", format="cbm")


class _Stop:
    """CatBoost's callback form of ``Patience``."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience

    def after_iteration(self, info: Any) -> bool:
        """Whether to go on."""
        return not self.patience.is_over(next(iter(info.metrics["validation"].values()))[-1])
