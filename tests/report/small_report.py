"""The evidence of a report from small tables, with names that try to break out of the page."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from mlfactory import null_probe, significance
from mlfactory.assessment import assess
from mlfactory.barrier_files import configured
from mlfactory.booking import equity, trades
from mlfactory.checks import dataset
from mlfactory.contracts import Contract, Slippage
from mlfactory.costs import costs
from mlfactory.report.evidence import Evidence, HorizonEvidence
from mlfactory.schemas import PROBABILITIES
from mlfactory.stacking import stacking_dataset
from traded_market import random_market, trader
from training import training_tables

ATTACK = "<script>alert(1)</script>"
N, PER_SESSION = 600, 50
BARRIERS = {"k_up": 1.35, "k_down": 1.1, "max_bars": 12}
SETTINGS = {
    "embargo": {"sessions": 0, "min_bars": 4},
    "bootstrap": {"samples": 50, "block_sessions": 1, "confidence": 0.95},
    "seed": 1,
}


def bars():
    """Twelve sessions of 50 five-minute bars; a roll to a contract with a bad name half way."""
    time = pd.date_range("2024-01-02", periods=N, freq="5min", tz="UTC").as_unit("ns")
    number = np.arange(N)
    opens = pd.Series(time).groupby(number // PER_SESSION).transform("first")
    close = 5000 + np.cumsum(np.random.default_rng(3).normal(size=N))
    return pd.DataFrame(
        {
            "datetime": time,
            **{"open": close, "high": close + 1, "low": close - 1, "close": close},
            "volume": 10.0,
            "n_raw": np.int32(5),
            "session": (number // PER_SESSION + 19000).astype(np.int32),
            "session_open": opens,
            "session_close": opens + pd.Timedelta("250min"),
            "segment": (number // 300).astype(np.int32),
            "contract": pd.Series(np.where(number < 300, "H4", ATTACK), dtype="str"),
        }
    )


def account():
    return {
        **{"file": "DEMO_1m.parquet", "calendar": "CME_Equity", "timezone": "America/Chicago"},
        **{"raw_interval": "1min", "bar_interval": "5min", "bars": N, "sessions": 12},
        "rows": {
            "read": 3010,
            "removed": {"duplicates": 10, "outside_calendar": 0},
            "kept": 3000,
            "noted": {"outliers": 2},
        },
        **{"empty_sessions": 0, "traded_share": 0.99, "segments": 2, "rolls": 1},
        **{"first_bar": "2024-01-02 00:00:00+00:00", "last_bar": "2024-01-04 01:55:00+00:00"},
    }


def split_config():
    common = {"n_sessions": 4, "embargoed_sessions": 0}
    parts = (("train", 50, 500, 10), ("val", 520, 550, 10), ("test", 570, 600, 0))
    return {
        "warmup": {"bars": 50, "why": "lookback"},
        "splits": [
            {"name": name, "start": start, "stop": stop, "purged_bars": purged, **common}
            for name, start, stop, purged in parts
        ],
    }


LIMITS = {
    "clipped_share": {"warn": 0.05, "fail": None},
    "psi_val": {"warn": 0.25, "fail": None},
    "psi_test": {"warn": 0.25, "fail": None},
    "label_share": {"warn": 0.5, "fail": 0.01},
    "class_share": {"warn": 0.05, "fail": 0.001},
    "ambiguous_share": {"warn": 0.02, "fail": 0.2},
    "ambiguous_bar_share": {"warn": 0.2, "fail": None},
    "holding_share": {"warn": 0.9, "fail": None},
    "uniqueness": {"warn": 0.005, "fail": None},
}


def audit(horizons):
    """As read from ``audit.json``: one feature drifts, everything else passes."""
    of_labels = {
        **{"label_share": 0.9, "class_share": 0.1, "ambiguous_share": 0.004},
        **{"ambiguous_bar_share": 0.01, "holding_share": 0.4, "uniqueness": 0.07},
    }
    found = {
        "features": {
            "clipped_share": {"a": 0.01, "b": 0.02},
            "psi_val": {"a": 0.05, "b": 0.12},
            "psi_test": {"a": 0.02, "b": 0.4},
        },
        "labels": dict.fromkeys(horizons, of_labels),
        "leaks": {"labels that reach over a border": {f"h{h}": 0 for h in horizons}},
    }
    return json.loads(json.dumps(dataset.audit(found, dataset.judge(found, LIMITS))))


def guesses(folds, seed, strength=0.0):
    """Predictions of every row, better than a guess by ``strength``."""
    p = np.random.default_rng(seed).dirichlet((4, 2, 4), len(folds))
    label = folds["label"].fillna(1).to_numpy(dtype=np.int64)
    p = (1 - strength) * p + strength * np.eye(3)[label]
    columns = dict(zip(PROBABILITIES, p.T.astype(np.float32), strict=True))
    return pd.DataFrame({"datetime": folds["datetime"], **columns})


def made_up(value):
    """One score with its interval."""
    return {
        "value": value,
        "low": value - 0.004,
        "high": value + 0.005,
        "block_sessions": 1,
        "blocks": 12,
    }


def gain_and_nulls(low, nulls):
    """A model's scores: a gain whose interval begins at ``low``, and nulls .004 to each side."""
    gain = {"value": 0.01, "low": low, "high": 0.02}
    intervals = [
        {
            "value": v,
            "low": None if v is None else v - 0.004,
            "high": None if v is None else v + 0.004,
        }
        for v in nulls
    ]
    return {"gain": gain, "nulls": {"session_shift": [{"gain": null} for null in intervals]}}


SELECTING = {
    "model": {"type": "logistic"},
    "needs": {"features": "selected-2", "families": ["price", "temporal"]},
}

REFIT = {"first_share": 0.5, "retrain_sessions": 4, "window": "expanding", "window_sessions": 9}


def walked_scores(scores, models):
    """As if the base models had been walked forward and had scored the same."""
    settings = scores["settings"] | {"refit": REFIT}
    kept = {name: scores["models"][name] for name in models}
    return scores | {"settings": settings, "models": kept}


def made_up_scores(models, n_nulls):
    """What ``scores_h{horizon}.json`` holds: every model finds something, no null does."""
    keys = ("gain_class_prior", "gain_volatility_clock_prior", "direction_gain")
    rest = {"log_loss": 0.9, "direction_auc": 0.55, "calibration_error": 0.02}

    def one(gain):
        return {k: made_up(v) for k, v in {**rest, **dict.fromkeys(keys, gain)}.items()}

    def model(gain):
        nulls = [one(-0.002 * i) | {"macro_f1": 0.3} for i in range(n_nulls)]
        return one(gain) | {"macro_f1": 0.4, "nulls": {"session_shift": nulls}}

    shares, blocks = {"short": 0.4, "neutral": 0.2, "long": 0.4}, {"1": 12}
    scored = {name: model(0.01 + 0.001 * i) for i, name in enumerate(models)}
    significance.judge(scored, confidence=0.95, trials={})
    found = {
        "data": {"rows": N, "effective_rows": 90.5, "blocks": blocks, "class_shares": shares},
        "settings": SETTINGS,
        "models": scored,
        "probe": null_probe.summary(
            dict.fromkeys(null_probe.SCORES, 0.01),
            {"session_shift": [dict.fromkeys(null_probe.SCORES, i / 1000) for i in range(20)]},
        ),
    }
    for name in list(models)[2:]:
        against = {"member": next(iter(models)), "value": -0.002, "low": -0.005, "high": 0.001}
        found["models"][name]["against_best"] = against
    return found | {"validation": {k: found[k] for k in ("data", "settings", "models")}}


def records(*, in_two_stages=False):
    """What two fits recorded; the second selected no feature c."""
    curve = {"validation_curve": [1.0, 0.9, 0.95], "training_curve": [1.0, 0.8, 0.7], "rounds": 2}
    search = {"move": curve, "direction": curve} if in_two_stages else curve
    return [
        {
            **{"rows": 400, "device": "cpu", "early_stopping": search, "fit": search},
            "importance": importance,
            "cost": {"cpu_s": 3.5 + fold, "wall_s": 4.0, "peak_mb": 300.0 + fold},
        }
        for fold, importance in enumerate(({"a": 0.5, "b": 0.3, "c": 0.2}, {"a": 0.7, "b": 0.3}))
    ]


def found_barriers(horizon, n=30):
    """What a search's file holds: trials around a flat optimum, some of which break a bound."""
    generator = np.random.default_rng(horizon)
    trials = []
    for i in range(n):
        k_up, k_down = generator.uniform(0.8, 5.0, 2).round(2).tolist()
        gross = 0.4 - 0.05 * (k_up - 2.5) ** 2 + 0.05 * float(generator.normal())
        trials.append(
            {
                **{"number": i, "k_up": k_up, "k_down": k_down},
                "max_bars": int(generator.integers(2 * horizon, 3 * horizon + 1)),
                **{"values": [gross - 0.1], "feasible": k_down < 3.5},
                **{"net_sharpe": gross - 0.1, "gross_sharpe": gross, "trades": 100 + i},
            }
        )
    best = max((t for t in trials if t["feasible"]), key=lambda t: t["net_sharpe"])
    return {
        **{"source": "searched", "horizon": horizon, "searched_rows": 100},
        "barriers": {name: best[name] for name in ("k_up", "k_down", "max_bars")},
        "searched": {
            **{"first": "2024-01-02 00:00:00+00:00", "last": "2024-01-02 08:15:00+00:00"},
            **{"rows_used": 90, "sessions": 2},
        },
        "study": {
            **{"name": f"barriers_h{horizon}", "sampler": "tpe", "seed": 1, "trials": n},
            **{"k_min": 0.8, "k_max": 5.0, "max_bars": [2 * horizon, 3 * horizon]},
        },
        "best": best["number"],
        "nulls": [sorted((0.1 * generator.normal(size=20)).tolist(), reverse=True)] * 3,
        "trials": trials,
    }


def made_up_selection(seed):
    """What a selection's file holds of three inner folds: a is always first."""
    b = np.random.default_rng(seed).random(3).round(3).tolist()
    by_feature = {"a": [2.0, 2.0, 2.0], "b": b, "c": [0.5, 0.5, 0.5]}
    return {"features": {name: {"cluster": 0, "mdi": v} for name, v in by_feature.items()}}


def horizon_evidence(horizon, models, ensembles, n_nulls, searched):
    _, folds = training_tables(N, seed=horizon)
    predictions = {m: guesses(folds, i, 0.2) for i, m in enumerate((*models, *ensembles))}
    parts = {m: [predictions[m][(folds["fold"] == k).to_numpy()] for k in range(3)] for m in models}
    unknown = folds["label"].isna()
    return HorizonEvidence(
        horizon,
        found_barriers(horizon) if searched else configured(horizon, BARRIERS),
        folds[["datetime", "label", "bars_held"]].assign(
            ambiguous=unknown, tradable=True, event=True
        ),
        folds,
        stacking_dataset(folds, parts, weights="equal"),
        predictions,
        made_up_scores(predictions, n_nulls),
        {model: records(in_two_stages=model == models[0]) for model in models},
        [made_up_selection(seed) for seed in range(2)],
        *made_up_backtests((*models, *ensembles), models),
        {name: dict.fromkeys(models, 1 / len(models)) for name in ensembles},
    )


def made_up_backtests(names, walked):
    """An assessment and the equity by sample: all but the last model trade on coin flips."""
    market, _ = random_market(3, n=500)
    per_trade = costs(market.fills, market.contract)
    generator = np.random.default_rng(5)
    every = np.arange(len(market.bars))
    found = {}
    on_test = {"test": names, "walkforward_test": walked}
    for sample, of_sample in ({"oof": names, "walkforward": walked} | on_test).items():
        found[sample] = {}
        for name in of_sample:
            wanted = generator.integers(-1, 2, len(every)).astype(np.int32)
            wanted = wanted if name != names[-1] else np.zeros_like(wanted)
            taken = trader().taken(market, wanted, per_trade)
            found[sample][name] = (
                trades(market, taken, per_trade),
                equity(market, taken, per_trade, every),
            )
    told = {"signals": 1200, "passed": 300, "paid": 0.4, "passed_paid": None}
    judge = {"least": 0.55, "out_of_fold": told}
    chosen = {
        "models": {
            n: {"threshold": None if n == names[-1] else 0.1, "meta_filter": judge} for n in names
        },
        "probability_of_overfitting": 0.4,
        "superior_predictive_ability": {"lower": 0.5, "consistent": 0.6, "upper": 0.7},
    }
    ledger = [{"number": i, "sharpe": 0.01 * i} for i in range(12)]
    terms = {"looks": 3, "calendar": "CME_Equity", "timezone": "America/Chicago"}
    made = assess(found, chosen, ledger, **terms, confidence=0.95)
    tables_of = {s: {n: e for n, (_, e) in one.items()} for s, one in found.items()}
    return json.loads(json.dumps(made)), tables_of


def small_evidence(
    folder,
    *,
    horizons=(5, 20),
    models=("logistic", "lightgbm"),
    ensembles=("voting",),
    n_nulls=2,
    searched=True,
    settings=None,
):
    """What a report is drawn from; ``folder`` gets a raw file and the cost of two jobs."""
    folder = Path(folder)
    (folder / "benchmarks").mkdir(parents=True)
    (folder / "DEMO_1m.parquet").write_bytes(b"raw")
    for fold in (0, 1):
        path = folder / f"benchmarks/fit_logistic_h5_fold{fold}.jsonl"
        path.write_text('{"cpu_time": 1.5, "s": 2.0, "max_rss": 100.0}\n')
    contract = Contract(
        symbol="DEMO",
        tick_size=0.25,
        multiplier=5.0,
        currency=f"USD{ATTACK}",
        calendar="CME_Equity",
        commission_per_contract=0.6,
        slippage_ticks=Slippage(0.5, 1.0),
        description=f"A market {ATTACK}",
    )
    families = [{"name": "a", "family": "price"}, {"name": "b", "family": "price"}]
    return Evidence(
        symbol="DEMO",
        contract=contract,
        settings={
            "seed": 1,
            "folds": {"embargo": SETTINGS["embargo"]},
            "raw_folder": f"data/{ATTACK}",
            "selection": {"method": "mdi", "min_stability": 0.5},
            **(settings or {}),
        },
        code={"clean_bars": "0123456789abcdef"},
        raw=folder / "DEMO_1m.parquet",
        folder=folder,
        bars=bars(),
        account=account(),
        manifest={
            "families": ["price", "temporal"],
            "features": [*families, {"name": "c", "family": "temporal"}],
        },
        split_config=split_config(),
        audit=audit(horizons),
        models=tuple(models),
        ensembles=tuple(ensembles),
        horizons=tuple(horizon_evidence(h, models, ensembles, n_nulls, searched) for h in horizons),
        selecting={models[0]: SELECTING},
    )
