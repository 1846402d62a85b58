import numpy as np
import pytest

import naive_search
from mlfactory.probe import Probe, sharpe, trades


def rows(seed, m=120, k=5):
    generator = np.random.default_rng(seed)
    start = np.cumsum(generator.integers(1, 4, m))
    features = generator.normal(size=(m, k)) @ generator.normal(size=(k, k))
    y = np.sign(features[:, 0] + generator.normal(size=m)) * (generator.random(m) < 0.8)
    return features, y, start, start + 9


@pytest.mark.parametrize("seed", range(6))
def test_sides_equal_those_of_ridge_regressions_fitted_anew(seed):
    features, y, start, end = rows(seed)
    expected = naive_search.sides(features, y, start, end)
    assert Probe(features, start, end).sides(y).tolist() == expected
    assert {-1, 0, 1} == set(expected)


@pytest.mark.parametrize("fold", range(5))
def test_no_row_is_predicted_by_what_overlaps_it(fold):
    features, y, start, end = rows(1)
    held_out = np.arange(24 * fold, 24 * fold + 24)
    near = (start <= end[held_out].max()) & (end >= start[held_out].min())
    spoilt = np.where(near, -3.0 * y, y)
    probe = Probe(features, start, end)
    assert probe.sides(y)[held_out].tolist() == probe.sides(spoilt)[held_out].tolist()


def test_probe_has_no_opinion_of_which_class_is_commoner():
    features, y, start, end = rows(2)
    probe = Probe(features, start, end)
    assert probe.sides(y).tolist() == probe.sides(y + 0.5).tolist()


def test_one_position_at_a_time_and_the_next_may_open_at_the_same_close():
    side = np.int8([1, 1, 0, -1, 1, 1, 0, 1])
    start = np.array([0, 1, 2, 3, 4, 5, 9, 10])
    held = np.array([3, 1, 1, 2, 1, 6, 1, 1])
    assert trades(side, start, held).tolist() == [0, 3, 5]
    assert trades(np.zeros(8, np.int8), start, held).tolist() == []


def test_sharpe_ratio_counts_sessions_without_trades():
    values, session = np.array([0.02, 0.01, -0.01]), np.array([0, 0, 2])
    sums = np.array([0.03, 0.0, -0.01, 0.0])
    assert sharpe(values, session, 4) == pytest.approx(sums.mean() / sums.std(ddof=1))
    assert sharpe(values[:0], session[:0], 4) == 0.0
