"""What must not be seen is replaced by noise, and what was made must be the same to the bit.

A fold's held-out bars become noise, and their features, labels and weights are made anew; features
of later training rows, which rightly look back over them, are kept. Then everything that is fitted
for the fold is made again and compared. The same for all bars of validation and test, against all
that is made from the training split.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mlfactory import config as configuration
from mlfactory import model_inputs, oof
from mlfactory._typing import Int64Array1D
from mlfactory.audited import Market
from mlfactory.bundles import Bundle
from mlfactory.errors import UserError
from mlfactory.folds import embargo_bars, fold_table
from mlfactory.oof import TrainingSet, fold_rows, training_set
from mlfactory.schemas import SPLIT_MARKS
from mlfactory.splits import split_bars
from mlfactory.times import rows_at
from mlfactory.weights import fit_weights

FIXED_ROWS = 200
"""Training rows of which predictions are compared."""

PARTS = (
    "training rows",
    "labels",
    "weights",
    "features selected",
    "scaler",
    "early stopping",
    "calibration",
    "predictions",
)
"""What is made for a fit, in the order in which it is made."""


@dataclass(frozen=True)
class Tables:
    """What fits read: the training split, and its folds and labels at one horizon."""

    train: pd.DataFrame
    folds: pd.DataFrame


_PRICES = ("open", "high", "low", "close")

Trace = dict[str, Any]
"""Each of ``PARTS`` as bytes or plain values."""


def noise(
    bars: pd.DataFrame, raw_bars: pd.DataFrame, rows: slice, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same times, with prices and volumes of these bars that say nothing.

    Raw rows are shuffled and moved up or down by ticks of the prices themselves, so that they stay
    possible, and keep to the tick.
    """
    generator = np.random.default_rng(seed)
    at = np.flatnonzero(raw_bars["bar"].between(rows.start, rows.stop - 1))
    taken = generator.permutation(at)
    moves = np.abs(np.diff(raw_bars["close"]))
    unit = float(moves[moves > 0].min())
    shift = unit * generator.integers(-40, 41, len(at))
    columns = {name: raw_bars[name].to_numpy(copy=True) for name in (*_PRICES, "volume")}
    for name in _PRICES:
        columns[name][at] = np.maximum(columns[name][taken] + shift, unit)
    columns["volume"][at] = columns["volume"][taken] * generator.integers(1, 9, len(at))
    spoilt = raw_bars.assign(**columns)
    by_bar = spoilt.groupby("bar", sort=False)
    found = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    made = {name: by_bar[name].agg(how).to_numpy() for name, how in found.items()}
    return bars.assign(**made), spoilt


def training_tables(
    market: Market, bars: pd.DataFrame, raw_bars: pd.DataFrame, horizon: int
) -> Tables:
    """The training split of bars, and its folds and labels, as the workflow makes them."""
    split = split_bars(bars, market.first_row(bars), market.settings["splits"])[0]
    part = slice(split.start, split.stop)
    table = pd.concat(
        [bars[list(SPLIT_MARKS)], market.features(bars).drop(columns="datetime")], axis=1
    )
    train = table.iloc[part].reset_index(drop=True)
    folds = fold_table(
        train,
        bars,
        market.labels(bars, raw_bars, horizon),
        n_splits=market.settings["folds"]["n_splits"],
        file=market.settings["folds"]["file"],
        bar_interval=market.bar_interval,
        n_searched=market.n_searched(len(train)),
    )
    return Tables(train, folds)


def without_a_fold(market: Market, honest: Tables, horizon: int, fold: int, seed: int) -> Tables:
    """The same with a fold's held-out bars replaced by noise.

    Their features and everyone's labels are made anew; the features of all other rows are kept, and
    so is when held-out labels end: purging and embargo read that, and nothing else of them.
    """
    held_out = honest.folds["fold"].eq(fold).to_numpy(dtype=bool, na_value=False)
    rows = rows_at(market.bars["datetime"], honest.train["datetime"][held_out])
    bars, raw_bars = noise(market.bars, market.raw_bars, rows, seed)
    spoilt = training_tables(market, bars, raw_bars, horizon)
    names = [name for name in honest.train if name not in SPLIT_MARKS]
    kept = honest.train[names].to_numpy()
    made = np.where(held_out[:, None], spoilt.train[names].to_numpy(), kept)
    marks = honest.train[list(SPLIT_MARKS)]
    train = pd.concat([marks, pd.DataFrame(made, columns=names)], axis=1)
    ends = spoilt.folds["t1"].mask(held_out, honest.folds["t1"])
    return Tables(train, spoilt.folds.assign(t1=ends))


def trace(
    data: TrainingSet, rows: Int64Array1D, fixed: Int64Array1D, *, weights: str, **fit: Any
) -> Trace:
    """Everything that is made for a fit on these rows; ``fixed`` are predicted."""
    bundle, metrics = oof.fit_rows(data, rows, weights=weights, **fit)
    used = fit_weights(
        weights,
        label=data.label[rows],
        uniqueness=data.uniqueness[rows],
        quality=data.quality[rows],
    )
    return {
        "training rows": rows.tobytes(),
        "labels": data.label[rows].tobytes(),
        "weights": used.tobytes(),
        "features selected": bundle.model.feature_names,
        "scaler": _scaler(bundle),
        "early stopping": metrics,
        "calibration": bundle.calibration and bundle.calibration.parameters(),
        "predictions": bundle.predict(data.features.take(fixed)).tobytes(),
    }


def _scaler(bundle: Bundle) -> tuple[bytes, ...]:
    scaler = bundle.scaler
    return () if scaler is None else (scaler.center.tobytes(), scaler.scale.tobytes())


def fold_trace(
    tables: Tables, fold: int, *, fixed: Int64Array1D, embargo: dict[str, int], **fit: Any
) -> Trace:
    """What is made for one fold, as `oof.fit_fold` makes it."""
    data = training_set(tables.train, tables.folds)
    rows, _ = fold_rows(data, fold, embargo_bars(tables.folds, **embargo))
    return trace(data, rows, fixed, **fit)


def full_trace(tables: Tables, *, fixed: Int64Array1D, **fit: Any) -> Trace:
    """What is made from the whole training split, as `oof.fit_full` makes it."""
    data = training_set(tables.train, tables.folds)
    return trace(data, np.flatnonzero(data.labelled), fixed, **fit)


def differing(honest: Trace, spoilt: Trace) -> list[str]:
    """The parts that differ, the first to be made first."""
    return [part for part in PARTS if honest[part] != spoilt[part]]


def audit_fits(market: Market, models: dict[str, dict[str, Any]], seed: int = 0) -> Iterator[str]:
    """Ask the fits of the longest horizon: one fold, and the whole training split.

    Parameters
    ----------
    models
        The models' yamls by name; each is fitted four times.
    seed
        Of the noise.

    Yields
    ------
    A line for each model.

    Raises
    ------
    UserError
        Naming the model and what of its fit changed.
    """
    settings = market.settings
    horizon, fold = max(settings["horizons"]), settings["folds"]["n_splits"] // 2
    honest = training_tables(market, market.bars, market.raw_bars, horizon)
    other_fold = without_a_fold(market, honest, horizon, fold, seed)
    after, n_after = _after_training(market, honest, horizon, seed)
    n_held_out = int((honest.folds["fold"] == fold).sum())
    manifest = {"families": list(market.chosen.families), "features": _described(market)}
    for name, model in models.items():
        names = [*SPLIT_MARKS, *model_inputs.columns(manifest, model)]
        given = {
            **settings["fit"],
            "model": model,
            "threads": settings["threads"],
            "seed": settings["seed"],
            "choice": configuration.choice(settings),
            "ranked_by": configuration.ranking(settings),
            "origin": {},
        }
        one, two, three = (Tables(t.train[names], t.folds) for t in (honest, other_fold, after))
        fixed = _outside(honest, fold)
        step = f"{market.symbol}: audit: fits h{horizon}: {name}"
        embargo = settings["folds"]["embargo"]
        of_fold = (
            fold_trace(tables, fold, fixed=fixed, embargo=embargo, **given) for tables in (one, two)
        )
        _require(step, f"the {n_held_out} bars that fold {fold} holds out", *of_fold)
        of_all = (full_trace(tables, fixed=fixed, **given) for tables in (one, three))
        _require(step, f"the {n_after} bars of validation and test", *of_all)
        yield (
            f"{step}: unchanged by noise in {n_held_out} held-out bars of fold {fold} and in "
            f"{n_after} bars of validation and test ({', '.join(PARTS)}): passed"
        )


def _described(market: Market) -> list[dict[str, str]]:
    from mlfactory.features import catalog

    described = catalog.features(market.chosen)
    return [{"name": feature.name, "family": family} for family, feature in described]


def _outside(tables: Tables, fold: int) -> Int64Array1D:
    """Rows that the fold does not hold out, spread over the split."""
    rows = np.flatnonzero((tables.folds["fold"] != fold).to_numpy(dtype=bool, na_value=True))
    return rows[np.unique(np.linspace(0, len(rows) - 1, FIXED_ROWS).astype(np.int64))]


def _after_training(market: Market, honest: Tables, horizon: int, seed: int) -> tuple[Tables, int]:
    """The training split's tables with noise from where its last label may end, and its bars."""
    last = rows_at(market.bars["datetime"], honest.train["datetime"]).stop
    first = last + market.settings["splits"]["purge_bars"]
    rows = slice(first, len(market.bars))
    bars, raw_bars = noise(market.bars, market.raw_bars, rows, seed)
    return training_tables(market, bars, raw_bars, horizon), len(market.bars) - first


def _require(step: str, where: str, honest: Trace, spoilt: Trace) -> None:
    """Refuse a fit of which a part changed."""
    found = differing(honest, spoilt)
    if found:
        raise UserError(
            f"{step}: breaks noninterference: {', '.join(found)} changed when {where} became "
            "noise; a leak in the code, not in the file: no score can be believed before it is "
            "mended"
        )
