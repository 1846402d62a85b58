"""What all models share: the checks at the door and the rule of early stopping."""

import numpy as np
import pytest

from mlfactory.errors import UserError
from mlfactory.models._base import MIN_PROBABILITY, log_loss
from mlfactory.models._early_stopping import Patience
from naive_models import feature_rows, make, market, part

X = feature_rows(np.arange(12).reshape(6, 2), ("a", "b"))
Y = np.array([0, 1, 2, 0, 1, 2], np.int8)


@pytest.mark.parametrize(
    ("losses", "min_delta", "best_round", "rounds_run"),
    [
        ([3, 2, 1, 2, 3, 0], 0.0, 3, 5),
        ([3, 2, 1, 1, 1, 0], 0.0, 3, 5),
        ([3, 4, 5, 0], 0.0, 1, 3),
        ([3, 2, 1.5, 1, 2, 3], 0.9, 4, 6),
        ([3, 2, 1], 0.0, 3, 3),
    ],
)
def test_patience_keeps_the_best_round_and_ends_after_two_without_gain(
    losses, min_delta, best_round, rounds_run
):
    patience = Patience(2, min_delta)
    over = [patience.is_over(loss) for loss in losses[:rounds_run]]
    assert patience.best_round == best_round
    assert over[:-1] == [False] * (rounds_run - 1)


def test_log_loss_of_known_probabilities():
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    expected = -(np.log(0.5) + np.log(0.1)) / 2
    assert log_loss(probabilities, np.array([0, 2], np.int8)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("y", "weight", "message"),
    [
        (Y[:5], None, "6 rows, 5 labels"),
        (Y, np.ones(5), "6 rows, 6 labels, 5 weights"),
        (Y + 1, None, "are not 0, 1, 2"),
        (Y, np.array([1, 1, 1, 1, 1, -1.0]), "not negative"),
        (Y, np.array([1, 1, 1, 1, 1, np.nan]), "finite"),
    ],
)
def test_labels_and_weights_that_cannot_be_are_refused(y, weight, message):
    with pytest.raises(ValueError, match=message):
        make("logistic").fit(X, y, sample_weight=weight)


def test_a_single_class_is_refused_also_when_the_others_weigh_nothing():
    with pytest.raises(UserError, match="fewer than two classes"):
        make("logistic").fit(X, np.ones(6, np.int8))
    with pytest.raises(UserError, match="3 weighted training rows hold fewer"):
        make("logistic").fit(
            X, np.array([0, 0, 0, 1, 1, 1], np.int8), sample_weight=np.repeat([1.0, 0.0], 3)
        )


def test_features_that_never_vary_are_refused():
    with pytest.raises(UserError, match="none of 2 features varies over 6 training rows"):
        make("logistic").fit(feature_rows(np.ones((6, 2)), ("a", "b")), Y)


def test_no_validation_rows_count_as_none_given():
    data = market("logistic")
    model = make("logistic")
    metrics = model.fit(*part(data, 0, 600), *part(data, 600, 600))
    assert "validation_log_loss" not in metrics
    assert model.complexity == {}


@pytest.mark.parametrize("name", ["catboost", "lightgbm", "logistic", "xgboost"])
def test_validation_rows_of_an_unseen_class_do_not_steer_the_complexity(name):
    data = market(name)
    rows = data.X.rows
    train = rows[(data.y != 1) & (rows < 400)]
    known = rows[(data.y != 1) & (rows >= 400)]
    found = []
    for validation in (rows[400:], known):
        model = make(name)
        model.fit(data.X.take(train), data.y[train], data.X.take(validation), data.y[validation])
        found.append(model.complexity)
    assert found[0] == found[1] != {}


@pytest.mark.parametrize("name", ["catboost", "lightgbm", "xgboost"])
def test_boosting_stops_at_the_least_unweighted_validation_loss(name):
    data = market(name)
    model = make(name, rounds=300, learning_rate=0.3, stopping={"patience": 10})
    weight = np.random.default_rng(0).uniform(0.1, 3, 600)
    metrics = model.fit(*part(data, 0, 600), *part(data, 600, 700), sample_weight=weight)
    curve = metrics["validation_curve"]
    assert metrics["rounds"] == int(np.argmin(curve)) + 1 == model.complexity["rounds"]
    assert len(curve) == metrics["rounds"] + 10 < 300
    assert metrics["validation_log_loss"] == pytest.approx(min(curve), abs=1e-5)


@pytest.mark.parametrize("name", ["catboost", "lightgbm", "xgboost"])
def test_without_early_stopping_all_rounds_are_trained_and_none_remembered(name):
    data = market(name)
    model = make(name, rounds=30, stopping={"enabled": False})
    metrics = model.fit(*part(data, 0, 600), *part(data, 600, 700))
    assert metrics["rounds"] == len(metrics["validation_curve"]) == 30
    assert model.complexity == {}


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost", "random_forest", "logistic"])
def test_a_floor_keeps_log_loss_finite_when_the_model_is_sure(name):
    values = np.repeat([[-9.0], [9.0]], 100, axis=0)
    sure = feature_rows(values, ("a",))
    y = np.repeat([0, 2], 100).astype(np.int8)
    model = make(name)
    model.fit(sure, y)
    probabilities = model.predict(sure)
    assert probabilities.min() > MIN_PROBABILITY / 2
    assert log_loss(probabilities, 2 - y) < -np.log(MIN_PROBABILITY / 2)
