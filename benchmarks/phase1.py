"""Phase 1 (bars, 113 features, labels of four horizons) from 755k raw minutes, all processes.

Run twice: the first run compiles the kernels, the second is measured. The unit is a job of a known
library in the same run: scikit-learn's RobustScaler on 150k x 221 float32.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.preprocessing import RobustScaler
from workflow_run import Cost, jobs, snakemake


def robust_scaler_cpu_s() -> float:
    values = np.random.default_rng(0).normal(size=(150_000, 221)).astype(np.float32)
    start = time.process_time()
    RobustScaler().fit_transform(values)
    return time.process_time() - start


def phase1(folder: Path, months: int) -> Cost:
    overlay = {"synthetic": {"DEMO": {"months": months}}}
    snakemake(folder, overlay, ["results/DEMO/synthetic_1m.parquet"], 1)
    return snakemake(folder, overlay, ["features", "labels"], 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=26, help="26 are about 755k minutes")
    months = parser.parse_args().months
    with tempfile.TemporaryDirectory() as warm:
        phase1(Path(warm), 1)
    with tempfile.TemporaryDirectory() as folder:
        cost = phase1(Path(folder), months)
        table = jobs(Path(folder))
    unit = robust_scaler_cpu_s()
    print(f"{months} months: {cost.cpu_s:.1f} CPU s in all processes, {cost.wall_s:.1f} s wall")
    print(f"largest process {cost.peak_mb:.0f} MB")
    print(f"unit {unit:.2f} CPU s, ratio {cost.cpu_s / unit:.1f}")
    for name, (wall, cpu, rss) in table.items():
        print(f"  {name:24s} {wall:6.1f} s wall {cpu:6.1f} CPU s {rss:7.0f} MB")


if __name__ == "__main__":
    main()
