"""Whether the features of the published dataset are fit for use: clipped, drifting.

That none is missing, constant or a copy of another is refused where they are made.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from mlfactory._typing import Float32Array2D
from mlfactory.checks.check import Check, Limits, judged
from mlfactory.drift import population_stability_index
from mlfactory.scaling import CLIP


def measures(
    splits: Mapping[str, pd.DataFrame], names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Every measure of every feature.

    Parameters
    ----------
    splits
        ``train``, ``val`` and ``test``, schema ``schemas.published``.
    names
        The features.

    Returns
    -------
    By measure and feature: ``clipped_share`` of the training rows that lie 5 interquartile ranges
    or more from the median; ``psi_val`` and ``psi_test``, the population stability index of a
    later split against training.
    """
    values = {name: _values(split, names) for name, split in splits.items()}
    found = {
        "clipped_share": (np.abs(values["train"]) >= CLIP).mean(axis=0),
        "psi_val": population_stability_index(values["train"], values["val"]),
        "psi_test": population_stability_index(values["train"], values["test"]),
    }
    return {measure: dict(zip(names, row.tolist(), strict=True)) for measure, row in found.items()}


def _values(split: pd.DataFrame, names: Sequence[str]) -> Float32Array2D:
    """Column-major: everything goes column by column."""
    return np.asfortranarray(split[list(names)].to_numpy(dtype=np.float32))


def feature_checks(found: Mapping[str, Mapping[str, float]], limits: Limits) -> Iterator[Check]:
    """One check a measure, of its worst feature; ``found`` as `measures` gives it."""
    for measure, values in found.items():
        yield judged("features", measure, values, limits)
