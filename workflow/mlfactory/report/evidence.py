"""What a report is drawn from: the files of one symbol, read once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from mlfactory import schemas, tables
from mlfactory._typing import Float64Array2D, Int8Array1D
from mlfactory.contracts import Contract
from mlfactory.stacking import probabilities, unstack
from mlfactory.stacking import uncalibrated as joined_uncalibrated

RECORD = "training_metrics.json"


@dataclass(frozen=True)
class HorizonEvidence:
    """What was made for one horizon.

    Attributes
    ----------
    horizon
        In bars.
    barriers
        The content of ``barriers_h{horizon}.json``.
    labels
        Table of schema LABELS, rows of the training split only: no other label is shown.
    folds
        Table of schema FOLDS.
    stack
        The stacking dataset.
    predictions
        Out-of-fold predictions of every model and ensemble, rows as in ``stack``.
    scores
        The content of ``scores_h{horizon}.json``.
    records
        For each base model what its fits recorded, the content of ``training_metrics.json``, a fold
        each.
    selections
        The content of ``selection/h{horizon}/fold{fold}.json``, a fold each; none where no model
        selects features.
    assessment
        The content of ``backtest/h{horizon}.json``.
    equity
        By sample and model the backtest's table of schema EQUITY.
    members
        By ensemble the share of each member in what it weighs.
    uncalibrated
        Out-of-fold predictions of the calibrated models before their calibration.
    """

    horizon: int
    barriers: dict[str, Any]
    labels: pd.DataFrame
    folds: pd.DataFrame
    stack: pd.DataFrame
    predictions: dict[str, pd.DataFrame]
    scores: dict[str, Any]
    records: dict[str, list[dict[str, Any]]]
    selections: list[dict[str, Any]]
    assessment: dict[str, Any]
    equity: dict[str, dict[str, pd.DataFrame]]
    members: dict[str, dict[str, float]]
    uncalibrated: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def walked(self) -> dict[str, Any] | None:
        """The walk-forward scores, in the form of the k-fold ones; None where there are none."""
        return self.scores.get("walk_forward")

    @property
    def headline(self) -> dict[str, Any]:
        """The scores that the report leads with: walk-forward, or k-fold without them."""
        return self.walked or self.scores

    @property
    def importance(self) -> dict[str, pd.DataFrame]:
        """For each base model a table of one row a fold and one column a feature, shares.

        A feature that a fold's fit did not select has 0 there.
        """
        return {
            model: pd.DataFrame([record["importance"] for record in records]).fillna(0.0)
            for model, records in self.records.items()
        }

    def scored(
        self, model: str, before: bool = False
    ) -> tuple[Int8Array1D, Float64Array2D, pd.Series]:
        """Labels (n,), the model's probabilities (n, 3) and sessions (n,) of labelled rows.

        ``before`` gives those before its calibration.
        """
        table = (self.uncalibrated if before else self.predictions)[model]
        known = self.stack["y_true"].notna().to_numpy()
        y = self.stack["y_true"][known].to_numpy(dtype="int8")
        stacked = self.folds["datetime"].isin(self.stack["datetime"])
        session = self.folds["session"][stacked].reset_index(drop=True)
        return y, probabilities(table)[known], session[known]


@dataclass(frozen=True)
class Evidence:
    """What was made for one symbol.

    Attributes
    ----------
    settings
        The configuration as far as it is of this symbol.
    code
        The hash of each step's code.
    raw
        The raw file.
    folder
        The symbol's results, where the jobs' measured costs lie beside the files.
    selecting
        The yamls of the models that select features.
    """

    symbol: str
    contract: Contract
    settings: dict[str, Any]
    code: dict[str, str]
    raw: Path
    folder: Path
    bars: pd.DataFrame
    account: dict[str, Any]
    manifest: dict[str, Any]
    split_config: dict[str, Any]
    audit: dict[str, Any]
    models: tuple[str, ...]
    ensembles: tuple[str, ...]
    horizons: tuple[HorizonEvidence, ...]
    selecting: dict[str, dict[str, Any]]

    @property
    def read_features(self) -> frozenset[str]:
        """Names of the features that any model reads."""
        tables = (table for part in self.horizons for table in part.importance.values())
        return frozenset(name for table in tables for name in table.columns)

    @property
    def bar_interval(self) -> pd.Timedelta:
        """Nominal length of a bar."""
        return pd.Timedelta(self.account["bar_interval"])


def read_horizons(
    *,
    horizons: Sequence[int],
    models: Sequence[str],
    ensembles: Sequence[str],
    n_folds: int,
    split_config: str,
    barriers: Sequence[str],
    labels: Sequence[str],
    folds: Sequence[str],
    stacks: Sequence[str],
    scores: Sequence[str],
    ensemble_oof: Sequence[str],
    fits: Sequence[str],
    calibrated: Sequence[str],
    uncalibrated: Sequence[str],
    selections: Sequence[str],
    traded: Mapping[str, Sequence[str]],
    assessments: Sequence[str],
    equity: Sequence[str],
    combined: Sequence[str],
    ensemble_fits: Sequence[str],
) -> tuple[HorizonEvidence, ...]:
    """The files of each horizon.

    Parameters
    ----------
    horizons, models, ensembles, n_folds
        What is configured.
    split_config
        Path of ``split_config.json``: only labels of the training split are kept.
    barriers, labels, folds, stacks, scores, assessments
        One path a horizon.
    ensemble_oof
        One path a horizon and ensemble, the ensembles going round faster.
    fits
        Folders of fold models: one a horizon, model and fold, the folds going round fastest.
    calibrated, uncalibrated
        The models that are calibrated, and their fold models' held-out predictions in the order of
        ``fits``.
    selections
        One path a horizon and fold, the folds going round faster; or none.
    traded
        The models of each sample of the backtest.
    equity
        One path a horizon, sample and model, the models going round fastest.
    combined, ensemble_fits
        Every ensemble, those without out-of-fold predictions too; and the folder of each one's
        model, one a horizon and ensemble, the ensembles going round faster.
    """
    train = tables.read_json(split_config)["splits"][0]
    rows = slice(train["start"], train["stop"])
    oof = dict(zip(product(horizons, ensembles), ensemble_oof, strict=True))
    record = dict(zip(product(horizons, models, range(n_folds)), fits, strict=True))

    of_sample = [(sample, model) for sample, names in traded.items() for model in names]
    earned = dict(zip(product(horizons, of_sample), equity, strict=True))
    weighed = dict(zip(product(horizons, combined), ensemble_fits, strict=True))
    n_before = len(uncalibrated) // len(horizons)
    n_selections = len(selections) // len(horizons)
    of_horizon = [
        selections[at * n_selections : (at + 1) * n_selections] for at in range(len(horizons))
    ]

    def one(at: int, horizon: int) -> HorizonEvidence:
        of_folds = tables.read(folds[at], schemas.FOLDS)
        before = uncalibrated[at * n_before : (at + 1) * n_before]
        stack = tables.read_stack(stacks[at], models)
        out_of_fold = {e: tables.read(oof[horizon, e], schemas.PREDICTIONS) for e in ensembles}
        return HorizonEvidence(
            horizon,
            tables.read_json(barriers[at]),
            tables.read(labels[at], schemas.LABELS).iloc[rows].reset_index(drop=True),
            of_folds,
            stack,
            unstack(stack, list(models)) | out_of_fold,
            tables.read_json(scores[at]),
            {
                model: [
                    tables.read_json(Path(record[horizon, model, fold]) / RECORD)
                    for fold in range(n_folds)
                ]
                for model in models
            },
            [tables.read_json(path) for path in of_horizon[at]],
            tables.read_json(assessments[at]),
            {
                sample: {
                    model: tables.read(earned[horizon, (sample, model)], schemas.EQUITY)
                    for model in names
                }
                for sample, names in traded.items()
            },
            {
                name: tables.read_json(Path(weighed[horizon, name]) / RECORD)["members"]
                for name in combined
            },
            joined_uncalibrated(
                of_folds, list(calibrated), tables.read_all(before, schemas.held_out(True))
            ),
        )

    return tuple(one(at, horizon) for at, horizon in enumerate(horizons))
