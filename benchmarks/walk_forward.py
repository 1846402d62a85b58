"""Walk-forward beside k-fold, on the rows that both predict, of a finished run.

    python benchmarks/walk_forward.py results/MES 20 lightgbm logistic [--config my.yaml]

Reads the training split, folds and feature manifest of that folder. Prints for each model, walk-
forward, k-fold on the same rows, and walk-forward on labels moved by whole sessions: log-loss, gain
over volatility and clock, direction gain with their intervals, direction AUC, and CPU seconds.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import pandas as pd

from mlfactory import config, schemas, tables
from mlfactory.folds import by_refit
from mlfactory.model_inputs import columns
from mlfactory.nulls import shift_labels
from mlfactory.oof import fit_fold
from mlfactory.scores import Scorer
from mlfactory.walkforward import as_predictions, walk_forward

SHOWN = ("log_loss", "gain_volatility_clock_prior", "direction_gain", "direction_auc")


def line(model: str, way: str, scores: dict[str, Any], began: float) -> None:
    shown = (
        f"{scores[key]['value']:.4f} [{scores[key]['low']:.4f}, {scores[key]['high']:.4f}]"
        for key in SHOWN
    )
    print(f"{model:14} {way:14}", *shown, f"{time.process_time() - began:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="a symbol's folder, as results/MES")
    parser.add_argument("horizon", type=int)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--config", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    settings = config.load(options.config)
    refit = {k: v for k, v in settings["walk_forward"].items() if k not in ("enabled", "nulls")}
    manifest = tables.read_json(options.results / "features.json")
    folds = tables.read(options.results / f"folds_h{options.horizon}.parquet", schemas.FOLDS)
    moved = shift_labels(folds, seed=settings["seed"], replicate=0)
    whole = tables.read_split(options.results / "splits/train.parquet")
    embargo = settings["folds"]["embargo"]
    scoring = {"embargo": embargo, "bootstrap": settings["scores"], "seed": settings["seed"]}
    for name, model in config.load_models(options.models).items():
        train = tables.read_split(
            options.results / "splits/train.parquet", columns(manifest, model)
        )
        fit = {
            **{"model": model, **settings["fit"], "threads": settings["threads"]},
            **{"seed": settings["seed"], "origin": {}},
        }
        for way, table in (("walk-forward", folds), ("its null", moved)):
            began = time.process_time()
            walked = walk_forward(train, table, refit=refit, embargo=embargo, **fit)
            scorer = Scorer(whole, by_refit(table, walked), refit=refit, **scoring)
            line(name, way, scorer.score(as_predictions(walked)), began)
            if way == "walk-forward":
                print(scorer.describe(), walked["refit"].nunique(), "refits", flush=True)
        began = time.process_time()
        parts = [
            fit_fold(train, folds, fold=fold, embargo=embargo, **fit)[1]
            for fold in range(settings["folds"]["n_splits"])
        ]
        later = folds["datetime"].isin(walked["datetime"])
        same = folds.assign(fold=folds["fold"].where(later))
        predicted = pd.concat(parts, ignore_index=True)[later].reset_index(drop=True)
        line(name, "k-fold", Scorer(whole, same, **scoring).score(predicted), began)


if __name__ == "__main__":
    main()
