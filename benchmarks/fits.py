"""Five models x (five folds and full), one horizon, about 50k five-minute bars, on two cores."""

import argparse
import tempfile
from collections import defaultdict
from pathlib import Path

from workflow_run import jobs, snakemake


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=9, help="9 are about 52k bars")
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    overlay = {"horizons": [20], "synthetic": {"DEMO": {"months": options.months}}}
    models = ("logistic", "random_forest", "xgboost", "lightgbm", "catboost")
    full = [f"results/DEMO/models/{model}/h20/foldfull" for model in models]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        snakemake(folder, overlay, ["results/DEMO/folds_h20.parquet"], options.cores)
        cost = snakemake(folder, overlay, ["oof", *full], options.cores)
        table = jobs(folder)
    print(f"{options.months} months, {options.cores} cores: {cost.wall_s:.0f} s wall,")
    print(f"{cost.cpu_s:.0f} CPU s in all processes; largest process {cost.peak_mb:.0f} MB")
    by_model: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for job, measured in table.items():
        if job.startswith("fit_"):
            by_model[job.removeprefix("fit_").split("_h20")[0]].append(measured)
    for model, rows in by_model.items():
        cpu = sum(row[1] for row in rows)
        print(f"  {model:14s} {len(rows)} fits {cpu:6.1f} CPU s, {max(r[2] for r in rows):.0f} MB")


if __name__ == "__main__":
    main()
