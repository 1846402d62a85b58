import numpy as np
import pytest

import naive_features as naive
from mlfactory.features import _base

SEEDS = range(5)


def walk(seed: int, n: int = 150) -> np.ndarray:
    """A random walk with a stretch in which nothing moves."""
    moves = np.random.default_rng(seed).normal(size=n)
    moves[60:100] = 0.0
    return np.cumsum(moves)


def test_prices_after_a_roll_are_scaled_by_last_old_close_over_first_new_open():
    bars = naive.market(0, sessions=1, bars_a_session=6, hole_share=0.0)
    bars["contract"] = ["H4", "H4", "M4", "M4", "U4", "U4"]
    bars["open"] = [100.0, 101.0, 202.0, 203.0, 50.0, 51.0]
    bars["close"] = [101.0, 101.0, 203.0, 204.0, 51.0, 52.0]
    factor = [1.0, 1.0, 0.5, 0.5, 0.5 * 204.0 / 50.0, 0.5 * 204.0 / 50.0]
    np.testing.assert_allclose(_base.roll_factor(bars), factor, rtol=1e-15)
    adjusted = _base.inputs(bars, "UTC", 1)
    assert adjusted.open[2] == adjusted.close[1]
    assert adjusted.open[4] == pytest.approx(adjusted.close[3], rel=1e-15)


def test_prices_without_contracts_stay_as_they_are():
    bars = naive.market(0, sessions=1).assign(contract=None)
    np.testing.assert_array_equal(_base.roll_factor(bars), np.ones(len(bars)))


def test_inputs_do_not_share_memory_with_the_bars():
    bars = naive.market(0, sessions=1)
    arrays = _base.inputs(bars, "UTC", 1)
    assert not np.shares_memory(arrays.volume, bars["volume"].to_numpy())
    assert arrays.close.flags.writeable


def test_lag_longer_than_the_series_is_all_missing():
    assert np.isnan(_base.lag(np.array([1.0, 2.0]), 3)).all()
    np.testing.assert_array_equal(_base.lag(np.array([1.0, 2.0, 3.0]), 1), [np.nan, 1.0, 2.0])


def test_ratio_takes_the_other_value_at_or_below_the_floor_and_keeps_missing():
    result = _base.ratio(
        np.array([1.0, 1.0, 1.0, 1.0]), np.array([2.0, 0.0, 0.1, np.nan]), 7.0, 0.1
    )
    np.testing.assert_array_equal(result, [0.5, 7.0, 7.0, np.nan])


def test_sign_is_zero_within_the_tolerance():
    result = _base.sign(np.array([1e-16, -1e-16, 1e-7, -1e-7, np.nan]))
    np.testing.assert_array_equal(result, [0.0, 0.0, 1.0, -1.0, np.nan])


def test_session_start_is_the_row_of_the_sessions_first_bar():
    session = np.array([5, 5, 6, 6, 6, 9], dtype=np.int32)
    assert _base.session_start(session).tolist() == [0, 0, 2, 2, 2, 5]


def test_true_range_counts_the_gap_to_the_previous_close():
    x = naive.inputs_of(high=[12.0, 20.0, 11.0], low=[10.0, 18.0, 9.0], close=[11.0, 19.0, 10.0])
    np.testing.assert_array_equal(_base.true_range(x), [np.nan, 9.0, 10.0])


@pytest.mark.parametrize("seed", SEEDS)
def test_rolling_mean_and_std_equal_their_twins(seed):
    values = walk(seed)
    mean = naive.over_windows(np.mean, 20, values)
    np.testing.assert_allclose(_base.rolling_mean(values, 20), mean, atol=1e-12)
    for ddof in (0, 1):
        std = naive.over_windows(lambda w, d=ddof: np.std(w, ddof=d), 20, values)
        np.testing.assert_allclose(_base.rolling_std(values, 20, ddof), std, atol=1e-12)


def test_rolling_std_keeps_its_digits_on_a_high_level():
    values = 1e9 + np.array([0.0, 1.0, 0.0, 1.0])
    assert _base.rolling_std(values, 4, 0)[-1] == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_rolling_correlation_equals_its_twin(seed):
    x, y = walk(seed), walk(seed + 100)
    expected = naive.over_windows(naive.correlation, 20, x, y)
    np.testing.assert_allclose(_base.rolling_correlation(x, y, 20), expected, atol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_rolling_percentile_equals_its_twin(seed):
    values = np.round(walk(seed), 1)
    expected = naive.over_windows(naive.percentile, 30, values)
    np.testing.assert_allclose(_base.rolling_percentile(values, 30, 1e-9), expected, atol=1e-12)


@pytest.mark.parametrize(
    "kernel",
    [
        lambda v: _base.rolling_mean(v, 5),
        lambda v: _base.rolling_std(v, 5, 1),
        lambda v: _base.rolling_correlation(v, v, 5),
        lambda v: _base.rolling_percentile(v, 5, 0.0),
    ],
)
def test_window_with_a_missing_value_is_missing_and_later_ones_are_not(kernel):
    values = np.array([np.nan, 1.0, 2.0, 4.0, 3.0, 5.0, 6.0])
    assert np.isnan(kernel(values)).tolist() == [True] * 5 + [False] * 2


def test_series_shorter_than_the_window_is_all_missing():
    assert np.isnan(_base.rolling_mean(np.ones(3), 5)).all()
    assert np.isnan(_base.rolling_percentile(np.ones(3), 5, 0.0)).all()
