"""The penalty's path, and the probabilities against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from naive_models import make, market, part


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
