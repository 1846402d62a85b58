"""Models x horizons x (five folds and full) through the workflow: CPU of all processes, by model.

A model's line holds its fits, their start included, as each counted itself when it was done; the
rest is Snakemake, the selections that some models read, and writing the predictions. What comes
before, market to folds, is made first and not counted.

By default all nine base models, four horizons, about 25k training rows, on two cores. The five
quick ones on 52k bars: ``--months 9 --horizons 20 --models`` and their names.
"""

import argparse
import json
import tempfile
from itertools import product
from pathlib import Path

import pandas as pd
from workflow_run import snakemake

from mlfactory import config

METRICS = "results/DEMO/models/*/h*/fold*/training_metrics.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=7, help="7 are about 25k training rows")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--horizons", type=int, nargs="+", default=[5, 10, 15, 20])
    parser.add_argument("--models", nargs="+", default=config.load([])["models"])
    options = parser.parse_args()
    overlay = {"horizons": options.horizons, "models": options.models, "ensembles": []}
    overlay |= {"synthetic": {"DEMO": {"months": options.months}}}
    pairs = list(product(options.models, options.horizons))
    full = [f"results/DEMO/models/{model}/h{horizon}/foldfull" for model, horizon in pairs]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = [f"results/DEMO/folds_h{horizon}.parquet" for horizon in options.horizons]
        snakemake(folder, overlay, first, options.cores)
        cost = snakemake(folder, overlay, ["oof", *full], options.cores)
        costs = [json.loads(file.read_text())["cost"] for file in sorted(folder.glob(METRICS))]
        models = [file.parts[-4] for file in sorted(folder.glob(METRICS))]
    print(f"{options.months} months, {options.cores} cores: {cost.wall_s:.0f} s wall,")
    print(f"{cost.cpu_s:.0f} CPU s in all processes; largest process {cost.peak_mb:.0f} MB")
    fits = pd.DataFrame(costs).groupby(models).agg({"cpu_s": ["count", "sum"], "peak_mb": "max"})
    for model, (count, cpu, peak) in zip(fits.index, fits.to_numpy(), strict=True):
        print(f"  {model:14s} {count:.0f} fits {cpu:6.1f} CPU s, {peak:.0f} MB")
    print(f"  the rest {cost.cpu_s - sum(one['cpu_s'] for one in costs):.1f} CPU s")


if __name__ == "__main__":
    main()
