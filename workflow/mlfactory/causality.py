"""The leak audit of one symbol: the properties of ``audit`` asked of every step, on its own file.

Nothing is written. Each property is asked at cuts all over the file, within a window around each
cut that is longer than anything a step may remember.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from mlfactory._typing import Int64Array1D
from mlfactory.audit import (
    Build,
    Clock,
    Violation,
    future_violations,
    garbled,
    invented_violations,
    prefix_violations,
    purge_violations,
    start_violations,
)
from mlfactory.audited import (
    BARS_AFTER_CUT,
    Market,
    feature_window,
    label_memory,
    raw_window,
)
from mlfactory.errors import UserError
from mlfactory.features import catalog
from mlfactory.folds import embargo_bars, fold_table, intervals, training_rows
from mlfactory.labels import trades_around_the_clock
from mlfactory.sessions import session_opens
from mlfactory.splits import split_bars
from mlfactory.times import MISSING, nanoseconds

CUTS = 6
_NEVER = np.iinfo(np.int64).max
_IN_WORDS = {
    "prefix": "when the rows after it are cut off",
    "future noise": "when there is noise after it",
    "start": "when the file begins later",
    "no invented rows": "in the raw file",
    "whole window": "where the window of max_bars leaves the file, the segment or the session",
}


@dataclass
class Step:
    """What was asked of one step, and what to say of it."""

    symbol: str
    name: str
    times: pd.Series
    compared: list[int] = field(default_factory=list)

    def require(self, asked: str, found: list[Violation]) -> None:
        """Refuse the first violation of a property."""
        if not found:
            return
        first = min(found, key=lambda v: v.row)
        others = len({v.column for v in found}) - 1
        more = f" ({others} more columns break it)" if others else ""
        row = first.row if first.time is None else int(self.times.searchsorted(first.time))
        raise UserError(
            f"{self.symbol}: audit: {self.name}: {first.column} breaks {asked}: row {row} "
            f"({first.time}) is {first.whole}, but {first.part} {_IN_WORDS[asked]}{more}; a leak "
            "in the code, not in the file: no score can be believed before it is mended"
        )

    def passed(self, what: str) -> str:
        """The line for the screen; a step that had nothing to compare has not passed."""
        if not sum(self.compared):
            raise UserError(
                f"{self.symbol}: audit: {self.name}: no row to compare in {len(self.times)}; get "
                "more data"
            )
        return (
            f"{self.symbol}: audit: {self.name}: {what}, {sum(self.compared)} rows compared: passed"
        )


def audit(market: Market, seed: int = 0) -> Iterator[str]:
    """Ask every step for its properties.

    Yields
    ------
    A line for each step: what was asked, at how many cuts, and how many rows were compared.

    Raises
    ------
    UserError
        Naming the step, the property, the column, and the first row and time that break it.
    """
    cuts = cut_bars(market, seed)
    yield audit_cleaning(market, cuts)
    yield audit_bars(market, cuts)
    for horizon in market.settings["horizons"]:
        yield audit_labels(market, cuts, horizon)
    yield audit_features(market, cuts)
    yield audit_splits(market, seed)
    for horizon in market.settings["horizons"]:
        yield audit_folds(market, horizon)


def cut_bars(market: Market, seed: int) -> list[int]:
    """One bar in each equal part of the complete rows; every other one opens a session."""
    generator = np.random.default_rng(seed)
    edges = np.linspace(market.first_row(market.bars), len(market.bars) - 1, CUTS + 1).astype(int)
    found = [int(generator.integers(a, max(b, a + 1))) for a, b in pairwise(edges)]
    opens = session_opens(market.bars["session"].to_numpy())
    for i in range(1, CUTS, 2):
        later = opens[opens >= found[i]]
        found[i] = int(later[0]) if len(later) else found[i]
    return found


def audit_cleaning(market: Market, cuts: list[int]) -> str:
    """Kept rows, their sessions and outlier flags."""
    clock = Clock(_opened(market.raw_interval.value), market.raw_interval.value)
    step = Step(market.symbol, "cleaning", market.rows["datetime"])
    return _audit_raw(market, step, market.cleaned, clock, cuts)


def audit_bars(market: Market, cuts: list[int]) -> str:
    """Bars; and that every row of theirs is one of the file."""
    step = Step(market.symbol, "bars", market.bars["datetime"])
    clock = Clock(market.bar_end_ns, market.raw_interval.value)
    step.require("no invented rows", invented_violations(market.rows, market.raw_bars))
    step.require("no invented rows", _outside_sessions(market.bars))
    line = _audit_raw(market, step, market.bar_table, clock, cuts)
    return line.replace("prefix,", "no invented rows, prefix,")


def _audit_raw(market: Market, step: Step, build: Build, clock: Clock, cuts: list[int]) -> str:
    """Prefix, noise and start of a table that is made of raw rows."""
    windows = [raw_window(market, cut, BARS_AFTER_CUT) for cut in cuts]
    memory = 2 * market.settings["cleaning"]["outlier_window"]
    _prefix_and_noise(market, step, build, clock, windows)
    found = start_violations(
        build,
        market.rows,
        [begin for begin, _, _ in windows],
        lambda _: memory,
        length=max(end - begin for begin, _, end in windows),
        clock=clock,
        compared=step.compared,
    )
    step.require("start", found)
    return step.passed(f"prefix, future noise and start at {len(cuts)} cuts")


def audit_labels(market: Market, cuts: list[int], horizon: int) -> str:
    """Values depend on nothing after ``t1``; whether there is one, on nothing after the window."""
    build, max_bars = market.label_table(horizon), market.max_bars(horizon)
    row_ns = market.raw_interval.value
    step = Step(market.symbol, f"labels h{horizon}", market.bars["datetime"])
    step.require("whole window", _labelled_early(market, horizon))
    windows = [raw_window(market, cut, max_bars + BARS_AFTER_CUT) for cut in cuts]
    _prefix_and_noise(market, step, build, Clock(_column("window_end_ns"), row_ns), windows)
    memory = label_memory(market, horizon)
    kept = np.isin(nanoseconds(market.rows["datetime"]), nanoseconds(market.raw_bars["datetime"]))
    for seed, (begin, cut, end) in enumerate(windows):
        rows = market.rows[begin:end]
        by_t1 = future_violations(
            _without_window(build),
            rows[kept[begin:end]].reset_index(drop=True),
            [int(kept[begin:cut].sum())],
            Clock(_known_label, row_ns),
            noise=_garbled_and_traded,
            seed=seed,
            compared=step.compared,
        )
        step.require("future noise", by_t1)
        later = start_violations(
            build,
            rows.reset_index(drop=True),
            [(cut - begin) // 4],
            lambda _: memory,
            clock=Clock(_column("window_end_ns"), row_ns),
            compared=step.compared,
        )
        step.require("start", later)
    return step.passed(f"prefix, future noise after t1 and window, start at {len(cuts)} cuts")


def audit_features(market: Market, cuts: list[int]) -> str:
    """All columns at once."""
    bars = market.bars
    step = Step(market.symbol, "features", bars["datetime"])
    windows = [feature_window(market, cut) for cut in cuts]
    for seed, (begin, cut, end) in enumerate(windows):
        window = bars[begin:end].reset_index(drop=True)
        inside = cut - begin
        step.require("prefix", prefix_violations(market.features, window, [inside]))
        noise = future_violations(market.features, window, [inside], seed=seed)
        step.require("future noise", noise)
        step.compared.append(max(inside - market.first_row(window), 0))
    later = start_violations(
        market.features,
        bars,
        [begin for begin, _, _ in windows],
        market.first_row,
        length=max(end - begin for begin, _, end in windows),
    )
    step.require("start", later)
    columns = len(catalog.names(market.chosen))
    return step.passed(f"{columns} columns, prefix, future noise and start at {len(cuts)} cuts")


def audit_splits(market: Market, seed: int) -> str:
    """Borders come from times and config; dated ones do not move when rows are added or missing."""
    bars, settings = market.bars, market.settings["splits"]
    step = Step(market.symbol, "splits", bars["datetime"])
    train, val, _ = split_bars(bars, market.first_row(bars), settings)
    border, test_border = train.stop + train.purged_bars, val.stop + val.purged_bars
    noise = future_violations(
        _split_table(market, settings),
        bars,
        [border],
        Clock(lambda table: np.zeros(len(table), dtype=np.int64), market.bar_interval.value),
        noise=garbled,
        seed=seed,
        compared=step.compared,
    )
    step.require("future noise", noise)
    times = bars["datetime"].iloc[[border, test_border]].astype("str")
    dated = settings | dict(zip(("val_start", "test_start"), times, strict=True))
    generator = np.random.default_rng(seed)
    build = _split_table(market, dated, train_only=True)
    cuts = generator.integers(border + 1, len(bars), CUTS)
    step.require("prefix", prefix_violations(build, bars, cuts, compared=step.compared))
    starts = generator.integers(1, max(train.stop - train.start, 2), CUTS)
    later = start_violations(build, bars, starts, market.first_row, compared=step.compared)
    step.require("start", later)
    return step.passed(f"prefix, future noise and start at {CUTS} cuts")


def audit_folds(market: Market, horizon: int) -> str:
    """No training row overlaps a held-out one or the validation border."""
    bars, settings = market.bars, market.settings["folds"]
    labels = market.labels(bars, market.raw_bars, horizon)
    train, *_ = split_bars(bars, market.first_row(bars), market.settings["splits"])
    rows = bars[["datetime"]].iloc[train.start : train.stop].reset_index(drop=True)
    n_splits = settings["n_splits"]
    folds = fold_table(
        rows,
        bars,
        labels,
        n_splits=n_splits,
        file=settings["file"],
        bar_interval=market.bar_interval,
        n_searched=market.n_searched(len(rows)),
    )
    start, end = intervals(folds)
    embargo = embargo_bars(folds, **settings["embargo"])
    name = f"{market.symbol}: audit: folds h{horizon}"
    mend = "a leak in the code: no score can be believed before it is mended"
    border = bars["datetime"].iloc[train.stop + train.purged_bars]
    if end.max() > border.value:
        row = int(np.argmax(end > border.value))
        raise UserError(
            f"{name}: breaks purge: training row {row} ({rows['datetime'].iloc[row]}) ends after "
            f"validation begins, {border}; {mend}"
        )
    compared = 0
    for fold in range(n_splits):
        held_out = folds["fold"].eq(fold).to_numpy(dtype=bool, na_value=False)
        training = training_rows(start, end, held_out, embargo)
        compared += int(training.sum())
        overlapping = purge_violations(start, end, training, held_out, embargo)
        if overlapping:
            row = overlapping[0]
            raise UserError(
                f"{name}: breaks purge: training row {row} ({rows['datetime'].iloc[row]}) overlaps "
                f"fold {fold} or its embargo, as do {len(overlapping) - 1} more; {mend}"
            )
    return f"{name}: purge and embargo in {n_splits} folds, {compared} rows compared: passed"


def _prefix_and_noise(
    market: Market, step: Step, build: Build, clock: Clock, windows: list[tuple[int, int, int]]
) -> None:
    for seed, (begin, cut, end) in enumerate(windows):
        rows = market.rows[begin:end].reset_index(drop=True)
        inside = [cut - begin]
        found = prefix_violations(build, rows, inside, clock, compared=step.compared)
        step.require("prefix", found)
        found = future_violations(build, rows, inside, clock, seed=seed, compared=step.compared)
        step.require("future noise", found)


def _opened(length_ns: int) -> Callable[[pd.DataFrame], Int64Array1D]:
    return lambda table: nanoseconds(table["datetime"]) + length_ns


def _column(name: str) -> Callable[[pd.DataFrame], Int64Array1D]:
    """A column of times in nanoseconds; a row without one is never known."""

    def known(table: pd.DataFrame) -> Int64Array1D:
        ns = table[name].to_numpy(np.int64)
        return np.where(ns == MISSING, _NEVER, ns)

    return known


def _known_label(table: pd.DataFrame) -> Int64Array1D:
    ns = nanoseconds(table["t1"])
    return np.where(ns == MISSING, _NEVER, ns)


def _garbled_and_traded(
    rows: pd.DataFrame, cut: int, generator: np.random.Generator
) -> pd.DataFrame:
    """Garbled rows that all trade, so that cleaning keeps the same ones."""
    noisy = garbled(rows, cut, generator)
    later = np.arange(len(rows)) >= cut
    return noisy.assign(volume=noisy["volume"].mask(later, noisy["volume"].clip(lower=1.0)))


def _without_window(build: Build) -> Build:
    return lambda rows: build(rows).drop(columns="window_end_ns")


def _split_table(market: Market, settings: dict[str, Any], *, train_only: bool = False) -> Build:
    """Bars to the number of the split that each is in, -1 where in none."""

    def build(bars: pd.DataFrame) -> pd.DataFrame:
        number = np.full(len(bars), -1)
        found = split_bars(bars, market.first_row(bars), settings)
        for i, split in enumerate(found[: 1 if train_only else None]):
            number[split.start : split.stop] = i
        return pd.DataFrame({"datetime": bars["datetime"], "split": number})

    return build


def _labelled_early(market: Market, horizon: int) -> list[Violation]:
    """Bars with a label whose window is not whole: early touches alone would be selected."""
    bars, max_bars = market.bars, market.max_bars(horizon)
    labels = market.labels(bars, market.raw_bars, horizon)
    crossing = market.settings["labels"]["cross_sessions"]
    crossing = trades_around_the_clock(bars) if crossing is None else crossing
    whole = bars["segment"] == bars["segment"].shift(-max_bars)
    if not crossing:
        whole &= bars["session"] == bars["session"].shift(-max_bars)
    rows = np.flatnonzero(labels["t1"].notna() & ~whole)[:1]
    t1, times = labels["t1"], bars["datetime"]
    return [Violation("t1", int(i), t1.iloc[i], pd.NaT, times.iloc[i]) for i in rows]


def _outside_sessions(bars: pd.DataFrame) -> list[Violation]:
    """Bars that the calendar does not have."""
    outside = (bars["datetime"] < bars["session_open"]) | (
        bars["datetime"] >= bars["session_close"]
    )
    rows = np.flatnonzero(outside)[:1]
    times = bars["datetime"]
    return [Violation("session", int(i), times.iloc[i], pd.NaT, times.iloc[i]) for i in rows]
