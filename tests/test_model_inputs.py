import re

import numpy as np
import pytest

from mlfactory import config_consistency
from mlfactory.config import load, load_models
from mlfactory.errors import UserError
from mlfactory.model_inputs import columns, n_selected
from mlfactory.oof import feature_rows
from test_oof import fit
from training import training_tables

MANIFEST = {
    "families": ["price", "trend", "wavelet"],
    "features": [
        {"name": name, "family": family}
        for name, family in (("a", "price"), ("b", "trend"), ("c", "wavelet"), ("d", "wavelet"))
    ],
}


def reads(features="all", **needs):
    """A model's yaml, as far as it says what is read."""
    return {"model": {"type": "logistic"}, "needs": {"features": features, **needs}}


def test_model_reads_the_features_of_its_families_in_the_order_of_the_table():
    assert columns(MANIFEST, reads(families=["wavelet", "price"])) == ["a", "c", "d"]
    assert columns(MANIFEST, reads(families=["price", "volume"])) == ["a"]


def test_model_without_families_reads_every_feature():
    assert columns(MANIFEST, reads()) == ["a", "b", "c", "d"]


def test_listed_features_are_read_in_the_order_of_the_table_and_no_others():
    assert columns(MANIFEST, reads(["d", "b"])) == ["b", "d"]


def test_listed_feature_that_is_none_of_the_families_is_refused():
    words = "config/models/logistic.yaml: needs.features: 'c' is no feature of the families"
    with pytest.raises(UserError, match=words):
        columns(MANIFEST, reads(["a", "c"], families=["price"]))


def test_selection_is_among_all_that_may_be_read_and_counts_its_features():
    assert columns(MANIFEST, reads("selected-2")) == ["a", "b", "c", "d"]
    assert n_selected(reads("selected-20")) == 20
    assert n_selected(reads()) is n_selected(reads(["a"])) is None


def test_fitted_model_takes_its_own_features_from_a_wider_table_in_any_order():
    train, folds = training_tables()
    bundle, _, _ = fit(train.drop(columns="b"), folds)
    assert bundle.model.feature_names == ("a", "c")
    narrow = bundle.predict(feature_rows(train[["datetime", "session", "segment", "a", "c"]]))
    wider = train[["datetime", "session", "segment", "c", "b", "a"]]
    np.testing.assert_array_equal(bundle.predict(feature_rows(wider)), narrow)
    with pytest.raises(ValueError, match="not in tuple"):
        bundle.predict(feature_rows(train.drop(columns="c")))


def test_every_models_families_are_among_those_that_are_made():
    made = load([])["features"]["families"]
    for name, model in load_models(["lightgbm", "logistic", "random_forest"]).items():
        assert set(model["needs"]["families"]) < set(made), name


ONE = {"models": ["lightgbm"], "ensembles": []}


@pytest.mark.parametrize(
    ("families", "words"),
    [
        (["prize"], "needs.families: unknown family 'prize'; did you mean price?"),
        (["wavelet"], "needs.families=['wavelet'] are none of features.families=['temporal'"),
    ],
)
def test_families_that_are_unknown_or_not_made_are_refused(monkeypatch, families, words):
    known = load_models(["lightgbm"])
    known["lightgbm"]["needs"]["families"] = families
    monkeypatch.setattr(config_consistency, "load_models", lambda names: known if names else {})
    with pytest.raises(UserError, match=re.escape(f"config/models/lightgbm.yaml: {words}")):
        load([], overrides={**ONE, "features": {"families": ["temporal", "volatility"]}})
