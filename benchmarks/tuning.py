"""What a search with pruning costs, and how much of the gain of the same search without it finds.

    python benchmarks/tuning.py results/DEMO 20 lightgbm [--trials 50] [--seeds 1 2 3]
    python benchmarks/tuning.py results/DEMO 20 catboost --begin '{"depth": 6}'

Reads the training split, folds and feature manifest of that folder, and tunes on the training rows
of fold 0; the ranking by which a model selects its features costs nothing here. Prints CPU seconds
of one training with early stopping, then of each search, in seconds and in trainings, and what each
gained on the same inner folds: by the scores that chose it, and anew, by fits that draw their rows
and features by other seeds. The best of fifty scores is flattered by what it drew; scored anew it
is not. The last lines are over all seeds.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from mlfactory import config, schemas, tables, tuning
from mlfactory.folds import embargo_bars
from mlfactory.model_inputs import columns
from mlfactory.oof import fit_rows, fold_rows, selected, training_set


def timed(make: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    made = make()
    return time.process_time() - began, made


DRAWS = 5
"""Seeds by which found parameters are scored anew."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("horizon", type=int)
    parser.add_argument("model")
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seeds", type=int, nargs="+", help="by default the config's")
    parser.add_argument("--begin", type=json.loads, default={}, metavar="JSON")
    options = parser.parse_args()
    settings = config.load([])
    seeds = options.seeds or [settings["seed"]]
    found = pd.DataFrame([compare(options, settings, seed) for seed in seeds])
    mean = {str(name): float(value) for name, value in found.mean().items()}
    more = found["anew"] - found["anew_without"]
    within_ten = int((found["trainings"] <= 10).sum())
    print(
        f"mean of {len(seeds)} seeds: {mean['trainings']:.1f} trainings with pruning, "
        f"{mean['trainings_without']:.1f} without; {within_ten} within ten\n"
        f"share of the gain: {mean['gain'] / mean['gain_without']:.0%} by the scores that chose, "
        f"{mean['anew'] / mean['anew_without']:.0%} anew; gained anew with pruning less without: "
        f"{float(more.mean()):+.5f}, standard error {float(more.sem()):.5f}"
    )


def compare(options: argparse.Namespace, settings: dict[str, Any], seed: int) -> dict[str, float]:
    """Cost and gain of both searches by one seed."""
    trials, train_once = prepared(options, settings, seed)
    one = min(timed(train_once)[0] for _ in range(3))  # the first one imports the library
    spread = settings["tuning"]["spread"]
    of_seed: dict[str, float] = {}
    for pruning, suffix in ((True, ""), (False, "_without")):
        terms = {"n_trials": options.trials, "spread": spread, "pruning": pruning}
        cost, found = timed(
            lambda t=terms: tuning.search(replace(trials, shared={}), name="benchmark", **t)
        )
        reached = found["objective"]
        of_seed |= {
            f"trainings{suffix}": cost / one,
            f"gain{suffix}": reached["default"] - reached["best"],
            f"anew{suffix}": gain_anew(trials, found["parameters"], spread),
        }
    values = ", ".join(f"{name} {value:.4f}" for name, value in of_seed.items())
    print(f"{options.model}, seed {seed}: a training {one:.2f} CPU s; {values}", flush=True)
    return of_seed


def prepared(
    options: argparse.Namespace, settings: dict[str, Any], seed: int
) -> tuple[tuning.Trials, Callable[[], Any]]:
    """What trials on the training rows of fold 0 are scored with, and one training on them."""
    model = config.load_models([options.model])[options.model]
    model["training"] |= options.begin
    names = columns(tables.read_json(options.folder / "features.json"), model)
    train = tables.read_split(options.folder / "splits/train.parquet", names)
    folds = tables.read(options.folder / f"folds_h{options.horizon}.parquet", schemas.FOLDS)
    data, bars = training_set(train, folds), embargo_bars(folds, **settings["folds"]["embargo"])
    rows, _ = fold_rows(data, 0, bars)
    given = {"weights": settings["fit"]["weights"], "threads": 1, "seed": seed}
    by = {"choice": config.choice(settings), "ranked_by": config.ranking(settings)}
    features = selected(data, rows, model, None, embargo_bars=bars, **by, **given)
    data = replace(data, features=data.features.named(features))
    model["needs"]["features"] = list(features)
    share = settings["fit"]["fit_share"]
    trials = tuning.trials_on(
        data,
        rows,
        model=model,
        features=features,
        n_folds=settings["tuning"]["inner_folds"],
        embargo_bars=bars,
        fit_share=share,
        **given,
    )
    return trials, partial(fit_rows, data, rows, model=model, fit_share=share, origin={}, **given)


def gain_anew(trials: tuning.Trials, parameters: dict[str, Any], spread: float) -> float:
    """How much lower the objective is than the default's, where fits draw by other seeds."""
    gains = []
    for draw in range(DRAWS):
        other = replace(trials, seed=trials.seed + 1000 * (draw + 1), shared={})
        scored = [tuning.objective(other.losses(given, 1), spread) for given in ({}, parameters)]
        gains.append(scored[0] - scored[1])
    return sum(gains) / DRAWS


if __name__ == "__main__":
    main()
