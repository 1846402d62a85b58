"""What the triple barrier costs: four horizons, 150k simulated five-minute bars, 761k minutes.

    python benchmarks/triple_barrier.py [--months 26]

CPU milliseconds of four scans (outcome, deciding row, exit price, highest, lowest, bars held) and
of the strides that they share, in one process, kernels compiled; least and median of 41 rounds, and
in units: sorting a million random numbers in the same round.
"""

import argparse
import time
from statistics import median

import numpy as np

from mlfactory import config, contracts
from mlfactory.barriers import barrier_width
from mlfactory.fills import first_rows
from mlfactory.labels import trades_around_the_clock, window_ends
from mlfactory.paths import scan, strides
from mlfactory.symbol_bars import bars_of

ROUNDS = 41


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--months", type=int, default=26, help="26 are about 150k bars")
    settings = config.load([])
    settings["synthetic"]["DEMO"] |= {
        "months": parser.parse_args().months,
        "start": "2022-01-03",
    }
    terms = contracts.load(config.ROOT / "config/contracts.yaml")["DEMO"]
    bars, raw_bars, _ = bars_of(settings, terms)
    labels, barriers = config.label_settings(settings), settings["labels"]["barriers"]["default"]
    floor = labels["atr_floor_ticks"] * terms.tick_size
    width = barrier_width(bars, atr_period=labels["atr_period"], floor=floor)
    session, segment = bars["session"].to_numpy(), bars["segment"].to_numpy()
    last = window_ends(segment, session, trades_around_the_clock(bars))
    prices = [bars[name].to_numpy() for name in ("close", "high", "low")]
    alone = [bars[name].to_numpy() for name in ("open", "high", "low")]
    minutes = [raw_bars[name].to_numpy() for name in ("open", "high", "low")]
    of_minutes = first_rows(raw_bars["bar"].to_numpy(), len(bars))

    def four(first: np.ndarray, rows: list[np.ndarray]) -> None:
        skipped = strides(*prices[1:])
        for of in barriers.values():
            walls = (of["k_up"], of["k_down"], of["max_bars"])
            scan(*prices, width, last, first, *rows, *skipped, *walls)

    jobs = {
        "unit": lambda: np.sort(np.random.default_rng(0).random(1_000_000)),
        "bars alone": lambda: four(np.arange(len(bars) + 1), alone),
        "with the minutes": lambda: four(of_minutes, minutes),
    }
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            taken[name].append(1000 * (time.process_time() - start))
    print(f"{len(bars)} bars, {len(raw_bars)} minutes, {len(barriers)} horizons")
    for name, ms in taken.items():
        units = median(a / b for a, b in zip(ms, taken["unit"], strict=True))
        print(f"  {name:18s} least {min(ms):5.1f}, median {median(ms):5.1f} CPU ms, {units:.2f}")


if __name__ == "__main__":
    main()
