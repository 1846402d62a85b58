"""What a search with pruning costs, and how much of the gain of the same search without it finds.

    python benchmarks/tuning.py results/DEMO 20 lightgbm [--trials 50] [--seeds 1 2 3]

Reads the training split, folds and feature manifest of that folder, and tunes on the training rows
of fold 0. Prints CPU seconds of one training with early stopping, then of each search, in seconds
and in trainings, and what each found on the same inner folds.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mlfactory import config, schemas, tables, tuning
from mlfactory.folds import embargo_bars
from mlfactory.model_inputs import columns
from mlfactory.oof import fit_rows, fold_rows, training_set


def timed(make: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    made = make()
    return time.process_time() - began, made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("horizon", type=int)
    parser.add_argument("model", help="one that reads all features")
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seeds", type=int, nargs="+", help="by default the config's")
    options = parser.parse_args()
    settings = config.load([])
    for seed in options.seeds or [settings["seed"]]:
        compare(options, settings, seed)


def compare(options: argparse.Namespace, settings: dict[str, Any], seed: int) -> None:
    model = config.load_models([options.model])[options.model]
    names = columns(tables.read_json(options.folder / "features.json"), model)
    train = tables.read_split(options.folder / "splits/train.parquet", names)
    folds = tables.read(options.folder / f"folds_h{options.horizon}.parquet", schemas.FOLDS)
    data, bars = training_set(train, folds), embargo_bars(folds, **settings["folds"]["embargo"])
    rows, _ = fold_rows(data, 0, bars)
    given = {"weights": settings["fit"]["weights"], "threads": 1, "seed": seed}
    share = settings["fit"]["fit_share"]
    train_once = partial(fit_rows, data, rows, model=model, fit_share=share, origin={}, **given)
    one = min(timed(train_once)[0] for _ in range(3))  # the first one imports the library
    print(f"{options.model}, {len(rows)} rows, seed {seed}: one training {one:.1f} CPU s")
    trials = tuning.trials_on(
        data,
        rows,
        model=model,
        features=data.features.names,
        n_folds=settings["tuning"]["inner_folds"],
        embargo_bars=bars,
        **given,
    )
    gains = []
    for pruning in (True, False):
        terms = {"n_trials": options.trials, "spread": settings["tuning"]["spread"]}
        cost, found = timed(
            lambda p=pruning, t=terms: tuning.search(
                replace(trials, shared={}), name="benchmark", pruning=p, **t
            )
        )
        reached = found["objective"]
        gains.append(reached["default"] - reached["best"])
        print(
            f"pruning {pruning}: {cost:.0f} CPU s, {cost / one:.1f} trainings; objective "
            f"{reached['default']:.4f} to {reached['best']:.4f}"
        )
    share = f"{gains[0] / gains[1]:.0%}" if gains[1] > 0 else "n/a, there is none"
    print(f"share of the gain that is found with pruning: {share}")


if __name__ == "__main__":
    main()
