"""Each calibration against none, on the same rows of a finished run.

    python benchmarks/calibration.py results/MES 20 lightgbm logistic [--config my.yaml]

Reads the training split, folds and feature manifest of that folder. Prints a line a model and
method: out-of-fold log-loss and calibration error of the usual fit, and of the calibrated one
before and after; the log-loss gained over the usual fit with its interval, paired, by sessions
(above 0: calibration wins); CPU seconds of all folds' fits.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import pandas as pd

from mlfactory import config, schemas, tables
from mlfactory.calibration import METHODS, OFF
from mlfactory.model_inputs import columns
from mlfactory.oof import fit_fold
from mlfactory.scores import Scorer
from mlfactory.stacking import uncalibrated


def out_of_fold(
    train: pd.DataFrame,
    folds: pd.DataFrame,
    model: dict[str, Any],
    settings: dict[str, Any],
    method: str,
) -> tuple[list[pd.DataFrame], float]:
    """Predictions of the rows that each fold holds out, and the CPU seconds of the fits."""
    began, parts = time.process_time(), []
    for fold in sorted(folds["fold"].dropna().unique()):
        _, predicted, _ = fit_fold(
            train,
            folds,
            fold=int(fold),
            embargo=settings["folds"]["embargo"],
            model=model,
            **settings["fit"] | {"calibration": method},
            threads=settings["threads"],
            seed=settings["seed"],
            origin={},
        )
        parts.append(predicted)
    return parts, time.process_time() - began


def words(scores: dict[str, Any]) -> str:
    """Log-loss, and calibration error."""
    return f"{scores['log_loss']['value']:.4f} {scores['calibration_error']['value']:.4f}"


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
    scorer = Scorer(
        tables.read_split(options.results / "splits/train.parquet"),
        folds,
        embargo=settings["folds"]["embargo"],
        bootstrap=settings["scores"],
        seed=settings["seed"],
    )
    for name, model in config.load_models(options.models).items():
        train = tables.read_split(
            options.results / "splits/train.parquet", columns(manifest, model)
        )
        parts, cpu = out_of_fold(train, folds, model, settings, OFF)
        usual = pd.concat(parts, ignore_index=True)
        start = f"{options.results.name} h{options.horizon} {name}"
        print(f"{start} off: {words(scorer.score(usual))}; {cpu:.0f} CPU s", flush=True)
        for method in METHODS:
            parts, cpu = out_of_fold(train, folds, model, settings, method)
            before = uncalibrated(folds, [name], parts)[name]
            after = pd.concat(parts, ignore_index=True)
            gain = scorer.difference(usual, after)
            low, high = gain["low"], gain["high"]
            print(
                f"{start} {method}: before {words(scorer.score(before))}, after "
                f"{words(scorer.score(after))}; gained {gain['value']:+.4f} "
                f"[{low:+.4f}, {high:+.4f}]; {cpu:.0f} CPU s",
                flush=True,
            )


if __name__ == "__main__":
    main()
