"""The families in order, and the table of their columns."""

from collections.abc import Iterable
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from mlfactory._typing import BoolArray1D, Float32Array1D, Float32Array2D, Float64Array1D
from mlfactory.errors import UserError
from mlfactory.features import (
    momentum,
    moving_average,
    price,
    regime,
    temporal,
    trend,
    volatility,
    volume,
)
from mlfactory.features._base import Feature, Inputs, inputs

_MODULES: dict[str, ModuleType] = {
    "price": price,
    "moving_average": moving_average,
    "momentum": momentum,
    "volatility": volatility,
    "volume": volume,
    "trend": trend,
    "temporal": temporal,
    "regime": regime,
}
FAMILIES: tuple[str, ...] = tuple(_MODULES)

CHECKED_FROM_ROWS = 500
"""Complete rows below which columns are not compared: a short file says nothing about them."""
_SAMPLE_ROWS = 5000


def features(families: Iterable[str] = FAMILIES) -> list[tuple[str, Feature]]:
    """(family, description) of every column, in the order of the table.

    Raises
    ------
    UserError
        When there is no such family.
    """
    return [(family, feature) for family in families for feature in _module(family).FEATURES]


def names(families: Iterable[str] = FAMILIES) -> tuple[str, ...]:
    """Column names in the order of the table."""
    return tuple(feature.name for _, feature in features(families))


def warmup_bars(families: Iterable[str] = FAMILIES) -> int:
    """Bars at the start of a file whose features are not complete: the longest lookback."""
    return max((feature.lookback for _, feature in features(families)), default=0)


def warmup_sessions(families: Iterable[str] = FAMILIES) -> int:
    """Sessions at the start of a file, the first maybe partial, whose features are not complete."""
    return max((feature.sessions for _, feature in features(families)), default=0)


def first_complete_row(bars: pd.DataFrame, families: Iterable[str] = FAMILIES) -> int:
    """First row with all its bars and sessions before it; ``len(bars)`` when there is none."""
    families = tuple(families)
    session = bars["session"].to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], session[1:] != session[:-1]])[: len(bars)])
    wanted = warmup_sessions(families)
    after_sessions = int(starts[wanted]) if len(starts) > wanted else len(bars)
    return min(max(warmup_bars(families), after_sessions), len(bars))


def build(
    bars: pd.DataFrame,
    *,
    timezone: str,
    bar_interval: pd.Timedelta,
    families: Iterable[str] = FAMILIES,
) -> pd.DataFrame:
    """Features of every bar: ``datetime`` and one float32 column each, rows as in ``bars``.

    A row uses its own bar and earlier ones only. Rows before ``first_complete_row`` are NaN in
    every column; after it nothing is.

    Raises
    ------
    ValueError
        When a family does not return exactly its columns, or a complete row is not finite.
    UserError
        When a column is constant or a copy of another over ``CHECKED_FROM_ROWS`` rows or more.
    """
    families = tuple(families)
    first = first_complete_row(bars, families)
    table = np.full((len(bars), len(names(families))), np.nan, dtype=np.float32, order="F")
    if first < len(bars):
        _fill(table, inputs(bars, timezone, int(bar_interval.as_unit("ns").value)), families)
        table[:first] = np.nan
        _check(table[first:], [feature for _, feature in features(families)])
    frame = pd.DataFrame(table, columns=list(names(families)), copy=False)
    frame.insert(0, "datetime", bars["datetime"].reset_index(drop=True))
    return frame


def manifest(families: Iterable[str] = FAMILIES) -> dict[str, Any]:
    """What the table holds: counts, warm-up, and every column with family, source and formula."""
    families = tuple(families)
    keys = ("name", "lookback", "sessions", "source", "unit", "formula")
    rows = [
        {"family": family} | {key: getattr(feature, key) for key in keys}
        for family, feature in features(families)
    ]
    return {
        "n_features": len(rows),
        "families": list(families),
        "warmup_bars": warmup_bars(families),
        "warmup_sessions": warmup_sessions(families),
        "features": rows,
    }


def _module(family: str) -> ModuleType:
    if family not in _MODULES:
        raise UserError(f"unknown feature family {family!r}; there are {', '.join(_MODULES)}")
    return _MODULES[family]


def _fill(table: Float32Array2D, arrays: Inputs, families: tuple[str, ...]) -> None:
    column = 0
    for family in families:
        for values in _family_columns(family, arrays):
            table[:, column] = values
            column += 1


def _family_columns(family: str, arrays: Inputs) -> list[Float64Array1D]:
    declared = [feature.name for feature in _module(family).FEATURES]
    computed = _module(family).compute(arrays)
    missing = [name for name in declared if name not in computed]
    extra = [name for name in computed if name not in declared]
    if missing or extra:
        raise ValueError(f"family {family}: columns missing {missing}, not declared {extra}")
    return [computed[name] for name in declared]


def _check(complete: Float32Array2D, described: list[Feature]) -> None:
    for column, feature in enumerate(described):
        bad = np.flatnonzero(~np.isfinite(complete[:, column]))
        if len(bad):
            raise ValueError(f"{feature.name} is not finite {bad[0]} rows after the warm-up")
    if len(complete) >= CHECKED_FROM_ROWS:
        constant = np.ptp(complete, axis=0) == 0.0
        _check_constant(constant, complete, described)
        _check_copies(complete, described, constant)


def _check_constant(
    constant: BoolArray1D, complete: Float32Array2D, described: list[Feature]
) -> None:
    named = [
        f"{described[i].name} ({complete[0, i]:g})"
        for i in np.flatnonzero(constant)
        if not described[i].constant_ok
    ]
    if named:
        raise UserError(
            f"features constant over all {len(complete)} rows after the warm-up: "
            f"{', '.join(named)}; check the bars' prices and volumes or leave the family out"
        )


def _check_copies(
    complete: Float32Array2D, described: list[Feature], constant: BoolArray1D
) -> None:
    varying = np.flatnonzero(~constant)
    sample = complete[:: -(-len(complete) // _SAMPLE_ROWS)][:, varying].astype(np.float64)
    sample -= sample.mean(axis=0)
    sample /= np.maximum(np.sqrt((sample**2).sum(axis=0)), np.finfo(np.float64).tiny)
    near = np.abs(sample.T @ sample) > 1.0 - 1e-6
    for a, b in zip(*np.nonzero(np.triu(near, 1)), strict=True):
        one, other = described[varying[a]], described[varying[b]]
        calendar = one.constant_ok and other.constant_ok
        if not calendar and _are_copies(complete[:, varying[a]], complete[:, varying[b]]):
            raise UserError(
                f"features {one.name} and {other.name} say the same over all {len(complete)} rows "
                "(correlation 1); check the bars' prices and volumes or leave a family out"
            )


def _are_copies(one: Float32Array1D, other: Float32Array1D) -> bool:
    correlation = np.corrcoef(one.astype(np.float64), other.astype(np.float64))[0, 1]
    return bool(abs(correlation) >= 1.0 - 1e-9)
