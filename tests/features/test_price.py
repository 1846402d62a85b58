import numpy as np
import pytest

import naive_features as naive
from mlfactory.features import price

NAN = float("nan")


def test_shape_of_a_bar_is_measured_in_its_range():
    x = naive.inputs_of(open=[10.0], high=[14.0], low=[6.0], close=[12.0])
    columns = price.compute(x)
    assert columns["body_ratio"][0] == 0.25
    assert columns["upper_shadow"][0] == 0.25
    assert columns["lower_shadow"][0] == 0.5
    assert columns["close_location_value"][0] == 0.5
    assert columns["bar_range"][0] == pytest.approx(np.log(14.0 / 6.0))


def test_flat_bar_has_no_shape_and_no_range():
    columns = price.compute(naive.inputs_of(close=[10.0, 10.0]))
    for name in ("body_ratio", "upper_shadow", "lower_shadow", "close_location_value", "bar_range"):
        assert columns[name].tolist() == [0.0, 0.0]


def test_range_position_of_a_flat_window_is_one_half():
    columns = price.compute(naive.inputs_of(close=[10.0] * 61))
    assert columns["range_position_60"][-1] == 0.5
    assert columns["drawdown_60"][-1] == 0.0


def test_session_columns_read_the_session_so_far_and_the_one_before():
    x = naive.inputs_of(
        session=[0, 0, 1, 1, 1, 2],
        open=[10.0, 10.0, 12.0, 13.0, 12.0, 11.0],
        high=[11.0, 12.0, 14.0, 14.0, 15.0, 11.0],
        low=[9.0, 10.0, 12.0, 11.0, 10.0, 11.0],
        close=[10.0, 11.0, 13.0, 12.0, 14.0, 11.0],
    )
    columns = price.compute(x)
    gap, last_gap = np.log(12.0 / 11.0), np.log(11.0 / 14.0)
    np.testing.assert_allclose(
        columns["overnight_return"], [NAN, NAN, gap, gap, gap, last_gap], rtol=1e-12
    )
    np.testing.assert_allclose(
        columns["unfilled_gap"], [NAN, NAN, gap, 0.0, 0.0, last_gap], atol=1e-12
    )
    np.testing.assert_allclose(
        columns["session_return"], np.log(x.close / [10.0, 10.0, 12.0, 12.0, 12.0, 11.0])
    )
    np.testing.assert_allclose(
        columns["session_range_position"], [0.5, 2 / 3, 0.5, 1 / 3, 0.8, 0.5]
    )
    np.testing.assert_allclose(
        columns["previous_session_position"], [NAN, NAN, 4 / 3, 1.0, 5 / 3, 0.2]
    )


@pytest.mark.parametrize("seed", range(3))
def test_session_extremes_equal_grouped_running_extremes(seed):
    bars = naive.market(seed, sessions=4)
    start = price.session_start(bars["session"].to_numpy())
    highest, lowest = price.session_extremes(
        bars["high"].to_numpy(copy=True), bars["low"].to_numpy(copy=True), start
    )
    np.testing.assert_array_equal(highest, bars.groupby("session")["high"].cummax())
    np.testing.assert_array_equal(lowest, bars.groupby("session")["low"].cummin())


@pytest.mark.parametrize("seed", range(3))
def test_fractional_difference_equals_its_twin(seed):
    values = np.cumsum(np.random.default_rng(seed).normal(size=60))
    weights = price.fractional_weights(0.4, 20)
    expected = naive.over_windows(lambda w: weights @ (w[::-1] - w[0]), 20, values)
    np.testing.assert_allclose(price.fractional_difference(values, weights), expected, atol=1e-12)


def test_fractional_difference_of_order_one_is_the_last_change():
    values = np.array([3.0, 5.0, 4.0, 8.0])
    changed = price.fractional_difference(values, price.fractional_weights(1.0, 3))
    np.testing.assert_allclose(changed, [NAN, NAN, -1.0, 4.0])
