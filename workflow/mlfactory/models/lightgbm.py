"""Gradient boosted trees of LightGBM."""

from pathlib import Path
from typing import Any, ClassVar

import lightgbm

from mlfactory._typing import Float64Array2D
from mlfactory.models._base import Model, both_classes
from mlfactory.models._early_stopping import Patience
from mlfactory.models._parameters import Parameter
from mlfactory.models._rows import FeatureRows, Labelled
from mlfactory.registry import register


@register("lightgbm")
class LightGBM(Model):
    """Leaf-wise boosting on histograms.

    Coarse bins, few leaves and a fifth of the features a tree: a quarter of the usual cost at
    equal log-loss. The quantised gradients of LightGBM 4.7.0 crash and are not offered.
    """

    STOPS_EARLY = True
    LIBRARY = "lightgbm"
    FILES = ("model.txt",)
    OF_ROWS = ("min_data_in_leaf",)
    PARAMETERS: ClassVar[dict[str, Parameter]] = {
        "rounds": Parameter(int, low=1),
        "learning_rate": Parameter(float, low=1e-4, high=1),
        "num_leaves": Parameter(int, low=2, high=4096),
        "max_depth": Parameter(int, low=-1),
        "min_data_in_leaf": Parameter(int, low=1),
        "max_bin": Parameter(int, low=2, high=255),
        "feature_fraction": Parameter(float, low=0.01, high=1),
        "bagging_fraction": Parameter(float, low=0.01, high=1),
        "bagging_freq": Parameter(int, low=0),
        "lambda_l1": Parameter(float, low=0),
        "lambda_l2": Parameter(float, low=0),
        "min_gain_to_split": Parameter(float, low=0),
    }

    def _fit(self, train: Labelled, validation: Labelled | None, seed: int) -> dict[str, Any]:
        parameters = self._library_parameters(seed)
        bins = self.training["max_bin"]
        data = self._bins(
            train,
            bins,
            lambda: lightgbm.Dataset(
                train.X.matrix(), self._codes(train.y), weight=train.weight, params=parameters
            ),
        )
        if validation is None:
            rounds = self._rounds()
            self.booster = lightgbm.train(parameters, data, num_boost_round=rounds)
            return {"rounds": rounds}
        held_out = self._bins(
            validation,
            bins,
            lambda: data.create_valid(validation.X.matrix(), self._codes(validation.y)),
        )
        patience = self._patience()
        booster = lightgbm.train(
            parameters,
            data,
            num_boost_round=self.training["rounds"],
            valid_sets=[held_out],
            callbacks=[_Stop(patience)],
            keep_training_booster=True,  # it is read once more, as far as its best round
        )
        rounds = self._remember_rounds(patience)
        self.booster = lightgbm.Booster(model_str=booster.model_to_string(num_iteration=rounds))
        return {"rounds": rounds, "validation_curve": patience.losses}

    def _library_parameters(self, seed: int) -> dict[str, Any]:
        """The configured ones and those that make a fit repeatable."""
        tuned = {key: value for key, value in self.training.items() if key != "rounds"}
        binary = {"objective": "binary", "metric": "binary_logloss"}
        several = {"objective": "multiclass", "metric": "multi_logloss"}
        n_classes = len(self.classes)
        problem = binary if n_classes == 2 else several | {"num_class": n_classes}
        return tuned | {
            **problem,
            "device_type": "gpu" if self.device.gpu else "cpu",
            "seed": seed,
            "deterministic": True,
            "force_col_wise": True,
            "num_threads": self.threads,
            "verbosity": -1,
            "feature_pre_filter": False,  # binned rows serve trials of any min_data_in_leaf
        }

    def _probabilities(self, X: FeatureRows) -> Float64Array2D:
        raw: Float64Array2D = self.booster.predict(X.matrix(), num_threads=self.threads)
        return both_classes(raw)

    def get_feature_importance(self) -> dict[str, float]:
        """Share of the total gain of the splits on each feature."""
        return self._shares(self.booster.feature_importance("gain"))

    def _write_state(self, path: Path) -> None:
        (path / "model.txt").write_text(self.booster.model_to_string(), encoding="utf-8")

    def _read_state(self, path: Path) -> None:
        text = (path / "model.txt").read_text(encoding="utf-8")
        self.booster = lightgbm.Booster(model_str=text)


class _Stop:
    """LightGBM's callback form of ``Patience``."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience

    def __call__(self, state: Any) -> None:
        if self.patience.is_over(state.evaluation_result_list[0][2]):
            raise lightgbm.callback.EarlyStopException(
                self.patience.best_round - 1, state.evaluation_result_list
            )
