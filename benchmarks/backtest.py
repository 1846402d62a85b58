"""What a backtest costs: 150k simulated five-minute bars and their 755k minutes, one process.

    python benchmarks/backtest.py [--months 26]

Median CPU milliseconds, kernels compiled, and the ratio to the unit: sorting a million random
numbers in the same run. The fills and costs are the same for every model and threshold of a
horizon; a threshold is a signal, the positions taken and their profit by session; tables are what
is written. Predictions know a little of the outcome, so that there are trades.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from mlfactory import config, contracts
from mlfactory.backtest import Market, Trader
from mlfactory.booking import booked, equity, trades
from mlfactory.costs import costs
from mlfactory.fills import Fills, fills
from mlfactory.symbol_bars import bars_of

HORIZON = "20"
MINUTE = pd.Timedelta("1min")
OVERLAPS: dict[str, dict[str, Any]] = {
    "one_position": {},
    "tranches": {"size": "probability", "max_contracts": 10},
}


def cpu_ms(job: Callable[[], object], repeats: int = 21) -> float:
    job()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        job()
        taken.append(1000 * (time.process_time() - start))
    return median(taken)


def probabilities(found: Fills) -> np.ndarray:
    """(n, 3), with a little more on the side that will earn."""
    p = np.random.default_rng(5).dirichlet([6, 3, 6], len(found.entry))
    p[np.arange(len(p)), np.where(found.exit_long > found.entry, 2, 0)] += 0.1
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def measure(months: int) -> None:
    settings = config.load([])
    settings["synthetic"]["DEMO"] |= {"months": months, "start": "2022-01-03"}
    terms = contracts.load(config.ROOT / "config/contracts.yaml")["DEMO"]
    bars, raw_bars, _ = bars_of(settings, terms)
    barriers = settings["labels"]["barriers"]["default"][HORIZON]
    labels, trading = config.label_settings(settings), config.trading(settings)

    def filled() -> Fills:
        return fills(
            bars,
            raw_bars,
            contract=terms,
            barriers=barriers,
            **{key: labels[key] for key in ("atr_period", "atr_floor_ticks", "cross_sessions")},
            flat_at_session_end=trading["flat_at_session_end"],
        )

    unit = cpu_ms(lambda: np.sort(np.random.default_rng(0).random(1_000_000)))
    found = filled()
    everywhere = np.ones(len(bars), dtype=bool)
    market = Market(bars, raw_bars, found, terms, barriers, MINUTE, everywhere)
    rows = np.flatnonzero(found.possible)
    print(f"{len(bars)} bars, {len(raw_bars)} minutes; unit {unit:.1f} CPU ms")

    once = show("fills of every bar", filled, unit)
    once += show("costs", lambda: costs(found, terms), unit)
    for overlap, given in OVERLAPS.items():
        trader = Trader(**trading["trader"] | {"overlap": overlap} | given)
        trade(market, trader, probabilities(found)[rows], rows, once, unit)


def show(title: str, job: Callable[[], object], unit: float) -> float:
    ms = cpu_ms(job)
    print(f"  {title:48s} {ms:7.1f} CPU ms {ms / unit:6.2f}", flush=True)
    return ms


def trade(
    market: Market, trader: Trader, p: np.ndarray, rows: np.ndarray, once: float, unit: float
) -> None:
    """One threshold, and its tables; ``once`` is what the market's fills and costs took."""
    per_trade, everything = costs(market.fills, market.contract), np.arange(len(market.bars))

    def taken() -> np.ndarray:
        return trader.taken(market, trader.wanted(market, p, rows, 0.0), per_trade)

    size = taken()
    print(f" {trader.overlap}: {np.count_nonzero(size)} trades")
    ms = show("signals and positions", taken, unit)
    ms += show("profit by session", lambda: booked(market, size, per_trade), unit)
    print(f"  {'all of it, once':48s} {once + ms:7.1f} CPU ms {(once + ms) / unit:6.2f}")
    show("table of trades", lambda: trades(market, size, per_trade), unit)
    show("table of equity", lambda: equity(market, size, per_trade, everything), unit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=26, help="26 are about 150k bars")
    measure(parser.parse_args().months)


if __name__ == "__main__":
    main()
