"""Everything that is checked of one symbol's published dataset, labels and folds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mlfactory.checks import features, labels, leaks
from mlfactory.checks.check import Check, Limits, content
from mlfactory.contracts import Contract
from mlfactory.labels import label_bars
from mlfactory.times import rows_at

_RAW_COLUMNS = ["datetime", "open", "high", "low", "close", "volume"]


@dataclass(frozen=True)
class Made:
    """What was made of one symbol.

    Attributes
    ----------
    splits
        ``train``, ``val`` and ``test``, schema ``schemas.published`` with the features ``names``.
    bars
        Table of schema BARS.
    labels, folds
        Tables of schemas LABELS and FOLDS, by horizon.
    """

    splits: Mapping[str, pd.DataFrame]
    names: Sequence[str]
    bars: pd.DataFrame
    labels: Mapping[int, pd.DataFrame]
    folds: Mapping[int, pd.DataFrame]


def coarse_labels(bars: pd.DataFrame, bar_interval: pd.Timedelta, **how: Any) -> pd.DataFrame:
    """Labels whose path is the bars themselves, as if there were no raw rows.

    Parameters
    ----------
    how
        The other arguments of `label_bars`.
    """
    as_raw = bars[_RAW_COLUMNS].assign(bar=np.arange(len(bars)))
    return label_bars(bars, as_raw, raw_interval=bar_interval, **how)


def measures(
    made: Made,
    *,
    contract: Contract,
    barriers: Mapping[int, Mapping[str, Any]],
    label_settings: Mapping[str, Any],
    bar_interval: pd.Timedelta,
    embargo: Mapping[str, int],
) -> dict[str, dict[Any, Any]]:
    """Everything that is measured, before it is judged.

    Parameters
    ----------
    barriers
        k_up, k_down and max_bars of each horizon.
    label_settings
        ``atr_period``, ``atr_floor_ticks``, ``cross_sessions`` and ``events``.
    embargo
        The config's ``folds.embargo``.

    Returns
    -------
    ``features`` by measure and feature, ``labels`` by horizon and measure, ``leaks`` by leak and
    where it was counted.
    """
    train = made.splits["train"]
    of_labels = {}
    for horizon, table in made.labels.items():
        how = {"horizon": horizon, "contract": contract, **barriers[horizon], **label_settings}
        coarse = coarse_labels(made.bars, bar_interval, **how)
        rows = rows_at(table["datetime"], train["datetime"])
        of_labels[horizon] = labels.measures(
            table.iloc[rows], coarse.iloc[rows], barriers[horizon]["max_bars"]
        )
    of_leaks = {
        "labels that reach over a border": {
            f"h{h}": leaks.border_leaks(table, made.splits) for h, table in made.labels.items()
        },
        "training rows that overlap a held-out block or its embargo": {
            f"h{h}": leaks.fold_leaks(table, embargo) for h, table in made.folds.items()
        },
        "rows of folds that are no training rows": {
            f"h{h}": leaks.stray_rows(table, train) for h, table in made.folds.items()
        },
        "features scaled by other rows than training": {
            "train": leaks.scaled_elsewhere(train, made.names)
        },
    }
    return {
        "features": features.measures(made.splits, made.names),
        "labels": of_labels,
        "leaks": of_leaks,
    }


def judge(found: Mapping[str, Mapping[Any, Any]], limits: Limits) -> list[Check]:
    """The checks of what `measures` found."""
    return [
        *leaks.leak_checks(found["leaks"]),
        *features.feature_checks(found["features"], limits),
        *labels.label_checks(found["labels"], limits),
    ]


def audit(found: Mapping[str, Mapping[Any, Any]], checks: Sequence[Check]) -> dict[str, Any]:
    """The content of ``audit.json``: the checks, and everything that was measured."""
    return {**content(checks), **found}
