"""Whether scores are honest, on simulated markets whose truth is known.

    python benchmarks/validity.py null --folder validity     # (a), 100 markets
    python benchmarks/validity.py planted --folder validity  # (b) and (c), 20 markets
    python benchmarks/validity.py table --folder validity

Each market is made, labelled with symmetric barriers and predicted out of fold by the package's own
functions, and leaves one file in the folder; a run that was stopped goes on from there.

(a) On null markets: how often the interval of the direction gain lies wholly above 0, and how often
that of the direction AUC holds .5. (b) On planted markets: the share of the best possible direction
gain (`planted.py`) that each model finds. (c) The out-of-fold log-loss of a model less the log-loss
of the same fold models on other markets of the same law: market i is the fresh sample of others as
often as others are its, so that easy and hard markets cancel. Shuffled folds stand beside.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from planted import DEMO, MINUTE, START, bars_of, learn, rows_of_market, scores

from mlfactory import config
from mlfactory.bundles import Bundle
from mlfactory.features import catalog
from mlfactory.folds import fold_table
from mlfactory.labels import label_bars
from mlfactory.metrics import log_losses
from mlfactory.oof import feature_rows, fit_fold, fit_rows, training_set
from mlfactory.scores import Scorer
from mlfactory.stacking import probabilities
from mlfactory.synthetic import Law, market
from mlfactory.tables import write_json

SETTINGS = config.load([])
BARRIERS = {"k_up": 2.5, "k_down": 2.5, "max_bars": 50}
"""Symmetric, so that finding nothing is a direction AUC of .5."""
HORIZON = 20
CLAIM = 0.9
"""Coverage of the interval whose lower end makes a claim at 5 %, one-sided."""
FRESH = 3
"""Other markets that each market's models are scored on."""
FIT = {**SETTINGS["fit"], "threads": 1, "seed": SETTINGS["seed"], "origin": {}}


@dataclass(frozen=True)
class Made:
    """A market's labelled rows after warm-up, all of them a training split."""

    train: pd.DataFrame
    folds: pd.DataFrame

    @property
    def labelled(self) -> np.ndarray:
        """(n,) bool."""
        return self.folds["label"].notna().to_numpy()


def chosen(models: dict[str, Any]) -> catalog.FeatureSet:
    """The families that these models read."""
    wanted = {f for m in models.values() for f in m["needs"]["families"]}
    families = [f for f in SETTINGS["features"]["families"] if f in wanted]
    return catalog.feature_set(
        families=families, timeframes=["1h"], bar_interval=SETTINGS["bars"]["interval"]
    )


LABELS = {k: SETTINGS["labels"][k] for k in ("atr_period", "atr_floor_ticks", "cross_sessions")}


def labelled_market(minutes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bars and labels of a market's minutes, as the pipeline makes them."""
    bars, raw_bars = bars_of(minutes)
    terms = {"horizon": HORIZON, "contract": DEMO, "raw_interval": MINUTE}
    return bars, label_bars(bars, raw_bars, **terms, **BARRIERS, **LABELS)


def training(
    bars: pd.DataFrame, labels: pd.DataFrame, features: catalog.FeatureSet, n_splits: int
) -> Made:
    """All bars after warm-up with their features, in folds."""
    columns = catalog.build(bars, timezone="America/Chicago", chosen=features)
    marks = bars[["datetime", "session", "segment"]]
    first = catalog.first_complete_row(bars, features)
    table = pd.concat([marks, columns.drop(columns="datetime")], axis=1)
    train = table.iloc[first:].reset_index(drop=True)
    interval = pd.Timedelta(SETTINGS["bars"]["interval"])
    return Made(train, fold_table(train, bars, labels, n_splits=n_splits, bar_interval=interval))


def made(law: Law, *, months: int, seed: int, features: catalog.FeatureSet, n_splits: int) -> Made:
    """One market from its law to folds."""
    minutes = market(
        kind=law.kind,
        start=START,
        months=months,
        seed=seed,
        strength=law.strength,
        calendar=DEMO.calendar,
        tick_size=law.tick_size,
    )
    return training(*labelled_market(minutes), features, n_splits)


def out_of_fold(data: Made, model: dict[str, Any]) -> tuple[pd.DataFrame, list[Bundle]]:
    """Purged out-of-fold predictions and the models of the folds."""
    found = [
        fit_fold(
            data.train, data.folds, fold=k, embargo=SETTINGS["folds"]["embargo"], model=model, **FIT
        )
        for k in sorted(data.folds["fold"].dropna().unique())
    ]
    return pd.concat([table for _, table, _ in found], ignore_index=True), [b for b, _, _ in found]


def shuffled_loss(data: Made, model: dict[str, Any], n_splits: int) -> float:
    """Log-loss out of folds drawn at random: neighbours of every scored row are trained on."""
    rows = training_set(data.train, data.folds)
    known = np.flatnonzero(rows.labelled)
    fold = np.random.default_rng(0).permutation(len(known)) % n_splits
    losses = np.empty(len(known))
    for k in range(n_splits):
        bundle, _ = fit_rows(rows, known[fold != k], model=model, **FIT)
        held_out = known[fold == k]
        predicted = bundle.predict(rows.features.take(held_out))
        losses[fold == k] = log_losses(rows.label[held_out], predicted)
    return float(losses.mean())


def fresh_loss(bundles: list[Bundle], fresh: Made) -> float:
    """Mean log-loss of several models, each by itself, on another market's labelled rows."""
    rows = np.flatnonzero(fresh.labelled)
    y = fresh.folds["label"].to_numpy(dtype=np.int8, na_value=-1)[rows]
    X = feature_rows(fresh.train).take(rows)
    return float(np.mean([log_losses(y, bundle.predict(X)).mean() for bundle in bundles]))


def scorer_of(data: Made) -> Scorer:
    """The pipeline's scorer, with the default intervals."""
    return Scorer(
        data.train,
        data.folds,
        embargo=SETTINGS["folds"]["embargo"],
        bootstrap=SETTINGS["scores"],
        seed=SETTINGS["seed"],
    )


def null_market(seed: int, *, months: int, models: dict[str, Any], n_splits: int) -> dict[str, Any]:
    """(a) for one market: intervals of each model's direction, for the claim and for coverage."""
    law = Law(kind="null", tick_size=DEMO.tick_size)
    data = made(law, months=months, seed=seed, features=chosen(models), n_splits=n_splits)
    scorer = scorer_of(data)
    found: dict[str, Any] = {"data": scorer.describe()}
    for name, model in models.items():
        table, _ = out_of_fold(data, model)
        scored = scorer.score(table)
        scorer.confidence = CLAIM
        claim = scorer.score(table)["direction_gain"]
        scorer.confidence = SETTINGS["scores"]["confidence"]
        keys = ("direction_gain", "direction_auc", "gain_volatility_clock_prior")
        found[name] = {key: scored[key] for key in keys} | {"claim": claim}
    return found


def planted_market(
    seed: int, *, months: int, models: dict[str, Any], n_splits: int, markets: int, shuffled: str
) -> dict[str, Any]:
    """(b) and (c) for one market: scores, fresh log-losses, and one model's shuffled folds."""
    law = Law(kind="planted", tick_size=DEMO.tick_size)
    given = {"months": months, "features": chosen(models), "n_splits": n_splits}
    data = made(law, seed=seed, **given)
    scorer = scorer_of(data)
    others = [made(law, seed=(seed + i) % markets, **given) for i in range(1, FRESH + 1)]
    found: dict[str, Any] = {"data": scorer.describe()}
    for name, model in models.items():
        began = time.process_time()
        table, bundles = out_of_fold(data, model)
        found[name] = scorer.score(table) | {"cpu_s": time.process_time() - began}
        p = probabilities(table)[np.searchsorted(scorer.held_out, scorer.rows)]
        found[name]["oof_loss"] = float(log_losses(scorer.y, p).mean())
        found[name]["fresh_loss"] = float(np.mean([fresh_loss(bundles, other) for other in others]))
    found["shuffled"] = {shuffled: shuffled_loss(data, models[shuffled], n_splits)}
    return found


def best_possible(markets: int, months: int, simulated: int = 20) -> list[dict[str, float]]:
    """The best possible prediction's scores on each planted market, with these barriers."""
    law = Law(kind="planted", tick_size=DEMO.tick_size)
    given = {"law": law, "months": months, "label": symmetric_labels}
    tables = [rows_of_market(seed=1000 + i, **given) for i in range(simulated)]
    oracle = learn(pd.concat(tables, ignore_index=True))
    return [scores(oracle, rows_of_market(seed=seed, **given)) for seed in range(markets)]


def symmetric_labels(minutes: pd.DataFrame) -> pd.DataFrame:
    """`planted.pipeline_labels` with this benchmark's barriers."""
    from mlfactory.barriers import barrier_width

    bars, labels = labelled_market(minutes)
    settings = SETTINGS["labels"]
    floor = settings["atr_floor_ticks"] * DEMO.tick_size
    width = barrier_width(bars, atr_period=settings["atr_period"], floor=floor)
    return labels[["datetime", "label"]].assign(width=width / bars["close"].to_numpy())


def variants(names: list[str]) -> dict[str, Any]:
    """Models by name; ``+multiclass`` or ``+two_stage`` says how, where it is not the default."""
    plain = config.load_models(sorted({name.split("+")[0] for name in names}))
    found = {}
    for name in names:
        first, _, way = name.partition("+")
        if way not in ("", "multiclass", "two_stage"):
            raise SystemExit(f"{name}: {way} must be multiclass or two_stage")
        found[name] = plain[first] | ({"decomposition": way} if way else {})
    return found


def read(folder: Path, kind: str) -> list[dict[str, Any]]:
    """What markets of one kind have left so far."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob(f"{kind}_*.json"))]


def mean_and_error(values: Any) -> str:
    """Mean and standard error over markets."""
    values = np.asarray(values)
    return f"{values.mean():+.4f} +- {values.std(ddof=1) / np.sqrt(len(values)):.4f}"


def null_lines(found: list[dict[str, Any]]) -> list[str]:
    """(a), a line a model."""
    lines = []
    for name in [key for key in found[0] if key != "data"]:
        gain = [one[name]["direction_gain"] for one in found]
        auc = [one[name]["direction_auc"] for one in found]
        claimed = sum(one[name]["claim"]["low"] > 0 for one in found)
        whole = sum(ends["low"] > 0 for ends in gain)
        covered = sum(ends["low"] <= 0.5 <= ends["high"] for ends in auc)
        lines.append(
            f"null {name:20s} {len(found)} markets: claims at 5 % {claimed}, 95 % interval above 0 "
            f"{whole}, AUC covers .5 {covered}; gain {mean_and_error([g['value'] for g in gain])}, "
            f"AUC - .5 {mean_and_error([a['value'] - 0.5 for a in auc])}"
        )
    return lines


def planted_lines(found: list[dict[str, Any]], best: list[dict[str, float]]) -> list[str]:
    """(b) and (c), a line a model."""
    possible = np.array([one["direction_gain"] for one in best[: len(found)]])
    lines = [f"planted best possible direction gain {mean_and_error(possible)}"]
    for name in [key for key in found[0] if key not in ("data", "shuffled")]:
        gain = np.array([one[name]["direction_gain"]["value"] for one in found])
        differ = [one[name]["oof_loss"] - one[name]["fresh_loss"] for one in found]
        lines.append(
            f"planted {name:20s} {len(found)} markets: direction gain {mean_and_error(gain)}, "
            f"{gain.mean() / possible.mean():.0%} of the best; AUC "
            f"{np.mean([one[name]['direction_auc']['value'] for one in found]):.3f}; "
            f"out of fold less fresh {mean_and_error(differ)}"
        )
    for name in found[0]["shuffled"]:
        differ = [one["shuffled"][name] - one[name]["fresh_loss"] for one in found]
        lines.append(f"planted {name}, shuffled folds less fresh {mean_and_error(differ)}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("null", "planted", "table"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--models", nargs="+")
    parser.add_argument("--markets", type=int)
    parser.add_argument("--months", type=int)
    parser.add_argument("--n-splits", type=int, default=SETTINGS["folds"]["n_splits"])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    months = options.months or {"null": 3, "planted": 5, "table": 5}[options.what]
    markets = options.markets or {"null": 100, "planted": 20, "table": 20}[options.what]
    if options.what == "table":
        if null := read(options.folder, "null"):
            print(*null_lines(null), sep="\n")
        if planted := read(options.folder, "planted"):
            print(*planted_lines(planted, best_possible(markets, months)), sep="\n")
        return
    default = ["logistic", "lightgbm"]
    if options.what == "planted":
        default += ["catboost"]
    given = {"months": months, "models": variants(options.models or default)}
    given |= {"n_splits": options.n_splits}
    for seed in range(markets):
        path = options.folder / f"{options.what}_{seed:04d}.json"
        if path.exists():
            continue
        began = time.process_time()
        if options.what == "null":
            found = null_market(seed, **given)
        else:
            found = planted_market(seed, **given, markets=markets, shuffled="lightgbm")
        write_json(found, path)
        print(f"{path.name} {time.process_time() - began:.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
