"""Scores are honest on markets whose truth is known: `benchmarks/validity.py` in small."""

import importlib

import numpy as np
import pytest

from mlfactory import config, null_probe
from mlfactory.synthetic import Law
from training import logistic

FAMILIES = ["momentum", "volatility", "temporal"]
MARKETS = 8


@pytest.fixture(scope="module")
def validity():
    """The benchmark as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(config.ROOT / "benchmarks"))
        yield importlib.import_module("validity")


def market(validity, kind, seed, months):
    model = logistic()
    model["needs"]["families"] = FAMILIES
    features = validity.chosen({"logistic": model})
    law = Law(kind=kind)
    return validity.made(law, months=months, seed=seed, features=features, n_splits=3), model


def probed(validity, data, shifts=19):
    embargo = validity.SETTINGS["folds"]["embargo"]
    found = null_probe.probe_nulls(
        data.train, data.folds, [], embargo=embargo, shifts=shifts, seed=1
    )
    return {name: (one["value"], one["nulls"]["session_shift"]) for name, one in found.items()}


def test_null_markets_are_claimed_about_as_often_as_the_level_says(validity):
    p_values, aucs = [], []
    for seed in range(MARKETS):
        data, _ = market(validity, "null", seed, 2)
        found = probed(validity, data)
        p_values.append(found["direction_gain"][1]["p_value"])
        aucs.append(found["direction_auc"][0])
    assert (np.array(p_values) <= 0.05).sum() <= 2
    error = np.std(aucs, ddof=1) / np.sqrt(MARKETS)
    assert abs(np.mean(aucs) - 0.5) < 3 * error < 0.06


def test_planted_direction_is_found_and_stands_above_every_null(validity):
    data, _ = market(validity, "planted", 1, 5)
    value, nulls = probed(validity, data)["direction_gain"]
    assert value > 0.004
    assert nulls["p_value"] <= 0.05


def test_out_of_fold_loss_is_that_of_a_fresh_market_and_shuffled_folds_flatter(validity):
    pairs = [market(validity, "planted", seed, 2) for seed in (1, 2)]
    differ, flattered = [], []
    for (data, model), (fresh, _) in zip(pairs, pairs[::-1], strict=True):
        table, bundles = validity.out_of_fold(data, model)
        scored = validity.scorer_of(data).score(table)["log_loss"]["value"]
        other = validity.fresh_loss(bundles, fresh)
        differ.append(scored - other)
        flattered.append(validity.shuffled_loss(data, model, 3) - scored)
    assert abs(np.mean(differ)) < 0.03
    assert np.mean(flattered) < -0.02
