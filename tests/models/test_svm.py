"""The support vector machine's decision values and probabilities, against scikit-learn's own."""

import numpy as np
import pytest
from sklearn.kernel_approximation import Nystroem
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, LinearSVC

from mlfactory.models._base import log_loss
from mlfactory.models.svm import decide
from naive_models import make, market, part, prior_log_loss

GAMMA = 0.3 / 8


@pytest.mark.parametrize("classes", [(0, 1, 2), (0, 2)])
def test_exact_machine_decides_as_scikit_learns(classes):
    data = market("svm", rows=400)
    rows = data.X.rows[np.isin(data.y, classes)]
    X, y = data.X.take(rows), data.y[rows]
    model = make("svm", kernel="rbf", C=1.0, gamma=0.3)
    model.fit(X, y)
    theirs = SVC(C=1.0, gamma=GAMMA, decision_function_shape="ovo").fit(X.matrix(), y)
    expected = theirs.decision_function(X.matrix()).reshape(len(y), -1)
    decided = decide(X.matrix(), *model.machine)
    np.testing.assert_allclose(decided, expected, atol=1e-4)


def test_approximate_machine_decides_as_a_pipeline_of_scikit_learns():
    data = market("svm", rows=500)
    model = make("svm", landmarks=80, C=0.5, gamma=0.3)
    model.fit(data.X, data.y, seed=5)
    kernel = Nystroem(gamma=GAMMA, n_components=80, random_state=5)
    theirs = make_pipeline(kernel, LinearSVC(C=0.5, dual=False)).fit(data.X.matrix(), data.y)
    expected = theirs.decision_function(data.X.matrix())
    np.testing.assert_allclose(decide(data.X.matrix(), *model.machine), expected, atol=1e-3)


def test_importance_is_that_of_the_last_fit():
    data, other = market("svm", rows=400), market("svm", rows=400, seed=9)
    model, new = make("svm"), make("svm")
    model.fit(data.X, data.y)
    before = model.get_feature_importance()
    model.fit(other.X, other.y)
    new.fit(other.X, other.y)
    assert model.get_feature_importance() == new.get_feature_importance() != before


def test_probabilities_are_calibrated_on_the_validation_rows():
    """Labels of the validation rows that are noise leave their own shares as the prediction."""
    data = market("svm", rows=900)
    y = data.y.copy()
    y[600:] = np.random.default_rng(0).choice(3, 300, p=[0.6, 0.1, 0.3])
    model = make("svm")
    model.fit(*part(data, 0, 600), data.X.take(data.X.rows[600:]), y[600:])
    mean = model.predict(data.X.take(data.X.rows[600:])).mean(axis=0)
    np.testing.assert_allclose(mean, np.bincount(y[600:]) / 300, atol=0.02)


def test_without_validation_rows_it_is_not_sure_of_noise():
    data = market("svm", signal=0.0, rows=800)
    model = make("svm", C=10.0)
    model.fit(*part(data, 0, 600))
    held_out = part(data, 600, 800)
    excess = log_loss(model.predict(held_out.X), held_out.y) - prior_log_loss(
        data.y[:600], held_out.y
    )
    assert excess < 0.05


def test_refit_keeps_the_calibration():
    data = market("svm", rows=800)
    model = make("svm")
    model.fit(*part(data, 0, 600), *part(data, 600, 800))
    found = dict(model.complexity)
    model.fit(*part(data, 0, 800))
    assert model.complexity == found


@pytest.mark.parametrize("kernel", ["nystroem", "rbf"])
def test_calibration_of_fewer_classes_is_not_kept(kernel):
    """A class that only the last training rows hold."""
    data = market("svm", rows=800)
    rows = data.X.rows
    two = rows[(data.y != 1) & (rows < 500)]
    model = make("svm", kernel=kernel)
    model.fit(data.X.take(two), data.y[two], *part(data, 500, 600))
    assert len(model.complexity["offsets"]) == 2
    model.fit(data.X, data.y)
    assert np.isfinite(model.complexity["slopes"]).all()
    assert len(model.complexity["offsets"]) == 3
    loss = log_loss(model.predict(data.X), data.y)
    assert loss < prior_log_loss(data.y, data.y) - 0.15
