"""Growth of Phase 1 (bars, 221 features, labels of four horizons) with the rows: time and memory.

    python benchmarks/growth.py [--months 3 26 260] [--plot growth.html]

Simulated minutes of one contract, all processes, kernels compiled by a first run. About 29k
minutes a month: 260 months are 7.5 million.
"""

import argparse
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
from workflow_run import jobs, snakemake

FIRST = "2003-01-02"
"""So that 260 months end before today: a raw file may not reach into the future."""


@dataclass(frozen=True)
class Point:
    """What one size cost."""

    minutes: int
    cpu_s: float
    wall_s: float
    peak_mb: float
    by_job: dict[str, tuple[float, float, float]]


def measured(months: int) -> Point:
    overlay = {"synthetic": {"DEMO": {"months": months, "start": FIRST}}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw = "results/DEMO/synthetic_1m.parquet"
        snakemake(folder, overlay, [raw], 1)
        minutes = pq.read_metadata(folder / raw).num_rows
        cost = snakemake(folder, overlay, ["features", "labels"], 1)
        made = {name: job for name, job in jobs(folder).items() if name != "simulate_market"}
    peak_mb = max(rss for _, _, rss in made.values())
    return Point(minutes, cost.cpu_s, cost.wall_s, peak_mb, made)


def plot(points: list[Point], path: Path) -> None:
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=1, cols=2, subplot_titles=("CPU seconds", "peak MB of a process"))
    x = [point.minutes for point in points]
    for column, name in ((1, "cpu_s"), (2, "peak_mb")):
        y = [getattr(point, name) for point in points]
        figure.add_scatter(x=x, y=y, mode="lines+markers", row=1, col=column)
    figure.update_xaxes(type="log", title="raw minutes")
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(showlegend=False, width=880, height=360, template="plotly_white")
    figure.write_html(path, include_plotlyjs=True, config={"displayModeBar": False})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, nargs="+", default=[3, 26, 260])
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    measured(min(arguments.months))  # compiles the kernels
    points = []
    for months in sorted(arguments.months):
        point = measured(months)
        points.append(point)
        print(
            f"{point.minutes:>9,} minutes: {point.cpu_s:6.1f} CPU s, {point.wall_s:6.1f} s wall, "
            f"largest process {point.peak_mb:,.0f} MB",
            flush=True,
        )
        for name, (wall, cpu, rss) in point.by_job.items():
            print(f"    {name:24s} {wall:6.1f} s wall {cpu:6.1f} CPU s {rss:7.0f} MB", flush=True)
    for one, other in pairwise(points):
        rows, cpu = other.minutes / one.minutes, other.cpu_s / one.cpu_s
        print(f"{rows:.1f} times the rows: {cpu:.1f} times the CPU")
    if arguments.plot:
        plot(points, arguments.plot)


if __name__ == "__main__":
    main()
