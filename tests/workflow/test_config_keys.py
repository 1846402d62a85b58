"""Every key of the configuration changes something: which job it makes run again, and which not."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
import yaml
from clone import OOF, planned, snakemake

from test_config import SCHEMA, leaves

# key: (overlay, a job that it makes run again, a job that it leaves alone)
KEYS = {
    "symbols": ({"symbols": ["DEMONULL"]}, "simulate_market", None),
    "horizons": ({"horizons": [5, 10, 20]}, "label_bars", "clean_bars"),
    "models": ({"models": ["logistic"]}, "stack_predictions", "fit_classical"),
    "ensembles": ({"ensembles": []}, "score_models", "stack_predictions"),
    "seed": ({"seed": 5}, "fit_boosting", "label_bars"),
    "threads": ({"threads": 2}, "fit_classical", "label_bars"),
    "results": ({"results": "elsewhere"}, "simulate_market", None),
    "raw.*.interval": ({"raw": {"DEMO": {"interval": "1min"}}}, "clean_bars", "simulate_market"),
    "raw.*.timezone": ({"raw": {"DEMO": {"timezone": "UTC"}}}, "clean_bars", "simulate_market"),
    "raw.*.stamps": ({"raw": {"DEMO": {"stamps": "close"}}}, "clean_bars", "simulate_market"),
    "bars.interval": ({"bars": {"interval": "10min"}}, "clean_bars", "simulate_market"),
    "bars.max_gap": ({"bars": {"max_gap": "30min"}}, "clean_bars", "simulate_market"),
    "features.families": (
        {"features": {"families": ["temporal", "volatility"]}},
        "compute_features",
        "label_bars",
    ),
    "features.timeframes": (
        {"features": {"timeframes": ["15min"]}},
        "compute_features",
        "label_bars",
    ),
    "labels.barriers": (
        {"labels": {"barriers": {"default": {5: {"k_up": 2, "k_down": 2, "max_bars": 9}}}}},
        "label_bars",
        "compute_features",
    ),
    "labels.events.kind": (
        {"labels": {"events": {"kind": "cusum"}}},
        "label_bars",
        "compute_features",
    ),
    "labels.events.threshold_atr": (
        {"labels": {"events": {"kind": "cusum", "threshold_atr": 2.0}}},
        "label_bars",
        "compute_features",
    ),
    "folds.n_splits": ({"folds": {"n_splits": 3}}, "assign_folds", "label_bars"),
    "folds.embargo.sessions": (
        {"folds": {"embargo": {"sessions": 2}}},
        "fit_boosting",
        "assign_folds",
    ),
    "folds.embargo.min_bars": (
        {"folds": {"embargo": {"min_bars": 700}}},
        "fit_boosting",
        "assign_folds",
    ),
    "fit.fit_share": ({"fit": {"fit_share": 0.8}}, "fit_boosting_full", "assign_folds"),
    "fit.calibration_folds": (
        {"fit": {"calibration_folds": 3}},
        "fit_boosting_full",
        "assign_folds",
    ),
    "fit.calibration": (
        {"fit": {"calibration": "temperature"}},
        "fit_boosting_full",
        "assign_folds",
    ),
    "fit.weights": ({"fit": {"weights": "uniqueness"}}, "fit_boosting_full", "assign_folds"),
    "walk_forward.enabled": (
        {"walk_forward": {"enabled": False}},
        "score_models",
        "walk_forward_boosting",
    ),
    "walk_forward.nulls": (
        {"walk_forward": {"nulls": 1}},
        "walk_forward_classical",
        "fit_boosting",
    ),
    "stacking.source": (
        {"stacking": {"source": "walkforward"}},
        "stack_predictions",
        "fit_boosting",
    ),
    "predictions.source": ({"predictions": {"source": "full"}}, "predict_splits", "fit_boosting"),
    "nulls.session_shift": ({"nulls": {"session_shift": 2}}, "shift_labels", "assign_folds"),
    "nulls.free_shift": ({"nulls": {"free_shift": 1}}, "shift_labels", "assign_folds"),
    "nulls.sign_flip": ({"nulls": {"sign_flip": 1}}, "flip_signs", "clean_bars"),
    "nulls.probe.shifts": ({"nulls": {"probe": {"shifts": 6}}}, "probe_nulls", "fit_boosting"),
    "nulls.probe.sign_flips": (
        {"nulls": {"probe": {"sign_flips": 2}}},
        "probe_nulls",
        "fit_boosting",
    ),
}
KEYS |= {
    f"walk_forward.{key}": (
        {"walk_forward": {"window": "rolling", key: value}},
        "walk_forward_boosting",
        "fit_boosting",
    )
    for key, value in {
        "first_share": 0.4,
        "retrain_sessions": 5,
        "window": "rolling",
        "window_sessions": 9,
    }.items()
}
KEYS |= {
    f"cleaning.{key}": ({"cleaning": {key: value}}, "clean_bars", "simulate_market")
    for key, value in {
        "max_impossible_share": 0.01,
        "max_outside_calendar_share": 0.2,
        "outliers": "drop",
        "outlier_window": 100,
        "outlier_mads": 20,
        "min_traded_share": 0.4,
        "max_hole_sessions": 9,
    }.items()
}
KEYS |= {
    f"labels.{key}": ({"labels": {key: value}}, "label_bars", "compute_features")
    for key, value in {"atr_period": 20, "atr_floor_ticks": 3, "cross_sessions": False}.items()
}
KEYS["labels.search.enabled"] = (
    {"labels": {"search": {"enabled": True}}},
    "find_barriers",
    "split_bars",
)
OF_SEARCH = {"share": 0.3, "trials": 21, "startup_trials": 4, "sampler": "nsga2"}
OF_SEARCH |= {"k_min": 0.9, "k_max": 4.5}
"""Keys that change something only where barriers are searched."""

OF_SELECTION = {"method": "sfi", "min_stability": 0.7, "inner_folds": 2, "cluster_correlation": 0.8}
"""Keys that change something only where a model wants a selection; the first two only its fit."""

OF_TUNING = {"trials": 5, "inner_folds": 3, "spread": 0.2, "pruning": False, "scope": "shared"}
"""Keys that change something only where models are tuned."""

KEYS |= {
    f"splits.{key}": ({"splits": {key: value}}, "split_bars", "compute_features")
    for key, value in {"train_share": 0.6, "val_share": 0.2, "purge_bars": 70}.items()
}
KEYS |= {
    f"splits.{key}": (
        {"splits": {"val_start": "2024-01-20", "test_start": "2024-01-26"}},
        "split_bars",
        "compute_features",
    )
    for key in ("val_start", "test_start")
}
KEYS["splits.embargo_sessions"] = ({"splits": {"embargo_sessions": 2}}, "split_bars", "label_bars")
KEYS |= {
    f"splits.min_sessions.{name}": (
        {"splits": {"min_sessions": {name: 2}}},
        "split_bars",
        "label_bars",
    )
    for name in ("train", "val", "test")
}
KEYS |= {
    f"scores.{key}": ({"scores": {key: value}}, "score_models", "fit_ensemble")
    for key, value in {"samples": 150, "block_sessions": [2], "confidence": 0.9}.items()
}
KEYS |= {
    f"recipes.*.{key}": (
        {"recipes": {"blend": {"type": "blending", key: value}}},
        "assess_backtests",
        "stack_predictions",
    )
    for key, value in {
        "type": "stacking",
        "members": ["logistic"],
        "training": {"C": [0.1]},
    }.items()
}
KEYS["walk_forward.val_and_test"] = (
    {"walk_forward": {"val_and_test": True}},
    "walk_on_classical",
    "walk_forward_classical",
)
KEYS["backtest.samples"] = (
    {"backtest": {"samples": ["oof"]}},
    "assess_backtests",
    "choose_thresholds",
)
KEYS |= {
    f"backtest.{key}": ({"backtest": value}, "choose_thresholds", "stack_predictions")
    for key, value in {
        "thresholds": {"thresholds": [0.3]},
        "meta_label.enabled": {"meta_label": {"enabled": True}},
        "meta_label.least": {"meta_label": {"enabled": True, "least": 0.6}},
        "signal": {"signal": "p_difference"},
        "size": {"size": "probability", "max_contracts": 3},
        "overlap": {"overlap": "tranches"},
        "max_contracts": {"max_contracts": 2},
        "flat_at_session_end": {"flat_at_session_end": True},
        "capital": {"capital": 5000, "margin_per_contract": 1000},
        "margin_per_contract": {"capital": 5000, "margin_per_contract": 1000},
    }.items()
}
KEYS["checks.psi_test.warn"] = (
    {"checks": {"psi_test": {"warn": 0.0625}}},
    "check_dataset",
    "scale_splits",
)
KEYS |= {
    f"synthetic.*.{key}": ({"synthetic": {"DEMO": {key: value}}}, "simulate_market", None)
    for key, value in {
        "kind": "null",
        "start": "2023-01-03",
        "months": 2,
        "seed": 8,
        "strength": 0.5,
    }.items()
}
OF_CONFIG = {"write_manifest", "make_report"}
"""Jobs whose files hold the whole configuration."""

ELSEWHERE = {"allow_batch_symbols", "raw_folder"}
"""Keys that change what is refused; tested in this file and in test_end_to_end."""

LIMITS = {
    f"checks.{measure}.{limit}"
    for measure, limit in product(SCHEMA["properties"]["checks"]["properties"], ("warn", "fail"))
}
"""One parameter of one rule; what each limit does is tested in checks/test_check.py."""


def test_every_key_of_the_schema_is_tried():
    keys = {
        ".".join(path)
        for path, schema in leaves(SCHEMA)
        if "properties" not in schema and path[-1] != "*" and "*.*" not in ".".join(path)
    }
    containers = {"raw", "synthetic", "recipes"}
    search = {f"labels.search.{key}" for key in OF_SEARCH}
    search |= {f"selection.{key}" for key in OF_SELECTION}
    search |= {f"tuning.{key}" for key in OF_TUNING}
    assert keys - containers == set(KEYS) | ELSEWHERE | LIMITS | search | {"folds.file"}


@pytest.mark.parametrize("key", KEYS)
def test_key_makes_its_job_run_again_and_no_earlier_one(finished, tmp_path, key):
    overlay, again, untouched = KEYS[key]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(overlay))
    arguments = ("config/test.yaml", tmp_path / "mine.yaml")
    jobs, _ = planned(finished, config=arguments)
    assert again in jobs
    assert untouched not in jobs


def test_own_folds_are_held_out_and_a_change_of_their_file_makes_them_again(copy):
    folds = "results/DEMO/folds_h5.parquet"
    (copy / "mine.yaml").write_text("folds: {file: folds.csv}")
    (copy / "folds.csv").write_text(
        "fold,start,end\n0,2024-01-04,2024-01-09\n1,2024-01-09,2024-01-12\n2,2024-01-12,2025-01-01\n"
    )
    config = ("config/test.yaml", "mine.yaml")
    before = pd.read_parquet(copy / folds)
    jobs, _ = planned(copy, folds, config=config)
    assert jobs == {"assign_folds": 1}
    run = snakemake(copy, folds, config=config)
    assert run.returncode == 0, run.stderr
    made = pd.read_parquet(copy / folds)
    day = before["datetime"].dt.normalize()
    border = [pd.Timestamp(date, tz="UTC") for date in ("2024-01-04", "2024-01-09", "2024-01-12")]
    expected = np.searchsorted(border, day, side="right") - 1
    assert made["fold"].fillna(-1).tolist() == expected.tolist()
    fits, _ = planned(copy, OOF.format("logistic").replace("fold0", "fold2"), config=config)
    assert "fit_classical" in fits
    (copy / "folds.csv").write_text(
        "fold,start,end\n0,2024-01-04,2024-01-09\n1,2024-01-09,2025-01-12\n"
    )
    assert planned(copy, folds, config=config)[0] == {"assign_folds": 1}


@pytest.mark.parametrize("key", OF_SEARCH)
def test_key_of_the_search_makes_it_run_again(searched, finished, tmp_path, key):
    overlay = {"labels": {"search": {key: OF_SEARCH[key]}}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(overlay))
    mine = tmp_path / "mine.yaml"
    jobs, _ = planned(searched, config=("config/test.yaml", "search.yaml", mine))
    assert {"find_barriers", "label_bars"} <= set(jobs)
    assert "split_bars" not in jobs
    assert planned(finished, config=("config/test.yaml", mine))[0].keys() <= OF_CONFIG


@pytest.mark.parametrize("key", OF_SELECTION)
def test_key_of_the_selection_makes_what_reads_it_run_again(chosen, tmp_path, key):
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump({"selection": {key: OF_SELECTION[key]}}))
    config = ("config/test.yaml", "chosen.yaml", mine)
    jobs, _ = planned(chosen, OOF.format("svm"), config=config)
    ranks = key in ("inner_folds", "cluster_correlation")
    fits = {"tune_classical", "fit_classical"}
    assert set(jobs) == fits | ({"select_features"} if ranks else set())


@pytest.mark.parametrize("key", OF_TUNING)
def test_key_of_the_tuning_makes_what_reads_it_run_again(chosen, tmp_path, key):
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump({"tuning": {key: OF_TUNING[key]}}))
    jobs, _ = planned(chosen, OOF.format("svm"), config=("config/test.yaml", "chosen.yaml", mine))
    shared = {"select_features"} if key == "scope" else set()  # that of the whole split
    assert set(jobs) == {"tune_classical", "fit_classical"} | shared


def test_raw_folder_is_where_the_raw_file_is_looked_for(finished):
    run = snakemake(
        finished, "results/MES/bars.parquet", "--config", "raw_folder=elsewhere", "symbols=[MES]"
    )
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith("error: elsewhere/MES_1m.parquet: no such file")
