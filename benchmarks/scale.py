"""Memory and time of one fold's fit and predictions on half a million rows of 221 features.

    python benchmarks/scale.py [--rows 500000] [--models logistic xgboost ...]

Each model runs in a process of its own, reads a training split as the rules do, fits fold 0 of five
on every column and predicts what it holds out; its peak memory is what the system counted. Values
and labels are random, so that trees grow on noise. Neural models make one epoch: more take as much
memory. A cluster's job must ask for this much; see docs/cluster.md.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mlfactory import config, schemas, tables
from mlfactory.features import catalog
from mlfactory.folds import fold_numbers
from mlfactory.oof import fit_fold
from mlfactory.schemas import SPLIT_MARKS

PER_SESSION, HELD, FOLDS = 276, 20, 5
BAR = pd.Timedelta("5min")


def training_split(n: int, names: list[str], folder: Path) -> None:
    """A split and its folds, written as the workflow writes them."""
    generator = np.random.default_rng(0)
    time_of = pd.Series(pd.date_range("2015-01-01", periods=n, freq=BAR, tz="UTC").as_unit("ns"))
    session = (np.arange(n) // PER_SESSION + 16436).astype(np.int32)
    marks = pd.DataFrame({"datetime": time_of, "session": session, "segment": np.int32(0)})
    values = generator.standard_normal((n, len(names)), dtype=np.float32)
    split = pd.concat([marks[list(SPLIT_MARKS)], pd.DataFrame(values, columns=names)], axis=1)
    tables.write(split, folder / "train.parquet", schemas.split(names))
    known = np.arange(n) + HELD < n
    end = time_of + BAR
    folds = pd.DataFrame(
        {
            "datetime": time_of,
            "end": end,
            "session": session,
            "minute": (np.arange(n) % PER_SESSION * 5).astype(np.int32),
            "fold": pd.Series(fold_numbers(n, FOLDS)).astype("Int16"),
            "label": pd.Series(generator.integers(0, 3, n)).astype("Int8").where(known),
            "t1": end.shift(-HELD),
            "bars_held": pd.Series(np.full(n, HELD)).astype("Int32").where(known),
            "uniqueness": pd.Series(np.full(n, 1 / HELD)).where(known),
            "quality": pd.Series(generator.random(n)).where(known),
        }
    )
    tables.write(folds, folder / "folds.parquet", schemas.FOLDS)


def fitted(sent: Connection, name: str, model: dict[str, Any], folder: Path, names: Any) -> None:
    """In a process of its own: fit, predict, and send CPU seconds, wall seconds and peak GB."""
    settings = config.load([])
    start, cpu = time.perf_counter(), time.process_time()
    fit_fold(
        tables.read_split(folder / "train.parquet", names),
        tables.read(folder / "folds.parquet", schemas.FOLDS),
        fold=0,
        embargo=settings["folds"]["embargo"],
        model=model,
        **settings["fit"],
        threads=settings["threads"],
        seed=settings["seed"],
        origin={"symbol": "NOISE", "model": name, "horizon": "20", "fold": "0"},
    )
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    sent.send((time.process_time() - cpu, time.perf_counter() - start, peak_gb))


def main() -> None:
    settings = config.load([])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--models", nargs="*", default=settings["models"])
    given = parser.parse_args()
    names = list(catalog.names(catalog.configured(settings)))
    fresh = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        writer = fresh.Process(target=training_split, args=(given.rows, names, Path(folder)))
        writer.start()
        writer.join()
        print(f"{given.rows} rows, {len(names)} features", flush=True)
        for name, model in config.load_models(given.models).items():
            model["needs"].pop("families", None)
            model["needs"]["features"] = "all"
            if "epochs" in model["training"]:
                model["training"]["epochs"] = 1
            received, sent = fresh.Pipe(duplex=False)
            asked = (sent, name, model, Path(folder), names)
            process = fresh.Process(target=fitted, args=asked)
            process.start()
            sent.close()
            try:
                cpu_s, wall_s, peak_gb = received.recv()
                found = f"{cpu_s:8.0f} CPU s {wall_s:8.0f} s {peak_gb:6.2f} GB"
            except EOFError:
                found = "failed"
            print(f"{name:<14} {found}", flush=True)
            process.join()


if __name__ == "__main__":
    main()
