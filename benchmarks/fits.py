"""Models x horizons x (five folds and full) through the workflow: CPU of every job, by model.

By default all nine base models, four horizons, about 25k training rows, on two cores. The five
quick ones on 52k bars: ``--months 9 --horizons 20 --models`` and their names.
"""

import argparse
import re
import tempfile
from collections import defaultdict
from itertools import product
from pathlib import Path

from workflow_run import jobs, snakemake

from mlfactory import config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=7, help="7 are about 25k training rows")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--horizons", type=int, nargs="+", default=[5, 10, 15, 20])
    parser.add_argument("--models", nargs="+", default=config.load([])["models"])
    options = parser.parse_args()
    overlay = {"horizons": options.horizons, "models": options.models}
    overlay |= {"synthetic": {"DEMO": {"months": options.months}}}
    pairs = list(product(options.models, options.horizons))
    full = [f"results/DEMO/models/{model}/h{horizon}/foldfull" for model, horizon in pairs]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = [f"results/DEMO/folds_h{horizon}.parquet" for horizon in options.horizons]
        snakemake(folder, overlay, first, options.cores)
        cost = snakemake(folder, overlay, ["oof", *full], options.cores)
        table = jobs(folder)
    print(f"{options.months} months, {options.cores} cores: {cost.wall_s:.0f} s wall,")
    print(f"{cost.cpu_s:.0f} CPU s in all processes; largest process {cost.peak_mb:.0f} MB")
    by_model: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for job, measured in table.items():
        if job.startswith("fit_"):
            by_model[re.sub(r"_h[0-9]+_.*", "", job.removeprefix("fit_"))].append(measured)
    for model, rows in by_model.items():
        cpu = sum(row[1] for row in rows)
        print(f"  {model:14s} {len(rows)} fits {cpu:6.1f} CPU s, {max(r[2] for r in rows):.0f} MB")


if __name__ == "__main__":
    main()
