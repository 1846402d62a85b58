"""100 trials x four horizons on the first fifth of 25k and of 115k five-minute training bars.

The searches with nothing to find are part of it. Market and features are made before the clock
starts; starting a job is not counted, importing the sampler is.
"""

import argparse
import time

import pandas as pd

from mlfactory import config, contracts
from mlfactory.barrier_search import search
from mlfactory.features import catalog
from mlfactory.schemas import SPLIT_MARKS
from mlfactory.symbol_bars import bars_of

BARS_PER_MONTH = 5700
SEED = 7


def market(months: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Bars, raw bars, and complete feature rows of a simulated contract."""
    settings = config.load([])
    contract = contracts.load(config.ROOT / "config/contracts.yaml")["DEMO"]
    settings["synthetic"]["DEMO"]["months"] = months
    bars, raw_bars, account = bars_of(settings, contract)
    interval = settings["bars"]["interval"]
    chosen = catalog.feature_set(**settings["features"], bar_interval=interval)
    features = catalog.build(bars, timezone=account["timezone"], chosen=chosen)
    first = catalog.first_complete_row(bars, chosen)
    marked = pd.concat([bars[list(SPLIT_MARKS)], features.drop(columns="datetime")], axis=1)
    return bars, raw_bars, marked.iloc[first:].reset_index(drop=True)


def measure(n_rows: int) -> None:
    bars, raw_bars, rows = market(n_rows // BARS_PER_MONTH + 3)
    settings = config.load([])
    labels = settings["labels"]
    terms = {k: labels[k] for k in ("atr_period", "atr_floor_ticks", "cross_sessions")}
    terms |= {k: v for k, v in labels["search"].items() if k != "enabled"}
    contract = contracts.load(config.ROOT / "config/contracts.yaml")["DEMO"]
    total = 0.0
    for horizon in settings["horizons"]:
        start = time.process_time()
        found = search(
            bars,
            raw_bars,
            rows.iloc[:n_rows],
            horizon=horizon,
            contract=contract,
            seed=SEED,
            **terms,
        )
        spent = time.process_time() - start
        total += spent
        print(f"  h{horizon}: {spent:.1f} CPU s, {len(found['trials'])} trials", flush=True)
    print(f"{n_rows} training bars, {found['searched_rows']} searched: {total:.1f} CPU s in all")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, nargs="+", default=[25_000, 115_000])
    for n_rows in parser.parse_args().bars:
        measure(n_rows)


if __name__ == "__main__":
    main()
