"""How many markets with nothing to find get a verdict of evidence, of scores or of a backtest.

    python benchmarks/null_verdicts.py --folder null_verdicts [--markets 10] [--kind planted]

Each simulated market is made, labelled with symmetric barriers, predicted out of fold by three
models and their mean, and sent through the package's own scores with one null of each kind (labels
shifted by sessions, signs of returns flipped; all models fitted anew on each), thresholds, backtest
and assessment: default settings, but three folds, one horizon and no walk-forward. A market leaves
one file in the folder; a run that was stopped goes on from there. With ``--kind planted`` the
same of markets that have something to find, to see that evidence can be had at all.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import pandas as pd
from planted import DEMO, MINUTE, START, bars_of
from validity import BARRIERS, HORIZON, LABELS, SETTINGS, Made, out_of_fold
from validity import chosen as families
from validity import training as training_split

from mlfactory import config
from mlfactory.assessment import assess
from mlfactory.backtest import Market, Trader
from mlfactory.backtest_files import market_of, traded
from mlfactory.flipped_markets import flipped_markets
from mlfactory.labels import label_bars
from mlfactory.multiple_testing import LEVEL
from mlfactory.nulls import shift_labels
from mlfactory.schemas import PROBABILITIES
from mlfactory.scores import score_models
from mlfactory.synthetic import market
from mlfactory.tables import write_json
from mlfactory.thresholds import choose
from mlfactory.verdicts import QUESTIONS, Verdict, verdict

ZONE = "America/Chicago"
SEED = SETTINGS["seed"]
TERMS = {"horizon": HORIZON, "contract": DEMO, "raw_interval": MINUTE}
ENSEMBLE = "voting"


def predictions(data: Made, models: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Out-of-fold predictions of each model and of their mean."""
    found = {name: out_of_fold(data, model)[0] for name, model in models.items()}
    first = next(iter(found.values()))
    mean = sum(table[list(PROBABILITIES)] for table in found.values()) / len(found)
    return found | {ENSEMBLE: pd.concat([first[["datetime"]], mean], axis=1)}


def one_market(
    seed: int, *, kind: str, strength: float, months: int, models: dict[str, Any], n_splits: int
) -> dict[str, Any]:
    """Scores with their verdicts, and the assessment of the backtest out of fold."""
    minutes = market(
        kind=kind,
        start=START,
        months=months,
        seed=seed,
        strength=strength,
        calendar=DEMO.calendar,
        tick_size=DEMO.tick_size,
    )
    features = families(models)
    bars, raw_bars = bars_of(minutes)
    labels = label_bars(bars, raw_bars, **TERMS, **BARRIERS, **LABELS)
    data = training_split(bars, labels, features, n_splits)
    shifted = shift_labels(data.folds, seed=SEED, replicate=0)
    flipped = flipped_markets(
        bars,
        raw_bars,
        data.train,
        data.folds,
        horizon=HORIZON,
        replicates=1,
        seed=SEED,
        contract=DEMO,
        account={
            **{"timezone": ZONE, "raw_interval": "1min"},
            "bar_interval": SETTINGS["bars"]["interval"],
        },
        features=features,
        barriers=BARRIERS,
        label_settings=LABELS,
    )
    own = predictions(data, models)
    nulls = {
        "session_shift": [(shifted, predictions(Made(data.train, shifted), models))],
        "sign_flip": [(f, predictions(Made(t, f), models), t) for t, f in flipped],
    }
    scores = score_models(
        data.train,
        data.folds,
        own,
        nulls,
        embargo=SETTINGS["folds"]["embargo"],
        bootstrap=SETTINGS["scores"],
        seed=SEED,
    )
    trading = config.trading(SETTINGS)
    at = market_of(
        bars,
        raw_bars,
        contract=DEMO,
        barriers=BARRIERS,
        raw_interval=MINUTE,
        bar_interval=pd.Timedelta(SETTINGS["bars"]["interval"]),
        labels=LABELS,
        trading=trading,
    )
    return {"models": scores["models"], "backtest": backtest(at, Trader(**trading["trader"]), own)}


def backtest(at: Market, trader: Trader, own: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """The assessment of a ledger that holds the thresholds tried here."""
    found = choose(at, trader, own, SETTINGS["backtest"]["thresholds"], seed=SEED)
    ledger = [trial for model in found["models"].values() for trial in model["trials"]]
    trades = {n: traded(at, trader, t, found["models"][n]) for n, t in own.items()}
    return assess(
        {"oof": trades},
        found,
        ledger,
        looks=0,
        calendar=DEMO.calendar,
        timezone=ZONE,
        confidence=SETTINGS["scores"]["confidence"],
    )


def readings(found: dict[str, Any]) -> dict[str, int]:
    """How many of a market's gains and backtests are evidence, at which stage."""
    models = found["models"].values()
    gains = [(model, key) for model in models for key in QUESTIONS]
    judged = found["backtest"]["samples"]["oof"].values()
    return {
        "gains": len(gains),
        "gains, p < .05": sum(_below(m[key]["p_value"]) for m, key in gains),
        "gains, by intervals": sum(verdict(m, key) == Verdict.BOTH for m, key in gains),
        "gains, evidence": sum(m[key]["evidence"] for m, key in gains),
        "backtests": len(judged),
        "backtests, Sharpe above 0": sum(bool(j["sharpe"]) and j["net"] > 0 for j in judged),
        "backtests, probabilistic > .95": sum(
            bool(j["sharpe"]) and j["sharpe"]["probabilistic"] > 0.95 for j in judged
        ),
        "backtests, evidence": sum(j["verdict"] == "evidence" for j in judged),
    }


def _below(p_value: float | None) -> bool:
    return p_value is not None and p_value < LEVEL


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--kind", choices=("null", "planted"), default="null")
    parser.add_argument("--markets", type=int, default=10)
    parser.add_argument("--months", type=int, default=3)
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--n-splits", type=int, default=3)
    parser.add_argument("--models", nargs="+", default=["logistic", "lightgbm", "xgboost"])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    given = {
        "kind": options.kind,
        "strength": options.strength if options.kind == "planted" else 0.0,
        "months": options.months,
        "models": config.load_models(options.models),
        "n_splits": options.n_splits,
    }
    counted = []
    for seed in range(options.markets):
        path = options.folder / f"{options.kind}_{seed:04d}.json"
        began = time.process_time()
        if not path.exists():
            write_json(one_market(seed, **given), path)
        counted.append(readings(json.loads(path.read_text())))
        print(f"{path.name} {time.process_time() - began:.0f} CPU s {counted[-1]}", flush=True)
    for name in counted[0]:
        markets = sum(one[name] > 0 for one in counted)
        print(
            f"{name}: {sum(one[name] for one in counted)}, in {markets} of {len(counted)} markets"
        )
    said = sum(one["gains, evidence"] + one["backtests, evidence"] > 0 for one in counted)
    print(f"any verdict of evidence: {said} of {len(counted)} {options.kind} markets")


if __name__ == "__main__":
    main()
