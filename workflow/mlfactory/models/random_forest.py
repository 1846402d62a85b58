"""Random forest: grown by scikit-learn, kept and predicted from as plain arrays."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from mlfactory._typing import (
    Float32Array1D,
    Float32Array2D,
    Float64Array1D,
    Float64Array2D,
)
from mlfactory.models._base import Model
from mlfactory.models._forest import (
    ForestArrays,
    bin_edges,
    from_sklearn,
    mean_probabilities,
    to_bins,
)
from mlfactory.models._parameters import Parameter
from mlfactory.models._rows import FeatureRows, Labelled
from mlfactory.registry import register


@register("random_forest")
class RandomForest(Model):
    """Shallow trees with big leaves: on noisy labels deeper ones cost more and gain nothing.

    Trees are grown on quantile bins of the training rows, which costs half of growing them on the
    values; the thresholds kept are feature values.
    """

    STOPS_EARLY = False
    LIBRARY = "sklearn"
    FILES = ("model.npz",)
    OF_ROWS = ("min_samples_leaf",)
    AVERAGED = ("trees",)
    PARAMETERS: ClassVar[dict[str, Parameter]] = {
        "trees": Parameter(int, low=1),
        "max_depth": Parameter(int, low=1),
        "min_samples_leaf": Parameter(int, low=1),
        "max_samples": Parameter(float, low=0.01, high=1),
        "max_features": Parameter(float, low=0.001, high=1),
        "bins": Parameter(int, low=2, high=1024),
    }

    def _fit(self, train: Labelled, validation: Labelled | None, seed: int) -> dict[str, Any]:
        edges, binned = self._bins(train, self.training["bins"], lambda: self._binned(train))
        forest = RandomForestClassifier(
            n_estimators=self.training["trees"],
            max_depth=self.training["max_depth"],
            min_samples_leaf=self.training["min_samples_leaf"],
            max_samples=max(1, round(self.training["max_samples"] * len(binned))),
            max_features=self.training["max_features"],
            n_jobs=self.threads,
            random_state=seed,
        )
        forest.fit(binned, train.y, sample_weight=train.weight)
        trees = [estimator.tree_ for estimator in forest.estimators_]
        self.arrays = from_sklearn(trees, edges, self.classes)
        self.importance: Float64Array1D = forest.feature_importances_
        return {"trees": len(trees), "nodes": len(self.arrays.feature)}

    def _binned(self, rows: Labelled) -> tuple[list[Float32Array1D], Float32Array2D]:
        features = rows.X.matrix()
        edges = bin_edges(features, self.training["bins"])
        return edges, to_bins(features, edges)

    def _probabilities(self, X: FeatureRows) -> Float64Array2D:
        probabilities: Float64Array2D = mean_probabilities(X.matrix(), *self.arrays)
        return probabilities[:, list(self.classes)]

    def get_feature_importance(self) -> dict[str, float]:
        """Share of the decrease in Gini impurity by the splits on each feature."""
        return self._shares(self.importance)

    def _write_state(self, path: Path) -> None:
        np.savez(path / "model.npz", importance=self.importance, **self.arrays._asdict())

    def _read_state(self, path: Path) -> None:
        with np.load(path / "model.npz", allow_pickle=False) as arrays:
            self.importance = arrays["importance"]
            self.arrays = ForestArrays(*(arrays[field] for field in ForestArrays._fields))
