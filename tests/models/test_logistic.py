"""The penalty's path, and the probabilities against scikit-learn."""

import numpy as np
import pytest
from sklearn.feature_selection import f_classif
from sklearn.linear_model import LogisticRegression

from mlfactory.models.logistic import between_classes
from naive_models import IN_TWO_STAGES, feature_rows, make, market, part

TWO_STAGES = f"logistic{IN_TWO_STAGES}"


@pytest.mark.parametrize("labels", [(0, 1, 2), (0, 2), (0, 1), (1, 2)])
def test_probabilities_are_those_of_scikit_learn(labels):
    data = market("logistic")
    rows = np.flatnonzero(np.isin(data.y, labels))
    X, y = data.X.take(rows), data.y[rows]
    model = make("logistic", C=[0.05], tolerance=1e-8, max_iterations=500)
    model.fit(X, y)
    twin = LogisticRegression(C=0.05, tol=1e-8, max_iter=500).fit(X.matrix().astype(float), y)
    expected = twin.predict_proba(X.matrix().astype(float))
    np.testing.assert_allclose(model.predict(X)[:, list(labels)], expected, atol=1e-4)


def test_best_penalty_of_the_path_is_kept_and_predicts_its_validation_loss():
    data = market("logistic", signal=0.4)
    path = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0]
    model = make("logistic", C=path, stopping={"patience": 7})
    metrics = model.fit(*part(data, 0, 100), *part(data, 100, 800))
    curve = metrics["validation_curve"]
    best = int(np.argmin(curve))
    assert 0 < best < len(path) - 1
    assert metrics["C"] == path[best] == model.complexity["C"]
    assert metrics["validation_log_loss"] == pytest.approx(min(curve), abs=1e-12)


@pytest.mark.parametrize(
    ("stopping", "tried"),
    [
        ({"patience": 1}, 2),
        ({"patience": 2}, 3),
        ({"patience": 2, "min_delta": 9.0}, 3),
        ({"enabled": False}, 0),
    ],
)
def test_path_ends_after_patience_without_gain(stopping, tried):
    data = market("logistic", signal=0.0)
    model = make("logistic", C=[1e-3, 1.0, 10.0, 100.0, 1e3], stopping=stopping)
    metrics = model.fit(*part(data, 0, 100), *part(data, 100, 800))
    assert len(metrics.get("validation_curve", [])) == tried
    assert metrics["C"] == (1e-3 if tried else 10.0)


def test_least_gain_that_counts_decides_for_the_stronger_penalty():
    data = market("logistic")
    model = make("logistic", C=[0.01, 0.1, 1.0], stopping={"min_delta": 0.03})
    assert model.fit(*part(data, 0, 600), *part(data, 600, 700))["C"] == 0.1


def test_middle_penalty_stands_in_when_there_are_no_validation_rows():
    data = market("logistic")
    assert make("logistic", C=[1e-6, 1e-2, 1.0]).fit(*part(data, 0, 100))["C"] == 1e-2


def test_importance_is_the_mean_absolute_coefficient():
    data = market("logistic")
    model = make("logistic")
    model.fit(data.X, data.y)
    expected = np.abs(model.coefficients).mean(axis=0)
    importance = np.array(list(model.get_feature_importance().values()))
    np.testing.assert_allclose(importance, expected / expected.sum())


def test_only_the_screened_features_are_given_a_coefficient():
    """Classes differ in a and b; a constant feature is the last, a smaller copy of b as b."""
    data = market("logistic")
    values = data.X.values.copy()
    values[:, 3] = 4.9
    values[:, 5] = 0.01 * values[:, 1]
    X = feature_rows(values, data.X.names)
    for screened in (1, 2, 3, 7):
        model = make("logistic", screened=screened)
        model.fit(X, data.y)
        used = np.flatnonzero(model.coefficients.any(axis=0))
        score = f_classif(np.delete(values, 3, axis=1), data.y)[0]
        best = np.delete(np.arange(8), 3)[np.argsort(-score, kind="stable")[:screened]]
        assert used.tolist() == sorted(best.tolist())
    everything = make("logistic", screened=8)
    everything.fit(X, data.y)
    assert everything.coefficients.any(axis=0).sum() >= 7


def test_each_stage_screens_by_its_own_classes():
    """Which way is told by a, whether at all by b."""
    data = market(TWO_STAGES, rows=2000)
    model = make(TWO_STAGES, screened=1)
    model.fit(*part(data, 0, 1500), *part(data, 1500, 2000))
    used = {
        name: np.flatnonzero(stage.coefficients.any(axis=0)).tolist()
        for name, stage in model.stages.items()
    }
    assert used == {"move": [1], "direction": [0]}


def test_screening_weighs_rows_as_the_fit_does():
    data = market("logistic", rows=600)
    twice = np.concatenate([np.arange(600), np.arange(200)])
    weight = np.where(np.arange(600) < 200, 2.0, 1.0)
    X = data.X.matrix().astype(float)
    np.testing.assert_allclose(
        between_classes(X, data.y, weight),
        between_classes(X[twice], data.y[twice], np.ones(800)),
        rtol=1e-9,
    )
