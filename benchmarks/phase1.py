"""Phase 1 (bars, features, labels of four horizons) from 755k raw minutes, all processes.

Measured with all 221 features and with the 113 of the eight base families, after a short run that
compiles the kernels. The unit is a job of a known library in the same run: scikit-learn's
RobustScaler on 150k x 221 float32.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.preprocessing import RobustScaler
from workflow_run import jobs, snakemake

from mlfactory.features.families import FAMILIES

SETS = {"221 features": FAMILIES, "113 base features": FAMILIES[:8]}


def robust_scaler_cpu_s() -> float:
    values = np.random.default_rng(0).normal(size=(150_000, 221)).astype(np.float32)
    start = time.process_time()
    RobustScaler().fit_transform(values)
    return time.process_time() - start


def phase1(folder: Path, months: int, families: tuple[str, ...], unit_s: float) -> None:
    overlay = {"synthetic": {"DEMO": {"months": months}}, "features": {"families": list(families)}}
    snakemake(folder, overlay, ["results/DEMO/synthetic_1m.parquet"], 1)
    cost = snakemake(folder, overlay, ["features", "labels"], 1)
    print(f"  {cost.cpu_s:.1f} CPU s in all processes, {cost.wall_s:.1f} s wall")
    print(f"  largest process {cost.peak_mb:.0f} MB; ratio to the unit {cost.cpu_s / unit_s:.1f}")
    for name, (wall, cpu, rss) in jobs(folder).items():
        print(f"    {name:24s} {wall:6.1f} s wall {cpu:6.1f} CPU s {rss:7.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=26, help="26 are about 755k minutes")
    months = parser.parse_args().months
    unit_s = robust_scaler_cpu_s()
    print(f"unit {unit_s:.2f} CPU s")
    for title, size in (("to compile, 2 months", 2), (f"{months} months", months)):
        for name, families in SETS.items():
            print(f"{title}, {name}:", flush=True)
            with tempfile.TemporaryDirectory() as folder:
                phase1(Path(folder), size, families, unit_s)


if __name__ == "__main__":
    main()
