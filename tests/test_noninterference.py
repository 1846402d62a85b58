"""Fits see nothing of what is held out: each leak that is planted is caught, and by its name."""

import numpy as np
import pandas as pd
import pytest

import test_oof
from mlfactory import (
    audited,
    baselines,
    calibration,
    config,
    ensembles,
    importance,
    noninterference,
    oof,
    purging,
)
from mlfactory.errors import UserError
from mlfactory.models import random_forest
from mlfactory.noninterference import Tables, differing, full_trace, noise, training_tables
from mlfactory.schemas import PROBABILITIES
from mlfactory.stacking import stacking_dataset
from test_stacking import stacked  # noqa: F401
from training import logistic
from training import training_tables as small_tables

FEATURES = ["return_5", "rsi_14", "minutes_since_open", "historical_volatility_20"]
FEATURES += ["historical_volatility_60", "return_20", "hour_sin", "hour_cos"]
HORIZON = 5


@pytest.fixture(scope="module")
def market():
    """Two months of a synthetic market whose fits are audited."""
    chosen = config.load([config.ROOT / "config/test.yaml"], overrides={"horizons": [HORIZON]})
    chosen["synthetic"]["DEMO"]["months"] = 2
    chosen["folds"]["n_splits"] = 3
    chosen["features"]["families"] = ["price", "momentum", "volatility", "temporal"]
    return audited.load(chosen, "DEMO")


@pytest.fixture(scope="module")
def honest(market):
    return training_tables(market, market.bars, market.raw_bars, HORIZON)


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch):
    monkeypatch.setitem(importance.FOREST, "n_estimators", 8)


def linear(**needs):
    model = logistic()
    families = ["price", "momentum", "volatility", "temporal"]
    model["needs"] |= {"families": families, "features": FEATURES} | needs
    return model


def forest():
    model = config.load_models(["random_forest"])["random_forest"]
    model["needs"] |= {"families": ["price", "momentum", "volatility", "temporal"]}
    model["needs"] |= {"features": FEATURES}
    model["training"] |= {"trees": 20}
    return model


def audit(market, model, name="model"):
    """What the audit of one model's fits says: its line, or the leak."""
    try:
        (line,) = noninterference.audit_fits(market, {name: model})
    except UserError as error:
        return str(error)
    return line


@pytest.mark.parametrize("make", [linear, lambda: linear(features="selected-5"), forest])
def test_honest_fits_pass_and_say_how_much_was_noise(market, make):
    line = audit(market, make())
    assert line.startswith("DEMO: audit: fits h5: model: unchanged by noise in ")
    assert line.endswith(": passed")
    assert int(line.split("noise in ")[1].split()[0]) > 2000


@pytest.mark.parametrize("method", calibration.METHODS)
def test_honest_calibration_passes(market, monkeypatch, method):
    monkeypatch.setitem(market.settings["fit"], "calibration", method)
    assert audit(market, linear()).endswith("(" + ", ".join(noninterference.PARTS) + "): passed")


def test_noise_is_possible_prices_on_ticks_in_the_named_bars_alone(market):
    bars, raw = noise(market.bars, market.raw_bars, slice(1000, 2000), 1)
    inside = raw["bar"].between(1000, 1999).to_numpy()
    assert raw[~inside].equals(market.raw_bars[~inside])
    assert (raw["close"] != market.raw_bars["close"])[inside].mean() > 0.9
    assert ((bars["low"] <= bars["open"]) & (bars["close"] <= bars["high"])).all()
    np.testing.assert_array_equal(raw["close"] % 0.25, 0)


def test_held_out_features_and_labels_are_noise_and_later_features_are_kept(market, honest):
    spoilt = noninterference.without_a_fold(market, honest, HORIZON, 1, 0)
    held_out = (honest.folds["fold"] == 1).to_numpy(dtype=bool)
    differ = (spoilt.train["return_5"] != honest.train["return_5"]).to_numpy()
    assert differ[held_out].mean() > 0.9
    assert not differ[~held_out].any()
    both = honest.folds["label"].notna() & spoilt.folds["label"].notna()
    other = (honest.folds["label"] != spoilt.folds["label"]).to_numpy(dtype=bool, na_value=False)
    assert other[held_out & both].mean() > 0.2


def leak_bins(monkeypatch):
    """Bin borders of all rows, the held-out ones too."""
    edges, fit_once = random_forest.bin_edges, oof._Fit.on

    def of_all_rows(fit, data, *arguments):
        shared = edges(data.features.named(tuple(FEATURES)).values, 32)
        monkeypatch.setattr(random_forest, "bin_edges", lambda values, bins: shared)
        return fit_once(fit, data, *arguments)

    monkeypatch.setattr(oof._Fit, "on", of_all_rows)


def leak_embargo(monkeypatch):
    """Rows left out before the held-out block, and none after it."""

    def before(start, end, held_out, embargo_bars):
        first = int(np.flatnonzero(held_out)[0])
        number = np.arange(len(start))
        return (number >= first - embargo_bars) & (number < first)

    monkeypatch.setattr(purging, "embargoed", before)


LEAKS = {
    "global scaler": (test_oof.leak_scaler, linear, "scaler"),
    "selection on all rows": (
        test_oof.leak_selection,
        lambda: linear(features="selected-5"),
        "features selected",
    ),
    "early stopping on the held-out fold": (
        test_oof.leak_early_stopping,
        linear,
        "early stopping",
    ),
    "calibration on the held-out fold": (test_oof.leak_calibration, linear, "calibration"),
    "shared bin edges": (leak_bins, forest, "early stopping"),
    "weights of all rows": (test_oof.leak_weights, linear, "early stopping"),
    "no purge": (test_oof.leak_purge, linear, "labels"),
    "embargo on the wrong side": (leak_embargo, linear, "labels"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_planted_leak_is_caught_and_named(market, monkeypatch, leak):
    plant, make, part = LEAKS[leak]
    if part == "calibration":
        monkeypatch.setitem(market.settings["fit"], "calibration", "temperature")
    plant(monkeypatch)
    message = audit(market, make())
    assert message.startswith("DEMO: audit: fits h5: model: breaks noninterference: ")
    found = message.split("noninterference: ")[1].split(" changed when ")[0]
    assert found.split(", ")[0] == part


def test_training_split_that_reads_validation_is_caught(market, honest):
    """A scaler of all rows, validation among them, is no part of the training split."""
    after, n_bars = noninterference._after_training(market, honest, HORIZON, 0)
    assert n_bars > 2000
    given = {"weights": "equal", "model": linear(), "fit_share": 0.85, "threads": 1, "seed": 1}
    names = ["datetime", "session", "segment", *FEATURES]
    rows = np.arange(20)
    traces = [
        full_trace(Tables(t.train[names], t.folds), fixed=rows, origin={}, **given)
        for t in (honest, after)
    ]
    assert differing(*traces) == []
    late = honest.folds.assign(label=honest.folds["label"].mask(honest.folds.index > 4000, 1))
    spoilt = full_trace(Tables(honest.train[names], late), fixed=rows, origin={}, **given)
    assert "labels" in differing(traces[0], spoilt)


def test_baselines_cells_of_all_rows_are_caught(market, honest, monkeypatch):
    spoilt = noninterference.without_a_fold(market, honest, HORIZON, 1, 0)
    label = honest.folds["label"].fillna(-1).to_numpy(dtype=np.int8)
    data = oof.training_set(honest.train, honest.folds)
    rows, _ = oof.fold_rows(data, 1, 240)
    scored = rows[:50]

    def priors():
        return [
            baselines.volatility_clock_prior(t.train, label, rows, scored) for t in (honest, spoilt)
        ]

    np.testing.assert_array_equal(*priors())
    cells = baselines.cells
    monkeypatch.setattr(
        baselines, "cells", lambda table, train: cells(table, np.arange(len(table)))
    )
    one, other = priors()
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("learner", ["logistic", "lightgbm"])
def test_stacking_meta_learner_sees_no_label_of_what_it_predicts(stacked, learner):  # noqa: F811
    assert meta_violations(stacked, learner) == []


def test_shuffled_stacking_split_is_caught(stacked, monkeypatch):  # noqa: F811
    def shuffled(start, end, scored, bars):
        return np.random.default_rng(0).random(len(scored)) < 0.67

    monkeypatch.setattr(ensembles, "training_rows", shuffled)
    assert meta_violations(stacked) == [0, 1, 2]


def meta_violations(stacked, learner="logistic"):  # noqa: F811
    """Folds whose predictions by a meta-learner change with labels that it must not see."""
    table, parts, stack = stacked
    meta = config.load_models(["stacking"])["stacking"]
    meta["training"] |= {"learner": learner}
    members = list(parts)
    given = {"model": meta, "members": members, "embargo": test_oof.EMBARGO}
    given |= {"weights": "quality_uniqueness", "seed": 0, "origin": {}}
    honest = ensembles.fit_ensemble(stack, table, **given)[1]
    found = []
    for fold in range(3):
        hidden = ~test_oof.allowed_rows(table, fold)
        spoilt, other = stack.copy(), table.copy()
        for frame, name in ((spoilt, "y_true"), (other, "label")):
            frame[name] = (2 - frame[name]).where(pd.Series(hidden), frame[name]).astype("Int8")
        for name in ("uniqueness", "quality"):
            other[name] = other[name].mask(hidden, other[name] / 3)
        predicted = ensembles.fit_ensemble(spoilt, other, **given)[1]
        scored = (table["fold"] == fold).to_numpy(dtype=bool)
        if not honest[scored].equals(predicted[scored]):
            found.append(fold)
    return found


def misplaced():
    """Held-out rows of a sequence model whose prediction is not the one made for them alone."""
    train, table = small_tables()
    model = config.load_models(["tcn"])["tcn"]
    model["training"] |= {"epochs": 1}
    model["needs"] |= {"features": "all"}
    bundle, made, _ = test_oof.fit(train, table, model=model)
    at = np.flatnonzero(train["datetime"].isin(made["datetime"]))
    rows = at[:: len(at) // 20]
    alone = bundle.predict(oof.feature_rows(train).take(rows))
    got = made.set_index("datetime").loc[train["datetime"].iloc[rows], list(PROBABILITIES)]
    return rows[np.abs(got.to_numpy() - alone).max(axis=1) > 1e-5].tolist()


def test_each_prediction_of_a_sequence_model_is_that_of_its_own_row():
    assert misplaced() == []


def test_positional_join_of_sequence_rows_is_caught(monkeypatch):
    """Windows that are not whole dropped, and the rest written from the first row on."""
    joined = oof.predictions

    def by_position(datetime, probabilities):
        return joined(datetime, np.roll(probabilities, -59, axis=0))

    monkeypatch.setattr(oof, "predictions", by_position)
    assert len(misplaced()) > 10


def test_rows_that_a_sequence_model_left_out_are_refused_in_the_stack(stacked):  # noqa: F811
    table, parts, _ = stacked
    short = {
        name: [part.iloc[59:].reset_index(drop=True) for part in parts[name]] for name in parts
    }
    with pytest.raises(ValueError, match="are not those of the 600 held-out rows"):
        stacking_dataset(table, short, weights="equal")
