"""Steps of Phase 1 side by side with other ways to do them, on the same rows in the same run.

    python benchmarks/peers.py [--months 26]

Simulated five-minute bars and their minutes. Slow peers get fewer rows, and the cost of a row
counts. mlfinpy is compared where it can be imported; nothing here needs it.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import talib
from sklearn.preprocessing import RobustScaler as SklearnScaler
from talib import abstract

from mlfactory import config, contracts
from mlfactory.barriers import barrier_width
from mlfactory.features import catalog
from mlfactory.labels import average_uniqueness, label_bars
from mlfactory.scaling import RobustScaler
from mlfactory.symbol_bars import bars_of

FEW = 3_000
"""Rows for the slow ones."""

INDICATOR_GROUPS = (
    *("Overlap Studies", "Momentum Indicators", "Volume Indicators", "Volatility Indicators"),
    *("Pattern Recognition", "Statistic Functions", "Cycle Indicators", "Price Transform"),
)
"""All of TA-Lib but its mathematics; MAVP wants a series of periods."""

MINUTE = pd.Timedelta("1min")


@dataclass(frozen=True)
class Market:
    """One simulated contract."""

    bars: pd.DataFrame
    raw_bars: pd.DataFrame
    contract: contracts.Contract
    settings: dict[str, Any]


def simulated(months: int) -> Market:
    settings = config.load([])
    settings["synthetic"]["DEMO"] |= {"months": months, "start": "2022-01-03"}
    contract = contracts.get(contracts.load(config.ROOT / "config/contracts.yaml"), "DEMO")
    bars, raw_bars, _ = bars_of(settings, contract)
    return Market(bars, raw_bars, contract, settings)


def cpu_ms(job: Callable[[], object], repeats: int = 3) -> float:
    """The least CPU time of a few calls after a first one, in milliseconds."""
    job()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        job()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def show(title: str, rows: int, ms: float, unit_ms: float | None = None) -> None:
    ratio = (
        ""
        if unit_ms is None
        else f"   {ms / unit_ms:,.0f} times"
        if ms > 9 * unit_ms
        else (f"   {ms / unit_ms:.1f} times")
    )
    print(f"  {title:58s} {rows:>8,} rows {ms:>12,.1f} ms{ratio}", flush=True)


def pandas_loop(bars: pd.DataFrame, width: np.ndarray, k_up: float, k_down: float, ahead: int):
    """The triple barrier as it is usually written: a loop over rows of a frame, at bar level."""
    labels = []
    for t in range(len(bars)):
        close = bars["close"].iloc[t]
        upper, lower = close + k_up * width[t], close - k_down * width[t]
        label = 1
        for j in range(t + 1, min(t + ahead + 1, len(bars))):
            row = bars.iloc[j]
            if row["high"] >= upper:
                label = 2
                break
            if row["low"] <= lower:
                label = 0
                break
        labels.append(label)
    return labels


def triple_barrier(market: Market) -> None:
    bars, settings = market.bars, market.settings
    table = settings["labels"]["barriers"]["default"]
    chosen = config.label_settings(settings)

    def ours(rows: pd.DataFrame, raw_bars: pd.DataFrame, horizons: list[int]) -> None:
        for h in horizons:
            label_bars(
                rows,
                raw_bars,
                horizon=h,
                contract=market.contract,
                raw_interval=MINUTE,
                **table[str(h)],
                **chosen,
            )

    n = len(bars)
    print("triple barrier: label, t1, MAE, MFE, quality, uniqueness, decided by the minutes")
    one = cpu_ms(lambda: ours(bars, market.raw_bars, [20]))
    show("one horizon", n, one)
    show("four horizons", n, cpu_ms(lambda: ours(bars, market.raw_bars, [5, 10, 15, 20])), one)
    width = barrier_width(bars, atr_period=14, floor=0.5)
    few, barriers = bars.iloc[:FEW], table["20"]
    loop = cpu_ms(
        lambda: pandas_loop(
            few, width[:FEW], barriers["k_up"], barriers["k_down"], barriers["max_bars"]
        ),
        1,
    )
    show("loop over a pandas frame, bars only, label only, a row's cost", n, loop * n / FEW, one)
    if find_spec("mlfinpy"):
        show("mlfinpy, closes only, a row's cost", n, mlfinpy_barriers(few, width) * n / FEW, one)
    else:
        print("  mlfinpy: not installed")


def mlfinpy_barriers(bars: pd.DataFrame, width: np.ndarray) -> float:
    from mlfinpy.labeling.labeling import add_vertical_barrier, get_bins, get_events

    close = bars.set_index(bars["datetime"].dt.tz_localize(None))["close"]
    target = pd.Series(width[: len(bars)] / close.to_numpy(), index=close.index).dropna()

    def job() -> None:
        vertical = add_vertical_barrier(target.index, close, num_minutes=250)
        events = get_events(
            close, target.index, [2.75, 2.30], target, 0.0, 1, vertical, verbose=False
        )
        get_bins(events, close)

    return cpu_ms(job, 1)


def uniqueness(market: Market) -> None:
    n = len(market.bars)
    held = np.random.default_rng(0).integers(5, 50, n)
    held = np.minimum(held, n - 1 - np.arange(n)).astype(np.int32)  # no label outlasts the file
    ours = cpu_ms(lambda: average_uniqueness(held))
    print("average uniqueness")
    show("mlfactory", len(held), ours)
    if not find_spec("mlfinpy"):
        print("  mlfinpy: not installed")
        return
    from mlfinpy.sampling import concurrent

    time_index = pd.DatetimeIndex(market.bars["datetime"].dt.tz_localize(None))[:FEW]
    ends = pd.Series(time_index[np.minimum(np.arange(FEW) + held[:FEW], FEW - 1)], time_index)

    def theirs() -> None:
        counts = concurrent.num_concurrent_events(time_index, ends, time_index)
        concurrent._get_average_uniqueness(ends, counts, time_index)

    ms = cpu_ms(theirs, 1) * len(held) / FEW
    show("mlfinpy, a row's cost", len(held), ms, ours)


def indicators(market: Market) -> None:
    bars = market.bars
    arrays = {
        name: bars[name].to_numpy(dtype=np.float64)
        for name in ("open", "high", "low", "close", "volume")
    }
    groups = talib.get_function_groups()
    functions = [f for group in INDICATOR_GROUPS for f in groups[group] if f != "MAVP"]

    def all_of_talib() -> int:
        made = [abstract.Function(name)(arrays) for name in functions]  # type: ignore[attr-defined]
        return sum(len(columns) if isinstance(columns, list) else 1 for columns in made)

    columns = all_of_talib()
    theirs = cpu_ms(all_of_talib, 1)
    print("features")
    show(f"TA-Lib, its {columns} columns with default windows", len(bars), theirs)
    timezone = "America/Chicago"
    ours = cpu_ms(lambda: catalog.build(bars, timezone=timezone), 1)
    show("mlfactory, 221 columns with their checks", len(bars), ours, theirs)


def scaler(market: Market) -> None:
    values = np.random.default_rng(0).normal(size=(len(market.bars), 221)).astype(np.float32)
    print("robust scaling, 221 columns, fitted and applied")
    ours = cpu_ms(lambda: RobustScaler.fit(values).transform(values), 1)
    show("mlfactory", len(values), ours)
    theirs = cpu_ms(lambda: SklearnScaler().fit_transform(values), 1)
    show("scikit-learn", len(values), theirs, ours)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=26)
    market = simulated(parser.parse_args().months)
    for step in (triple_barrier, uniqueness, indicators, scaler):
        step(market)


if __name__ == "__main__":
    main()
