"""What a new bar costs, live: features bar by bar, and predict on new rows.

    python benchmarks/live.py --symbol DEMO --model voting --input results/DEMO/synthetic_1m.parquet

Reads what a run of the same configuration left (``--configfile``). Median milliseconds, wall clock,
kernels compiled, and the ratio to the unit: sorting a million random numbers in the same run.
``predict`` reads the raw file, cleans it and computes the features of the warm-up; the stream only
computes features, all of them and those that the models read. The command is a whole process.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from mlfactory import config, schemas, tables
from mlfactory.features import catalog
from mlfactory.features.stream import FeatureStream
from mlfactory.predict import predict

NEW_BARS = 30


def wall_ms(job: Callable[[], object], repeats: int) -> float:
    job()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        job()
        taken.append(1000 * (time.perf_counter() - start))
    return median(taken)


def show(what: str, ms: float, unit: float) -> None:
    print(f"{what:<48} {ms:10.1f} ms {ms / unit:8.1f} units", flush=True)


def streamed(folder: Path, chosen: catalog.FeatureSet) -> float:
    """One update of a stream, from the bars of a run."""
    bars = tables.read(folder / "bars.parquet", schemas.BARS)
    zone = tables.read_json(folder / "bars.json")["timezone"]
    stream = FeatureStream(bars.iloc[: -NEW_BARS - 1], timezone=zone, chosen=chosen)
    later = iter(bars.iloc[-NEW_BARS - 1 :].to_dict("records"))
    return wall_ms(lambda: stream.update(next(later)), NEW_BARS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbol", default="DEMO")
    parser.add_argument("--horizon", type=int, default=20)
    parser.add_argument("--model", default="voting")
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--configfile", type=Path, nargs="*", default=[])
    given = parser.parse_args()
    chosen = {"symbols": [given.symbol], "horizons": [given.horizon]}
    settings = config.load(given.configfile, overrides=chosen)
    unit = wall_ms(lambda: np.sort(np.random.default_rng(0).random(1_000_000)), 11)
    print(f"unit {unit:.1f} ms; {given.symbol} h{given.horizon} {given.model}")

    folder = Path(settings["results"]) / given.symbol
    every = catalog.configured(settings)
    show(f"stream, {len(catalog.names(every))} features", streamed(folder, every), unit)
    asked = {"symbol": given.symbol, "horizon": given.horizon, "model": given.model}
    new = {**asked, "path": given.input, "last": 1}
    show("predict, one bar, in a process", wall_ms(lambda: predict(settings, **new), 5), unit)

    command = [sys.executable, "-m", "mlfactory.cli", "predict", "--input", given.input]
    command += ["--symbols", given.symbol, "--horizons", str(given.horizon)]
    command += ["--model", given.model, "--last", "1", "--output", "/dev/null"]
    command += ["--configfile", *given.configfile] if given.configfile else []
    ask = [str(word) for word in command]
    show("predict, one bar, the command", wall_ms(lambda: _run(ask), 3), unit)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
