"""Gradient boosted trees of XGBoost."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import xgboost

from mlfactory._typing import Float64Array1D, Float64Array2D
from mlfactory.models._base import Model, both_classes
from mlfactory.models._early_stopping import Patience
from mlfactory.models._parameters import Parameter
from mlfactory.models._rows import FeatureRows, Labelled
from mlfactory.registry import register


@register("xgboost")
class XGBoost(Model):
    """Depth-wise boosting on histograms whose bin edges come from the training rows alone."""

    STOPS_EARLY = True
    LIBRARY = "xgboost"
    FILES = ("model.ubj",)
    PARAMETERS: ClassVar[dict[str, Parameter]] = {
        "rounds": Parameter(int, low=1),
        "learning_rate": Parameter(float, low=1e-4, high=1),
        "max_depth": Parameter(int, low=1, high=16),
        "max_bin": Parameter(int, low=2, high=1024),
        "min_child_weight": Parameter(float, low=0),
        "subsample": Parameter(float, low=0.01, high=1),
        "colsample_bytree": Parameter(float, low=0.01, high=1),
        "gamma": Parameter(float, low=0),
        "reg_alpha": Parameter(float, low=0),
        "reg_lambda": Parameter(float, low=0),
    }

    def _fit(self, train: Labelled, validation: Labelled | None, seed: int) -> dict[str, Any]:
        data = self._quantised(train)
        if validation is None:
            rounds = self._rounds()
            self.booster = xgboost.train(self._library_parameters(seed), data, rounds)
            return {"rounds": rounds}
        patience = self._patience()
        booster = xgboost.train(
            self._library_parameters(seed),
            data,
            self.training["rounds"],
            evals=[(self._quantised(validation, ref=data), "validation")],
            callbacks=[_Stop(patience)],
            verbose_eval=False,
        )
        rounds = self._remember_rounds(patience)
        self.booster = booster[:rounds]
        return {"rounds": rounds, "validation_curve": patience.losses}

    def _quantised(
        self, rows: Labelled, ref: xgboost.QuantileDMatrix | None = None
    ) -> xgboost.QuantileDMatrix:
        bins = self.training["max_bin"]
        return self._bins(
            rows,
            bins,
            lambda: xgboost.QuantileDMatrix(
                rows.X.matrix(),
                self._codes(rows.y),
                weight=rows.weight,
                ref=ref,
                max_bin=bins,
                nthread=self.threads,
            ),
        )

    def _library_parameters(self, seed: int) -> dict[str, Any]:
        """The configured ones and those that make a fit repeatable."""
        tuned = {key: value for key, value in self.training.items() if key != "rounds"}
        binary = {"objective": "binary:logistic", "eval_metric": "logloss"}
        several = {"objective": "multi:softprob", "eval_metric": "mlogloss"}
        n_classes = len(self.classes)
        problem = binary if n_classes == 2 else several | {"num_class": n_classes}
        return tuned | {
            **problem,
            "device": self.device.name,
            "tree_method": "hist",
            "seed": seed,
            "nthread": self.threads,
            "verbosity": 0,
        }

    def _probabilities(self, X: FeatureRows) -> Float64Array2D:
        self.booster.set_param({"nthread": self.threads, "device": "cpu"})
        raw: Float64Array2D = self.booster.inplace_predict(X.matrix())
        return both_classes(raw)

    def get_feature_importance(self) -> dict[str, float]:
        """Share of the total gain of the splits on each feature."""
        gains: Float64Array1D = np.zeros(len(self.feature_names))
        for feature, gain in self.booster.get_score(importance_type="total_gain").items():
            gains[int(feature.removeprefix("f"))] = gain
        return self._shares(gains)

    def _write_state(self, path: Path) -> None:
        (path / "model.ubj").write_bytes(self.booster.save_raw("ubj"))

    def _read_state(self, path: Path) -> None:
        self.booster = xgboost.Booster(model_file=path / "model.ubj")


class _Stop(xgboost.callback.TrainingCallback):
    """XGBoost's callback form of ``Patience``."""

    def __init__(self, patience: Patience) -> None:
        super().__init__()
        self.patience = patience

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Whether to stop."""
        return self.patience.is_over(next(iter(evals_log["validation"].values()))[-1])
