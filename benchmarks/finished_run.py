"""A finished run's training split and folds, as the benchmarks on real rows read them."""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mlfactory import config, schemas, tables
from mlfactory.model_inputs import columns
from mlfactory.oof import fit_fold
from mlfactory.scores import Scorer

EXAMPLE = "a symbol's folder, as results/MES"
COSTS = ("fit_{model}_h{horizon}_fold*.jsonl", "tune_{model}_h{horizon}_fold[0-9]*.jsonl")


def add_models(parser: argparse.ArgumentParser) -> None:
    """The arguments after a run's folder: horizon, models, and the config's overlays."""
    parser.add_argument("horizon", type=int)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--config", type=Path, nargs="*", default=[])


def predicted(results: Path, model: str, horizon: int) -> pd.DataFrame:
    """A model's predictions of the rows that the folds hold out, as the run left them."""
    paths = sorted(results.glob(f"oof/{model}_h{horizon}_fold*.parquet"))
    parts = [tables.read(path, schemas.PREDICTIONS) for path in paths]
    return pd.concat(parts, ignore_index=True).sort_values("datetime", ignore_index=True)


def cpu_s(results: Path, model: str, horizon: int) -> float:
    """CPU seconds of the folds' fits and tunings of a model, as the jobs measured them."""
    names = [name.format(model=model, horizon=horizon) for name in COSTS]
    paths = [path for name in names for path in (results / "benchmarks").glob(name)]
    last = [path.read_text().splitlines()[-1] for path in paths if "full" not in path.name]
    return sum(float(json.loads(line)["cpu_time"]) for line in last)


def ends(difference: dict[str, float | None]) -> str:
    """A paired difference with its interval, if it has one."""
    value, low, high = (difference[key] for key in ("value", "low", "high"))
    return f"{value:+.4f} " + ("[n/a]" if low is None else f"[{low:+.4f}, {high:+.4f}]")


@dataclass(frozen=True)
class FinishedRun:
    """One horizon of a symbol's folder, the models to compare on it, and the configuration.

    Attributes
    ----------
    whole, folds
        The training split with every feature, and its folds.
    """

    results: Path
    horizon: int
    models: list[str]
    settings: dict[str, Any]
    whole: pd.DataFrame
    folds: pd.DataFrame

    @classmethod
    def read(
        cls, results: Path, horizon: int, models: list[str], overlays: list[Path]
    ) -> "FinishedRun":
        """Read the folder's files."""
        return cls(
            results,
            horizon,
            models,
            config.load(overlays),
            tables.read_split(results / "splits/train.parquet"),
            tables.read(results / f"folds_h{horizon}.parquet", schemas.FOLDS),
        )

    @classmethod
    def of_command_line(cls, description: str | None) -> "FinishedRun":
        """The run that the command line names; ``description`` is of the benchmark."""
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("results", type=Path, help=EXAMPLE)
        add_models(parser)
        given = parser.parse_args()
        return cls.read(given.results, given.horizon, given.models, given.config)

    @property
    def name(self) -> str:
        """Symbol and horizon, for a line of output."""
        return f"{self.results.name} h{self.horizon}"

    @property
    def embargo(self) -> dict[str, int]:
        """The embargo after each held-out block."""
        return self.settings["folds"]["embargo"]

    def scorer(self, folds: pd.DataFrame | None = None, **refit: Any) -> Scorer:
        """The scorer of the run's folds, or of others of the same rows."""
        return Scorer(
            self.whole,
            self.folds if folds is None else folds,
            embargo=self.embargo,
            bootstrap=self.settings["scores"],
            seed=self.settings["seed"],
            **refit,
        )

    def inputs(self) -> Iterator[tuple[str, dict[str, Any], pd.DataFrame]]:
        """Each model's name, its yaml, and the training split with the features that it reads."""
        manifest = tables.read_json(self.results / "features.json")
        for name, model in config.load_models(self.models).items():
            wanted = columns(manifest, model)
            yield name, model, tables.read_split(self.results / "splits/train.parquet", wanted)

    def fit(self, model: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """How a model is fitted, as arguments of `oof.fit_rows`."""
        return {
            "model": model,
            **self.settings["fit"] | changed,
            "threads": self.settings["threads"],
            "seed": self.settings["seed"],
            "origin": {},
        }

    def out_of_fold(
        self, train: pd.DataFrame, model: dict[str, Any], **changed: Any
    ) -> tuple[list[pd.DataFrame], float]:
        """Predictions of the rows that each fold holds out, and the CPU seconds of the fits.

        ``changed`` are settings of the fit in place of the configured ones.
        """
        began, parts = time.process_time(), []
        for fold in sorted(self.folds["fold"].dropna().unique()):
            fit = self.fit(model, **changed)
            found = fit_fold(train, self.folds, fold=int(fold), embargo=self.embargo, **fit)
            parts.append(found[1])
        return parts, time.process_time() - began
