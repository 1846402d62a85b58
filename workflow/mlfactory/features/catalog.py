"""The families in order, and the table of their columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from mlfactory._typing import BoolArray1D, Float32Array1D, Float32Array2D, Float64Array1D
from mlfactory.errors import UserError
from mlfactory.features import (
    microstructure,
    momentum,
    moving_average,
    price,
    regime,
    temporal,
    timeframe,
    trend,
    volatility,
    volume,
    wavelet,
)
from mlfactory.features._base import Feature, Inputs, inputs
from mlfactory.features.families import FAMILIES
from mlfactory.sessions import session_opens

MODULES: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        *(price, moving_average, momentum, volatility, volume, trend, temporal, regime),
        *(microstructure, wavelet, timeframe),
    )
}
if tuple(MODULES) != FAMILIES:
    raise ImportError(f"families.py names {FAMILIES}, the modules are {tuple(MODULES)}")

CHECKED_FROM_ROWS = 500
CHECKED_FROM_SESSIONS = 10
"""Complete rows and sessions below which columns are not compared: a short file says nothing."""
_SAMPLE_ROWS = 5000


@dataclass(frozen=True)
class FeatureSet:
    """Which columns there are: families in order, the timeframes of ``timeframe``, a bar's length.

    Raises
    ------
    UserError
        When there is no such family.
    """

    families: tuple[str, ...] = FAMILIES
    timeframes: tuple[str, ...] = timeframe.TIMEFRAMES
    bar_interval: pd.Timedelta = timeframe.BAR_INTERVAL

    def __post_init__(self) -> None:
        for family in self.families:
            if family not in MODULES:
                known = ", ".join(MODULES)
                raise UserError(f"unknown feature family {family!r}; there are {known}")


DEFAULT = FeatureSet()
"""The 221 columns on bars of five minutes."""


def feature_set(
    families: Iterable[str], timeframes: Iterable[str], bar_interval: str
) -> FeatureSet:
    """The feature set that the config's ``features`` block and ``bars.interval`` ask for."""
    return FeatureSet(tuple(families), tuple(timeframes), pd.Timedelta(bar_interval))


def configured(settings: Mapping[str, Any]) -> FeatureSet:
    """The feature set of a whole configuration."""
    return feature_set(**settings["features"], bar_interval=settings["bars"]["interval"])


def features(chosen: FeatureSet = DEFAULT) -> list[tuple[str, Feature]]:
    """(family, description) of every column, in the order of the table."""
    return [(family, feature) for family in chosen.families for feature in _of(family, chosen)]


def names(chosen: FeatureSet = DEFAULT) -> tuple[str, ...]:
    """Column names in the order of the table."""
    return tuple(feature.name for _, feature in features(chosen))


def warmup_bars(chosen: FeatureSet = DEFAULT) -> int:
    """Bars at the start of a file whose features are not complete: the longest lookback."""
    return max((feature.lookback for _, feature in features(chosen)), default=0)


def warmup_sessions(chosen: FeatureSet = DEFAULT) -> int:
    """Sessions at the start of a file, the first maybe partial, whose features are not complete."""
    return max((feature.sessions for _, feature in features(chosen)), default=0)


def first_complete_row(bars: pd.DataFrame, chosen: FeatureSet = DEFAULT) -> int:
    """First row with all its bars and sessions before it; ``len(bars)`` when there is none."""
    session = bars["session"].to_numpy()
    starts = session_opens(session)
    wanted = warmup_sessions(chosen)
    after_sessions = int(starts[wanted]) if len(starts) > wanted else len(bars)
    return min(max(warmup_bars(chosen), after_sessions), len(bars))


def build(bars: pd.DataFrame, *, timezone: str, chosen: FeatureSet = DEFAULT) -> pd.DataFrame:
    """Features of every bar: ``datetime`` and one float32 column each, rows as in ``bars``.

    A row uses its own bar and earlier ones only. Rows before ``first_complete_row`` are NaN in
    every column; after it nothing is.

    Raises
    ------
    ValueError
        When a family does not return exactly its columns, or a complete row is not finite.
    UserError
        When a column is constant or a copy of another over ``CHECKED_FROM_ROWS`` rows and
        ``CHECKED_FROM_SESSIONS`` sessions or more.
    """
    first = first_complete_row(bars, chosen)
    table = np.full((len(bars), len(names(chosen))), np.nan, dtype=np.float32, order="F")
    if first < len(bars):
        bar_ns = int(chosen.bar_interval.as_unit("ns").value)
        _fill(table, inputs(bars, timezone, bar_ns), chosen)
        table[:first] = np.nan
        described = [feature for _, feature in features(chosen)]
        _check_finite(table[first:], described)
        if _says_something(bars.iloc[first:]):
            constant = np.ptp(table[first:], axis=0) == 0.0
            _check_constant(constant, table[first:], described)
            _check_copies(table[first:], described, constant)
    frame = pd.DataFrame(table, columns=list(names(chosen)), copy=False)
    frame.insert(0, "datetime", bars["datetime"].reset_index(drop=True))
    return frame


def manifest(chosen: FeatureSet = DEFAULT) -> dict[str, Any]:
    """What the table holds: counts, warm-up, and what each column is."""
    keys = ("name", "lookback", "sessions", "source", "unit", "bounded", "formula")
    rows = [
        {"family": family} | {key: getattr(feature, key) for key in keys}
        for family, feature in features(chosen)
    ]
    return {
        "n_features": len(rows),
        "families": list(chosen.families),
        "warmup_bars": warmup_bars(chosen),
        "warmup_sessions": warmup_sessions(chosen),
        "features": rows,
    }


def _of(family: str, chosen: FeatureSet) -> tuple[Feature, ...]:
    """The columns of one family; those of ``timeframe`` depend on the timeframes and the bar."""
    if family == "timeframe":
        return timeframe.features(chosen.timeframes, int(chosen.bar_interval.as_unit("ns").value))
    return tuple(MODULES[family].FEATURES)


def _computed(family: str, arrays: Inputs, chosen: FeatureSet) -> dict[str, Float64Array1D]:
    if family == "timeframe":
        return timeframe.compute(arrays, chosen.timeframes)
    columns: dict[str, Float64Array1D] = MODULES[family].compute(arrays)
    return columns


def _fill(table: Float32Array2D, arrays: Inputs, chosen: FeatureSet) -> None:
    column = 0
    for family in chosen.families:
        for values in family_columns(family, arrays, chosen):
            table[:, column] = values
            column += 1


def family_columns(family: str, arrays: Inputs, chosen: FeatureSet) -> list[Float64Array1D]:
    """The columns of one family in their order, each of shape (n,).

    Raises
    ------
    ValueError
        When the family does not return exactly its columns.
    """
    declared = [feature.name for feature in _of(family, chosen)]
    computed = _computed(family, arrays, chosen)
    missing = [name for name in declared if name not in computed]
    extra = [name for name in computed if name not in declared]
    if missing or extra:
        raise ValueError(f"family {family}: columns missing {missing}, not declared {extra}")
    return [computed[name] for name in declared]


def _check_finite(complete: Float32Array2D, described: list[Feature]) -> None:
    for column, feature in enumerate(described):
        bad = np.flatnonzero(~np.isfinite(complete[:, column]))
        if len(bad):
            raise ValueError(f"{feature.name} is not finite {bad[0]} rows after the warm-up")


def _says_something(complete: pd.DataFrame) -> bool:
    sessions = complete["session"].nunique()
    return len(complete) >= CHECKED_FROM_ROWS and sessions >= CHECKED_FROM_SESSIONS


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
