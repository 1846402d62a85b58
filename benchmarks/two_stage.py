"""Each model as one three-class problem and in two stages, on the same rows of a finished run.

    python benchmarks/two_stage.py results/MES 20 lightgbm logistic [--config my.yaml]

Reads the training split, folds and feature manifest of that folder. Prints a line a model:
log-loss both ways, their paired difference with its 95 % interval by sessions (below 0: two stages
win), direction gain both ways, and CPU seconds of all folds' fits.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mlfactory import config, schemas, tables
from mlfactory.metrics import log_losses
from mlfactory.model_inputs import columns
from mlfactory.oof import fit_fold
from mlfactory.scores import Scorer
from mlfactory.stacking import probabilities
from mlfactory.statistics import interval

WAYS = ("multiclass", "two_stage")


def out_of_fold(
    train: pd.DataFrame, folds: pd.DataFrame, model: dict[str, Any], settings: dict[str, Any]
) -> tuple[pd.DataFrame, float]:
    """Predictions of all held-out rows, and the CPU seconds of the fits."""
    began, parts = time.process_time(), []
    for fold in range(settings["folds"]["n_splits"]):
        _, predicted, _ = fit_fold(
            train,
            folds,
            fold=fold,
            embargo=settings["folds"]["embargo"],
            model=model,
            **settings["fit"],
            threads=settings["threads"],
            seed=settings["seed"],
            origin={},
        )
        parts.append(predicted)
    return pd.concat(parts, ignore_index=True), time.process_time() - began


def paired(scorer: Scorer, one: pd.DataFrame, other: pd.DataFrame) -> dict[str, float]:
    """Mean difference of log-loss, other less one, with its interval over blocks of sessions."""
    at = np.searchsorted(scorer.held_out, scorer.rows)
    losses = [log_losses(scorer.y, probabilities(table)[at]) for table in (one, other)]
    return interval(scorer.resamples[0].mean(losses[1] - losses[0]), scorer.confidence)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="a symbol's folder, as results/MES")
    parser.add_argument("horizon", type=int)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--config", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    settings = config.load(options.config)
    manifest = tables.read_json(options.results / "features.json")
    folds = tables.read(options.results / f"folds_h{options.horizon}.parquet", schemas.FOLDS)
    whole = tables.read_split(options.results / "splits/train.parquet")
    scorer = Scorer(
        whole,
        folds,
        embargo=settings["folds"]["embargo"],
        bootstrap=settings["scores"],
        seed=settings["seed"],
    )
    for name, model in config.load_models(options.models).items():
        train = tables.read_split(
            options.results / "splits/train.parquet", columns(manifest, model)
        )
        found = {
            way: out_of_fold(train, folds, model | {"decomposition": way}, settings) for way in WAYS
        }
        scores = {way: scorer.score(table) for way, (table, _) in found.items()}
        difference = paired(scorer, *(table for table, _ in found.values()))
        words = [f"{options.results.name} h{options.horizon} {name:14s}"]
        for way in WAYS:
            score = scores[way]
            words.append(
                f"{way}: {score['log_loss']['value']:.4f} direction "
                f"{score['direction_gain']['value']:+.4f} AUC "
                f"{score['direction_auc']['value']:.3f} {found[way][1]:.0f} CPU s;"
            )
        low, high = difference["low"], difference["high"]
        words.append(f"difference {difference['value']:+.4f} [{low:+.4f}, {high:+.4f}]")
        print(*words, flush=True)


if __name__ == "__main__":
    main()
