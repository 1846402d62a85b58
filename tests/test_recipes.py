import pytest

from mlfactory import config, recipes
from mlfactory.errors import UserError


def made(**settings):
    return recipes.load(config.load([]) | settings)


def test_the_four_recommended_ones_are_there_and_run_by_default():
    found = made()
    described = {
        name: (one["model"]["model"]["type"], one["members"]) for name, one in found.items()
    }
    every = config.load([])["models"]
    assert described == {
        "voting": ("voting", every),
        "low_latency": ("voting", ["xgboost", "lightgbm", "catboost"]),
        "balanced": ("blending", ["random_forest", "xgboost", "lightgbm"]),
        "neural": ("stacking", ["lstm", "gru", "tcn"]),
        "maximum": ("stacking", every),
    }
    assert [name for name, one in found.items() if recipes.is_blend(one)] == ["balanced"]


def test_recipe_may_set_keys_of_its_models_training_and_leaves_the_yaml_alone():
    mine = {"type": "stacking", "members": ["svm"], "training": {"C": [0.5]}}
    found = made(ensembles=["mine", "stacking"], recipes={"mine": mine})
    assert found["mine"]["model"]["training"]["C"] == [0.5]
    plain = config.load_models(["stacking"])["stacking"]
    assert found["stacking"]["model"] == plain
    assert found["mine"]["model"]["training"] == plain["training"] | {"C": [0.5]}


def test_members_stand_in_the_order_of_the_models():
    mine = {"type": "voting", "members": ["tcn", "logistic"], "training": {}}
    assert made(ensembles=["mine"], recipes={"mine": mine})["mine"]["members"] == [
        "logistic",
        "tcn",
    ]


@pytest.mark.parametrize("key", ["C", "non_negative"])
def test_wrong_key_of_a_recipes_training_is_refused_before_the_first_job(key):
    from mlfactory.validate import check_models

    mine = {"type": "voting", "members": None, "training": {key: 1}}
    settings = config.load([]) | {"ensembles": ["mine"], "recipes": {"mine": mine}}
    with pytest.raises(UserError, match=f"training.{key} is unknown"):
        check_models(settings)
