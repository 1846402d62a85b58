"""The published dataset: scaled splits with labels and quality weights, and what says so.

An export for others to read. No fold is fitted from it: folds scale for themselves.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mlfactory._typing import (
    BoolArray1D,
    Float32Array1D,
    Float32Array2D,
    Float64Array1D,
    Int8Array1D,
)
from mlfactory.files import sha256
from mlfactory.scaling import CLIP, RobustScaler
from mlfactory.schemas import CLASSES, SPLIT_MARKS
from mlfactory.times import rows_at
from mlfactory.weights import QualityTiers

FITTED_ON = "train"
"""The split that scaler and tiers are learned from."""


@dataclass(frozen=True)
class Dataset:
    """The scaled splits, and what was learned from the first of them.

    Attributes
    ----------
    names
        The features, in the order of the tables' columns.
    tables
        By split, schema ``schemas.published``.
    tiers
        By horizon.
    """

    names: tuple[str, ...]
    tables: dict[str, pd.DataFrame]
    scaler: RobustScaler
    tiers: dict[int, QualityTiers]

    def scaler_content(self) -> dict[str, Any]:
        """The content of ``feature_scaler.json``: scaled = clip((x - center) / scale)."""
        return {
            "method": "robust: median and interquartile range",
            "fitted_on": FITTED_ON,
            "rows": len(self.tables[FITTED_ON]),
            "clip": CLIP,
            "features": self.names,
            "center": self.scaler.center,
            "scale": self.scaler.scale,
        }


def _values(split: pd.DataFrame, names: tuple[str, ...]) -> Float32Array2D:
    """The features of a split, column-major: scaling goes column by column."""
    values = np.empty((len(split), len(names)), dtype=np.float32, order="F")
    for column, name in enumerate(names):
        values[:, column] = split[name]
    return values


def _labelled(labels: pd.DataFrame) -> tuple[BoolArray1D, Int8Array1D, Float64Array1D]:
    """Which rows have a label, and those rows' labels and quality scores."""
    known = labels["label"].notna().to_numpy()
    label = labels["label"][known].to_numpy(dtype=np.int8)
    return known, label, labels["quality"].to_numpy()[known]


def _tiers(labels: pd.DataFrame) -> QualityTiers:
    _, label, quality = _labelled(labels)
    return QualityTiers.fit(label, quality)


def _weights(labels: pd.DataFrame, tiers: QualityTiers) -> Float32Array1D:
    """Tiers of the labelled rows; NaN for the others."""
    known, label, quality = _labelled(labels)
    weights = np.full(len(labels), np.nan, dtype=np.float32)
    weights[known] = tiers.weights(label, quality)
    return weights


def dataset(
    splits: Mapping[str, pd.DataFrame], labels: Mapping[int, pd.DataFrame], *, symbol: str
) -> Dataset:
    """Scale the splits and give them their labels and weights.

    Parameters
    ----------
    splits
        By name, schema ``schemas.split``; ``train`` is among them.
    labels
        By horizon, schema LABELS, of all bars.
    symbol
        Stands in every row.

    Returns
    -------
    The tables. Scaler and weight tiers are learned from the training rows alone and applied to
    all. Label and weight are missing where a row has no label; no row is left out for it.

    Raises
    ------
    ValueError
        When a split and the labels are not of the same bars.
    """
    names = tuple(c for c in splits[FITTED_ON].columns if c not in SPLIT_MARKS)
    scaler = RobustScaler.fit(_values(splits[FITTED_ON], names))
    of_split = {
        name: {h: _rows(table, split) for h, table in labels.items()}
        for name, split in splits.items()
    }
    tiers = {h: _tiers(table) for h, table in of_split[FITTED_ON].items()}
    scaled = {
        name: _table(split, names, scaler, of_split[name], tiers, symbol)
        for name, split in splits.items()
    }
    return Dataset(names, scaled, scaler, tiers)


def _rows(labels: pd.DataFrame, split: pd.DataFrame) -> pd.DataFrame:
    """The labels of a split's rows."""
    rows = rows_at(labels["datetime"], split["datetime"])
    return labels.iloc[rows].reset_index(drop=True)


def _table(
    split: pd.DataFrame,
    names: tuple[str, ...],
    scaler: RobustScaler,
    labels: dict[int, pd.DataFrame],
    tiers: dict[int, QualityTiers],
    symbol: str,
) -> pd.DataFrame:
    values = scaler.transform(_values(split, names))
    marks = {
        "datetime": split["datetime"],
        "symbol": pd.Series([symbol] * len(split), dtype="str"),
    }
    known = {f"label_h{h}": table["label"] for h, table in labels.items()}
    weights = {f"sample_weight_h{h}": _weights(table, tiers[h]) for h, table in labels.items()}
    features = pd.DataFrame(values, columns=list(names), copy=False)
    return pd.concat([pd.DataFrame(marks), features, pd.DataFrame(known | weights)], axis=1)


def feature_set(manifest: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The content of ``feature_set_manifest.json``: what each feature column is, in order.

    Parameters
    ----------
    manifest
        The content of ``features.json``.
    names
        The features, in the order of the tables' columns.

    Returns
    -------
    The manifest with an ``id`` that changes when a name, its formula or the order does: what
    a model is served must have the id of what it was fitted on.

    Raises
    ------
    ValueError
        When the manifest describes other columns.
    """
    described = tuple(feature["name"] for feature in manifest["features"])
    if described != names:
        raise ValueError("features.json does not describe the columns of the splits")
    text = json.dumps(manifest["features"], sort_keys=True)
    return {"id": hashlib.sha256(text.encode()).hexdigest()[:16], **manifest}


def manifest(
    made: Dataset, *, symbol: str, barriers: Mapping[int, Mapping[str, Any]], files: list[str]
) -> dict[str, Any]:
    """The content of ``dataset_manifest.json``.

    Parameters
    ----------
    made
        The dataset.
    symbol
        The contract.
    barriers
        ``k_up``, ``k_down`` (ATRs) and ``max_bars`` by horizon.
    files
        Paths of the dataset's files, which are written already.

    Returns
    -------
    Rows, times and class shares by split; barriers and weight cuts by horizon; the scaler; and
    each file's hash, by its name.
    """
    return {
        "symbol": symbol,
        "features": len(made.names),
        "label_classes": CLASSES,
        "splits": {name: _summary(table, list(barriers)) for name, table in made.tables.items()},
        "horizons": {
            str(h): {
                "barriers": dict(terms),
                "weight_cuts": {"below": made.tiers[h].low, "above": made.tiers[h].high},
            }
            for h, terms in barriers.items()
        },
        "scaler": {"fitted_on": FITTED_ON, "rows": len(made.tables[FITTED_ON]), "clip": CLIP},
        "sha256": {Path(path).name: sha256(Path(path)) for path in files},
    }


def _summary(table: pd.DataFrame, horizons: list[int]) -> dict[str, Any]:
    """Rows, first and last bar, and by horizon the labelled rows and the share of each class."""
    time = table["datetime"]
    labels = {h: table[f"label_h{h}"].dropna().to_numpy(dtype=np.int64) for h in horizons}
    return {
        "rows": len(table),
        "first": time.min(),
        "last": time.max(),
        "labels": {
            str(h): {"rows": len(label), "shares": _shares(label)} for h, label in labels.items()
        },
    }


def _shares(label: np.ndarray) -> dict[str, float]:
    counts = np.bincount(label, minlength=len(CLASSES))
    shares = (counts / max(len(label), 1)).round(6)
    return dict(zip(CLASSES, shares.tolist(), strict=True))
