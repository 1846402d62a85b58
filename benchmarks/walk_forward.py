"""Walk-forward beside k-fold, on the rows that both predict, of a finished run.

    python benchmarks/walk_forward.py results/MES 20 lightgbm logistic [--config my.yaml]

Reads the training split, folds and feature manifest of that folder. Prints for each model, walk-
forward, k-fold on the same rows, and walk-forward on labels moved by whole sessions: log-loss, gain
over volatility and clock, direction gain with their intervals, direction AUC, and CPU seconds.
"""

import time
from typing import Any

import pandas as pd
from finished_run import FinishedRun

from mlfactory.folds import by_refit
from mlfactory.nulls import shift_labels
from mlfactory.walkforward import as_predictions, walk_forward

REFIT = ("first_share", "retrain_sessions", "window", "window_sessions")
SHOWN = ("log_loss", "gain_volatility_clock_prior", "direction_gain", "direction_auc")


def line(model: str, way: str, scores: dict[str, Any], began: float) -> None:
    shown = (
        f"{scores[key]['value']:.4f} [{scores[key]['low']:.4f}, {scores[key]['high']:.4f}]"
        for key in SHOWN
    )
    print(f"{model:14} {way:14}", *shown, f"{time.process_time() - began:.0f} s", flush=True)


def main() -> None:
    run = FinishedRun.of_command_line(__doc__)
    settings, folds = run.settings, run.folds
    refit = {key: settings["walk_forward"][key] for key in REFIT}
    moved = shift_labels(folds, seed=settings["seed"], replicate=0)
    for name, model, train in run.inputs():
        fit = {"refit": refit, "embargo": run.embargo, **run.fit(model)}
        for way, table in (("walk-forward", folds), ("its null", moved)):
            began = time.process_time()
            walked = walk_forward(train, table, **fit)
            scorer = run.scorer(by_refit(table, walked), refit=refit)
            line(name, way, scorer.score(as_predictions(walked)), began)
            if way == "walk-forward":
                print(scorer.describe(), walked["refit"].nunique(), "refits", flush=True)
        began = time.process_time()
        parts, _ = run.out_of_fold(train, model)
        later = folds["datetime"].isin(walked["datetime"])
        same = folds.assign(fold=folds["fold"].where(later))
        predicted = pd.concat(parts, ignore_index=True)[later].reset_index(drop=True)
        line(name, "k-fold", run.scorer(same).score(predicted), began)


if __name__ == "__main__":
    main()
