"""What a run left of one model, checked before new rows are given to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mlfactory import recipes, schemas, tables
from mlfactory._typing import Int64Array1D
from mlfactory.bundles import Bundle
from mlfactory.ensembles import predict_ensemble
from mlfactory.errors import UserError, nearest
from mlfactory.features import catalog
from mlfactory.models._rows import FeatureRows
from mlfactory.oof import predictions


@dataclass(frozen=True)
class Trained:
    """The bundles of a base model; or of an ensemble and of its members.

    Attributes
    ----------
    folder
        The symbol's results.
    bundles
        By base model those whose mean predicts validation and test.
    ensemble
        The ensemble's own; None of a base model.
    """

    folder: Path
    bundles: dict[str, list[Bundle]]
    ensemble: Bundle | None

    @property
    def features(self) -> tuple[str, ...]:
        """Every feature that one of the bundles reads."""
        read = [b.model.feature_names for bundles in self.bundles.values() for b in bundles]
        return tuple(dict.fromkeys(name for names in read for name in names))

    @property
    def look_back(self) -> int:
        """Rows before one that is predicted which a sequence may read."""
        models = [b.model for bundles in self.bundles.values() for b in bundles]
        return max(model.sequence_length for model in models) - 1

    def predict(self, table: pd.DataFrame, X: FeatureRows, rows: Int64Array1D) -> pd.DataFrame:
        """Predictions of some rows, schema PREDICTIONS.

        Parameters
        ----------
        table
            Their times, of every row of ``X``.
        X
            Unscaled features; sequences look back in them.
        rows
            The rows to predict.
        """
        times, asked = table["datetime"].iloc[rows], X.take(rows)
        by_member = [
            predictions(times, np.mean([b.predict(asked) for b in bundles], axis=0))
            for bundles in self.bundles.values()
        ]
        if self.ensemble is None:
            return by_member[0]
        return predict_ensemble(self.ensemble, list(self.bundles), by_member)

    def trading(
        self, horizon: int, model: str, symbol: str
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """How the run traded, see `config.trading`, and what `thresholds.choose` chose of a model.

        Raises
        ------
        UserError
            When the run has not come to its backtest.
        """
        path = self.folder / f"backtest/thresholds_h{horizon}.json"
        if not path.exists():
            raise UserError(
                f"{path}: no such file, and without a threshold no signal; run ./pipeline run "
                f"--symbols {symbol} --horizons {horizon} backtest with the same configuration"
            )
        content = tables.read_json(path)
        return content["trading"], {"meta_filter": None} | content["models"][model]

    def contracts(self) -> pd.Series:
        """The contract names of the bars that the run read, missing where its file had none."""
        return tables.read(self.folder / "bars.parquet", schemas.BARS)["contract"]

    def last_training_bar(self) -> pd.Timestamp:
        """The opening of the training split's last bar."""
        splits = tables.read_json(self.folder / "splits/split_config.json")["splits"]
        return pd.Timestamp(next(s["last"] for s in splits if s["name"] == "train"))


def load(settings: Mapping[str, Any], symbol: str, horizon: int, model: str) -> Trained:
    """Read what a run with these settings left of a model; no code is executed.

    Raises
    ------
    UserError
        When the model is not configured, was not fitted, is of another contract, or was fitted on
        other features than the configuration has now.
    """
    models, ensembles = settings["models"], settings["ensembles"]
    if model not in (*models, *ensembles):
        raise UserError(
            f"--model {model} is none of the configured models and ensembles; "
            f"{nearest(model, [*models, *ensembles])}"
        )
    folder = Path(settings["results"]) / symbol
    members = recipes.load(dict(settings))[model]["members"] if model in ensembles else [model]
    of_folds = settings["predictions"]["source"] == "folds"
    folds = range(settings["folds"]["n_splits"]) if of_folds else ["full"]
    trained = Trained(
        folder,
        {
            name: [
                _bundle(folder / f"models/{name}/h{horizon}/fold{f}", symbol, horizon)
                for f in folds
            ]
            for name in members
        },
        _bundle(folder / f"ensembles/{model}_h{horizon}/model", symbol, horizon)
        if model in ensembles
        else None,
    )
    _require_features(folder, settings)
    return trained


def _bundle(path: Path, symbol: str, horizon: int) -> Bundle:
    if not path.is_dir():
        raise UserError(
            f"{path}: no fitted model; run ./pipeline run --symbols {symbol} --horizons {horizon} "
            "with the same configuration first, or predict with that of a run that has one "
            "(--quick, --configfile)"
        )
    bundle = Bundle.load(path)
    fitted_on = bundle.origin["symbol"]
    if fitted_on != symbol:
        raise UserError(
            f"{path}: was fitted on {fitted_on}, not on {symbol}; a model is of one contract: run "
            f"./pipeline run --symbols {symbol}"
        )
    return bundle


def _require_features(folder: Path, settings: Mapping[str, Any]) -> None:
    """Refuse models that were fitted on features of another list or formula."""
    now = catalog.manifest(catalog.configured(settings))["features"]
    then = tables.read_json(folder / "features.json")["features"]
    bar, fitted = settings["bars"]["interval"], tables.read_json(folder / "bars.json")
    if pd.Timedelta(bar) != pd.Timedelta(fitted["bar_interval"]):
        raise UserError(
            f"{folder}: was fitted on bars of {fitted['bar_interval']}, bars.interval is {bar}; "
            "use the configuration of the run"
        )
    by_name = {row["name"]: row for row in now}
    gone = [row["name"] for row in then if row["name"] not in by_name]
    added = by_name.keys() - {row["name"] for row in then}
    changed = [row["name"] for row in then if by_name.get(row["name"], row) != row]
    for what, names in (("lacks", gone), ("adds", sorted(added)), ("computes otherwise", changed)):
        if names:
            raise UserError(
                f"{folder}/features.json: the models read another feature list: the configuration "
                f"now {what} {', '.join(names[:3])} ({len(names)} in all); use the configuration "
                "of the run, or run again"
            )
