"""Training splits of sign-flipped markets, without a file in between."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from mlfactory.contracts import Contract
from mlfactory.features import catalog
from mlfactory.folds import fold_table
from mlfactory.labels import label_bars
from mlfactory.schemas import SPLIT_MARKS
from mlfactory.sign_flips import flip_signs
from mlfactory.times import rows_at


def flipped_markets(
    bars: pd.DataFrame,
    raw_bars: pd.DataFrame,
    train: pd.DataFrame,
    folds: pd.DataFrame,
    *,
    horizon: int,
    replicates: int,
    seed: int,
    contract: Contract,
    account: dict[str, Any],
    features: catalog.FeatureSet,
    barriers: dict[str, Any],
    label_settings: dict[str, Any],
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Each replicate's training split, and its folds and labels of one horizon.

    Parameters
    ----------
    bars, raw_bars, train, folds
        Of the market itself; replicates have the same rows, in the same folds.
    replicates, seed
        How many coins are tossed; see `flip_signs`.
    account
        The content of ``bars.json``.
    features, barriers, label_settings
        As for the market itself.
    """
    rows = rows_at(bars["datetime"], train["datetime"])
    names = list(catalog.names(features))
    for replicate in range(replicates):
        other, other_raw = flip_signs(
            bars, raw_bars, tick_size=contract.tick_size, seed=seed, replicate=replicate
        )
        columns = catalog.build(other, timezone=account["timezone"], chosen=features)
        marks = other[list(SPLIT_MARKS)]
        table = pd.concat([marks, columns[names]], axis=1).iloc[rows].reset_index(drop=True)
        labels = label_bars(
            other,
            other_raw,
            horizon=horizon,
            contract=contract,
            raw_interval=pd.Timedelta(account["raw_interval"]),
            **barriers,
            **label_settings,
        )
        interval = pd.Timedelta(account["bar_interval"])
        made = fold_table(table, other, labels, n_splits=2, bar_interval=interval)
        yield table, made.assign(fold=folds["fold"])
