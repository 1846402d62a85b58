import numpy as np
import pytest

from mlfactory.selection import most_important
from naive_models import market, part


def select(data, n_features, seed=0):
    weight = np.ones(len(data.y))
    return most_important(data.X, data.y, weight, n_features=n_features, threads=1, seed=seed)


@pytest.mark.parametrize("seed", range(3))
def test_the_features_that_make_the_label_are_chosen(seed):
    assert select(market("svm", seed=seed), 2) == ("a", "b")


def test_columns_keep_their_order_and_all_are_taken_when_there_are_no_more():
    data = market("svm")
    assert select(data, 50) == data.X.names
    five = select(data, 5)
    assert list(five) == sorted(five)


def test_weights_decide_which_rows_count():
    """Among the rows that weigh, c is what makes the label."""
    data = market("svm", rows=1600)
    y = data.y.copy()
    later = np.arange(1600) >= 800
    third = data.X.values[:, 2]
    y[later] = np.digitize(third[later], [-0.4, 0.4])
    weight = np.where(later, 1.0, 0.0)
    chosen = most_important(data.X, y, weight, n_features=1, threads=1, seed=0)
    assert chosen == ("c",)


def test_rows_that_are_not_asked_for_are_not_read():
    data = market("svm")
    some = part(data, 0, 400)
    before = select(some, 3)
    data.X.values[400:] = np.nan
    assert select(some, 3) == before
