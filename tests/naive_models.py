"""Small labelled data for the models' tests, the models as configured, and slow obvious twins."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from mlfactory import registry
from mlfactory.config import load_models
from mlfactory.models._base import Model
from mlfactory.models._rows import FeatureRows

CONFIG = Path(__file__).parents[1] / "config" / "models"
SMALL = {
    "lightgbm": {"rounds": 40, "min_data_in_leaf": 10, "feature_fraction": 0.5},
    "xgboost": {"rounds": 40, "min_child_weight": 2, "colsample_bytree": 0.5},
    "catboost": {"rounds": 40},
    "random_forest": {"trees": 40, "min_samples_leaf": 10, "max_samples": 0.5, "max_depth": 5},
    "logistic": {"C": [0.001, 0.01, 0.1]},
    "svm": {"landmarks": 100, "C": 1.0},
    "lstm": {"epochs": 12, "batch": 64, "hidden": 16, "learning_rate": 0.01, "dropout": 0.0},
    "gru": {"epochs": 12, "batch": 64, "hidden": 16, "learning_rate": 0.01, "dropout": 0.0},
    "tcn": {"epochs": 12, "batch": 64, "channels": 16, "learning_rate": 0.01, "dropout": 0.0},
    "voting": {},
    "stacking": {"C": [1.0]},
    "blending": {"C": [1.0]},
}
"""What differs from the shipped yaml, so that 600 rows are enough."""


SHORT = {"lstm": 12, "gru": 12}
"""Rows of a sequence, where fewer than in the shipped yaml cost less."""

ENSEMBLES = ("blending", "stacking", "voting")
IN_TWO_STAGES = " in two stages"
"""Ends the name of a model that is fitted so."""


class Data(NamedTuple):
    X: FeatureRows
    y: np.ndarray


def shipped(name: str) -> dict:
    plain = name.removesuffix(IN_TWO_STAGES)
    model = load_models([plain])[plain]
    model["needs"]["sequence_length"] = SHORT.get(plain, model["needs"]["sequence_length"])
    return model | {"decomposition": "multiclass" if plain == name else "two_stage"}


def make(name: str, *, threads: int = 1, stopping: dict | None = None, **training: object) -> Model:
    config = shipped(name)
    changed = {
        "training": config["training"] | SMALL[name.removesuffix(IN_TWO_STAGES)] | training,
        "early_stopping": config["early_stopping"] | (stopping or {}),
    }
    return registry.make(config | changed, threads)


def market(name: str, *, signal: float = 1.5, rows: int = 800, seed: int = 0) -> Data:
    """Labels that depend on two of eight features; for ensembles, on their first member's."""
    random = np.random.default_rng(seed)
    drift, calm = random.standard_normal((2, rows))
    scores = signal * np.column_stack([-drift, calm, drift])
    y = (scores + random.gumbel(size=scores.shape)).argmax(axis=1).astype(np.int8)
    if name in ENSEMBLES:
        return Data(_predictions(scores, random), y)
    noise = random.standard_normal((rows, 6))
    values = np.column_stack([drift, calm, noise]).astype(np.float32)
    return Data(feature_rows(values, tuple("abcdefgh")), y)


def feature_rows(values: np.ndarray, names: tuple[str, ...]) -> FeatureRows:
    values = np.ascontiguousarray(values, dtype=np.float32)
    return FeatureRows(values, np.zeros(len(values), np.int32), np.arange(len(values)), names)


def _predictions(scores: np.ndarray, random: np.random.Generator) -> FeatureRows:
    """Three members: one that knows, one that half knows, one that guesses."""
    members = [scores, 0.5 * scores, random.standard_normal(scores.shape)]
    odds = [np.exp(member - member.max(axis=1, keepdims=True)) for member in members]
    values = np.hstack([odd / odd.sum(axis=1, keepdims=True) for odd in odds])
    labels = ("short", "neutral", "long")
    names = tuple(f"{member}_prob_{label}" for member in "abc" for label in labels)
    return feature_rows(values, names)


def part(data: Data, first: int, last: int) -> Data:
    return Data(data.X.take(data.X.rows[first:last]), data.y[first:last])


def prior_log_loss(fitted_on: np.ndarray, scored: np.ndarray) -> float:
    prior = np.bincount(fitted_on, minlength=3) / len(fitted_on)
    return float(-np.log(prior[scored]).mean())


def forest_probabilities(features: np.ndarray, arrays: object) -> np.ndarray:
    """The forest's prediction, walked node by node in plain Python."""
    result = np.zeros((len(features), 3))
    for i, row in enumerate(features):
        for root in arrays.root:
            node = int(root)
            while arrays.feature[node] >= 0:
                left = row[arrays.feature[node]] <= arrays.threshold[node]
                node = int(arrays.left[node] if left else arrays.right[node])
            result[i] += arrays.probability[node].astype(float)
    return result / len(arrays.root)


def least_loss_of_a_mix(given: np.ndarray, steps: int = 50) -> float:
    """Least log-loss of a mix of two members, by trying every weight."""
    weights = np.linspace(0, 1, steps + 1)
    return min(float(-np.log(given @ [w, 1 - w]).mean()) for w in weights)


def permuted_loss(forest, binned, y, groups, seed):
    """By how much log-loss rises when the columns of a group are permuted, row by row."""

    def loss(rows):
        total = 0.0
        for row, label in zip(rows, y, strict=True):
            given = []
            for root in forest.root:
                node = root
                while forest.feature[node] >= 0:
                    left = row[forest.feature[node]] <= forest.threshold[node]
                    node = forest.left[node] if left else forest.right[node]
                given.append(float(forest.probability[node, label]))
            total -= np.log(max(np.mean(given), 1e-6))
        return total / len(y)

    order = np.random.default_rng(seed).permutation(len(y))
    out = []
    for columns in groups:
        moved = binned.copy()
        moved[:, columns] = binned[order][:, columns]
        out.append(loss(moved) - loss(binned))
    return np.array(out)
