import numpy as np
import pytest

from mlfactory.scaling import RobustScaler, quartiles


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 101])
@pytest.mark.parametrize("order", ["C", "F"])
def test_quartiles_equal_those_of_numpy(n, order):
    values = np.random.default_rng(n).normal(size=(n, 7)).astype(np.float32)
    expected = np.quantile(values.astype(np.float64), (0.25, 0.5, 0.75), axis=0)
    np.testing.assert_allclose(quartiles(np.asarray(values, order=order)), expected, rtol=1e-6)


def test_column_without_spread_is_centred_and_not_divided():
    values = np.float32([[1, 7], [2, 7], [3, 7], [4, 7], [5, 7]])
    scaler = RobustScaler.fit(values)
    assert scaler.center.tolist() == [3, 7]
    assert scaler.scale.tolist() == [2, 1]
    assert scaler.transform(np.float32([[5, 7], [99, 8]])).tolist() == [[1, 0], [5, 1]]


def test_column_that_is_mostly_one_value_is_scaled_by_its_range():
    """Minutes to the close, of a market whose session is long: rare values stay apart."""
    values = np.float32([[60.0]] * 8 + [[30.0], [0.0]])
    scaled = RobustScaler.fit(values).transform(values)
    assert scaled[:, 0].tolist() == [0.0] * 8 + [-0.5, -1.0]


def test_scaling_leaves_its_input_as_it_is():
    values = np.float32([[1.0], [2.0], [9.0]])
    RobustScaler.fit(values).transform(values)
    assert values.tolist() == [[1], [2], [9]]
