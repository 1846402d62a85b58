"""The models' yaml files: complete, described, and every key read."""

import jsonschema
import numpy as np
import pytest
import yaml

from mlfactory import registry
from mlfactory.errors import UserError
from mlfactory.search_space import check_search_space
from naive_models import CONFIG, ENSEMBLES, make, market, part, shipped

MODELS = registry.list_all()
SCHEMA = yaml.safe_load((CONFIG.parent / "models.schema.yaml").read_text(encoding="utf-8"))
NEURAL = ("gru", "lstm", "tcn")
OTHER_VALUE = {
    ("lightgbm", "rounds"): 5,
    ("lightgbm", "learning_rate"): 0.2,
    ("lightgbm", "num_leaves"): 3,
    ("lightgbm", "max_depth"): 2,
    ("lightgbm", "min_data_in_leaf"): 80,
    ("lightgbm", "max_bin"): 4,
    ("lightgbm", "feature_fraction"): 1.0,
    ("lightgbm", "bagging_fraction"): 0.4,
    ("lightgbm", "bagging_freq"): 0,
    ("lightgbm", "lambda_l1"): 5.0,
    ("lightgbm", "lambda_l2"): 50.0,
    ("lightgbm", "min_gain_to_split"): 5.0,
    ("xgboost", "rounds"): 5,
    ("xgboost", "learning_rate"): 0.2,
    ("xgboost", "max_depth"): 1,
    ("xgboost", "max_bin"): 4,
    ("xgboost", "min_child_weight"): 40,
    ("xgboost", "subsample"): 0.4,
    ("xgboost", "colsample_bytree"): 1.0,
    ("xgboost", "gamma"): 5.0,
    ("xgboost", "reg_alpha"): 5.0,
    ("xgboost", "reg_lambda"): 50.0,
    ("catboost", "rounds"): 5,
    ("catboost", "learning_rate"): 0.3,
    ("catboost", "depth"): 2,
    ("catboost", "border_count"): 3,
    ("catboost", "rsm"): 1.0,
    ("catboost", "subsample"): 0.4,
    ("catboost", "l2_leaf_reg"): 50.0,
    ("catboost", "random_strength"): 0.0,
    ("random_forest", "trees"): 5,
    ("random_forest", "max_depth"): 2,
    ("random_forest", "min_samples_leaf"): 80,
    ("random_forest", "max_samples"): 0.9,
    ("random_forest", "max_features"): 0.9,
    ("random_forest", "bins"): 3,
    ("logistic", "C"): [1e-5],
    ("logistic", "screened"): 1,
    ("logistic", "max_iterations"): 1,
    ("logistic", "tolerance"): 0.9,
    ("svm", "kernel"): "rbf",
    ("svm", "landmarks"): 20,
    ("svm", "C"): 0.01,
    ("svm", "gamma"): 3.0,
    ("voting", "weighting"): "log_loss",
}
META = {"C": [1e-5], "max_iterations": 1, "tolerance": 0.9, "non_negative": True}
META |= {"learner": "lightgbm"}
TREES = {"rounds": 5, "learning_rate": 0.5, "num_leaves": 2}
"""Other values of what the trees of an ensemble are grown by."""
OF_ALL_NEURAL = {
    "epochs": 3,
    "warmup_epochs": 5,
    "batch": 256,
    "learning_rate": 0.001,
    "weight_decay": 5.0,
    "gradient_norm": 0.01,
    "dropout": 0.5,
}
OTHER_VALUE |= {(name, key): v for name in NEURAL for key, v in OF_ALL_NEURAL.items()}
OTHER_VALUE |= {(name, "hidden"): 8 for name in ("lstm", "gru")}
OTHER_VALUE |= {(name, "layers"): 2 for name in ("lstm", "gru")}
OTHER_VALUE |= {("tcn", "channels"): 8, ("tcn", "kernel"): 2, ("tcn", "dilations"): [1, 2]}
OTHER_VALUE |= {
    (name, key): value for name in ("stacking", "blending") for key, value in (META | TREES).items()
}


def _outcome(name, stopping=None, **training):
    data = market(name)
    model = make(name, stopping=stopping, **training)
    metrics = model.fit(*part(data, 0, 600), *part(data, 600, 700))
    return metrics, model.predict(data.X)


@pytest.fixture(scope="module")
def usual():
    outcomes = {}

    def get(name):
        if name not in outcomes:
            outcomes[name] = _outcome(name)
        return outcomes[name]

    return get


def test_every_model_has_a_yaml_and_no_yaml_is_left_over():
    assert sorted(file.stem for file in CONFIG.glob("*.yaml")) == MODELS


@pytest.mark.parametrize("name", MODELS)
def test_shipped_yaml_fits_the_schema_and_the_model(name):
    config = shipped(name)
    jsonschema.validate(config, SCHEMA)
    assert config["model"]["type"] == name
    model = registry.make(config)
    check_search_space(name, config["search_space"], model.PARAMETERS)
    assert (config["needs"]["sequence_length"] > 1) == model.SEQUENCES


def test_every_key_of_the_schema_has_a_description():
    def undescribed(node, path):
        missing = []
        for key, child in node.get("properties", {}).items():
            missing += [] if "description" in child else [f"{path}.{key}"]
            missing += undescribed(child, f"{path}.{key}")
        return missing

    assert undescribed(SCHEMA, "") == []


@pytest.mark.parametrize(
    "change",
    [
        {"modle": {}},
        {"model": {"type": "lightgbm", "family": "deep"}},
        {"decomposition": "three_stage"},
        {"needs": {"scaling": False, "features": "selected-0"}},
        {"needs": {"scaling": False, "gpu": "always"}},
        {"device": {"use_gpu": "yes"}},
        {"search_space": {"rounds": {"low": 1}}},
        {"search_space": {"rounds": {"low": 1, "high": 9, "first": []}}},
        {"search_space": {"rounds": {"low": 1, "high": 9, "first": [2, 2]}}},
        {"model": {"type": "Light GBM", "family": "boosting"}},
        {"needs": {"scaling": "no"}},
        {"needs": {"scaling": False, "sequence_length": 0}},
        {"training": {"rounds": {"at_most": 5}}},
        {"early_stopping": {"enabled": True}},
        {"early_stopping": {"enabled": True, "patience": 0, "min_delta": 0.0}},
    ],
)
def test_schema_refuses_what_does_not_belong(change):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(shipped("lightgbm") | change, SCHEMA)


def test_every_training_key_is_tried_below():
    declared = {(name, key) for name in MODELS for key in registry.get(name).PARAMETERS}
    assert declared == set(OTHER_VALUE)


@pytest.mark.parametrize(("name", "key"), OTHER_VALUE)
def test_every_training_key_changes_the_predictions(name, key, usual):
    grown = {"learner": "lightgbm"} if name in ENSEMBLES and key in TREES else {}
    _, probabilities = _outcome(name, **grown, **{key: OTHER_VALUE[name, key]})
    usually = _outcome(name, **grown) if grown else usual(name)
    assert not np.array_equal(probabilities, usually[1])


@pytest.mark.parametrize("name", ["catboost", "lightgbm", "xgboost"])
@pytest.mark.parametrize("change", [{"enabled": False}, {"patience": 1}, {"min_delta": 0.02}])
def test_every_early_stopping_key_changes_the_training(name, change):
    usually = _outcome(name, {"patience": 4}, rounds=300)[0]
    assert _outcome(name, {"patience": 4} | change, rounds=300)[0] != usually


@pytest.mark.parametrize(
    ("name", "training", "message"),
    [
        (
            "lightgbm",
            {"num_leave": 31},
            r"training\.num_leave is unknown; did you mean num_leaves\?",
        ),
        ("lightgbm", {"num_leaves": 31.5}, r"num_leaves=31.5 must be a whole number >= 2"),
        ("lightgbm", {"num_leaves": True}, r"num_leaves=True must be"),
        ("xgboost", {"subsample": 1.5}, r"subsample=1.5 must be a number >= 0.01 and <= 1"),
        ("catboost", {"learning_rate": "high"}, r"learning_rate='high' must be a number"),
        ("catboost", {"learning_rate": float("nan")}, r"learning_rate=nan must be a number"),
        ("random_forest", {"trees": 0}, r"trees=0 must be a whole number >= 1"),
        ("logistic", {"C": 0.1}, r"C=0.1 must be a list"),
        ("logistic", {"C": []}, r"C=\[\] must be a list"),
        ("logistic", {"C": [0.1, 0.01]}, r"C=\[0.1, 0.01\] must ascend"),
        ("voting", {"weighting": "best"}, r"weighting='best' must be one of equal, log_loss"),
    ],
)
def test_unfit_training_key_is_refused_with_file_key_and_way_out(name, training, message):
    with pytest.raises(UserError, match=message) as refusal:
        make(name, **training)
    assert str(refusal.value).startswith(f"config/models/{name}.yaml: training.")


@pytest.mark.parametrize("name", MODELS)
def test_missing_training_key_is_refused(name):
    config = shipped(name)
    key, _ = config["training"].popitem()
    with pytest.raises(UserError, match=rf"{name}\.yaml: training\.{key} is missing"):
        registry.make(config)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"depht": {"low": 1, "high": 2}}, r"search_space\.depht is unknown; did you mean depth\?"),
        ({"depth": {"low": 0, "high": 2}}, r"search_space\.depth\.low=0 must be a whole number"),
        ({"depth": {"low": 3, "high": 2}}, r"depth\.low=3 is not below .*depth\.high=2; lower it"),
        ({"depth": {"low": 1, "high": 4, "first": [2, 1.5]}}, r"depth\.first=1\.5 must be a whole"),
        (
            {"depth": {"low": 2, "high": 4, "first": [1]}},
            r"depth\.first=1 is not among what is searched; take it out, or search it too",
        ),
        ({"depth": {"choices": [1, 3], "first": [2]}}, r"depth\.first=2 is not among what"),
        (
            {"l2_leaf_reg": {"low": 1, "high": 9, "first": [2.5]}},
            r"l2_leaf_reg\.first=2\.5 is not among what is searched",
        ),
        ({"depth": {"choices": [1, "deep"]}}, r"depth\.choices='deep' must be a whole number"),
        (
            {"l2_leaf_reg": {"low": 0.0, "high": 2.0, "log": True}},
            r"l2_leaf_reg\.low=0\.0 is not above 0, which a logarithmic scale needs",
        ),
    ],
)
def test_unfit_search_space_is_refused_with_file_key_and_way_out(space, message):
    with pytest.raises(UserError, match=message):
        check_search_space("catboost", space, registry.get("catboost").PARAMETERS)


@pytest.mark.parametrize("name", ["random_forest", "voting"])
def test_early_stopping_is_refused_where_there_is_nothing_to_stop(name):
    with pytest.raises(UserError, match=r"early_stopping\.enabled=True must be false"):
        make(name, stopping={"enabled": True})
