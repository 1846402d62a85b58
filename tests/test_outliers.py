import numpy as np
import pandas as pd
import pytest

import naive_bars
from mlfactory.outliers import outlier_flags, outliers


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("window", [4, 7, 20])
def test_kernel_equals_the_slow_twin(seed, window):
    rng = np.random.default_rng(seed)
    n = 160
    move = np.round(rng.normal(0, 2, n) * rng.choice([0, 1, 40], n, p=[0.4, 0.55, 0.05])) / 1e4
    close = 5 + np.cumsum(move)
    open_ = np.append(close[:1], close[:-1]) + np.round(rng.normal(0, 1, n)) / 1e4
    high = np.maximum(open_, close) + rng.integers(0, 3, n) / 1e4
    low = np.minimum(open_, close) - rng.integers(0, 3, n) / 1e4
    fresh = rng.random(n) < 0.05
    fresh[0] = True
    inputs = (open_, high, low, close, fresh, np.full(n, 1e-5), window, 6.0)
    found = outlier_flags(*inputs)
    np.testing.assert_array_equal(found, naive_bars.outlier_flags(*inputs))
    assert found.any()


def rows(close: list[float], spread: float = 0.25) -> pd.DataFrame:
    closes = np.array(close)
    opens = np.append(closes[:1], closes[:-1])
    return pd.DataFrame(
        {
            "open": opens,
            "high": np.maximum(opens, closes) + spread,
            "low": np.minimum(opens, closes) - spread,
            "close": closes,
            "contract": pd.array([None] * len(closes), dtype="str"),
        }
    )


def flagged(frame: pd.DataFrame, number=None) -> list[int]:
    number = np.zeros(len(frame), dtype=np.int64) if number is None else np.array(number)
    return np.flatnonzero(outliers(frame, number, tick_size=0.25, window=4, mads=10)).tolist()


def test_bad_print_is_flagged_and_the_way_back_is_not():
    frame = rows([1000, 1000, 1000, 1000, 1000, 1000, 1100, 1000, 1000])
    frame.loc[7, ["open", "high"]] = 1000.0, 1000.25
    assert flagged(frame) == [6]


def test_new_level_is_flagged_once():
    frame = rows([1000, 1000, 1000, 1000, 1000, 1000, 1100, 1100, 1100, 1100])
    assert flagged(frame) == [6]


def test_gap_over_a_closure_or_a_roll_is_none():
    frame = rows([1000, 1000, 1000, 1000, 1000, 1000, 1100, 1100])
    frame.loc[6, ["open", "low"]] = 1100.0, 1099.75
    assert flagged(frame) == [6]
    assert flagged(frame, number=[0] * 6 + [1] * 2) == []
    assert flagged(frame.assign(contract=list("AAAAAABB"))) == []


def test_nothing_is_flagged_before_the_window_is_full():
    assert flagged(rows([1000, 1000, 1000, 1100])) == []


def test_row_is_not_in_its_own_window_and_later_rows_change_nothing():
    frame = rows([1000, 1000, 1000, 1000, 1000, 1000, 1100, 900, 1300, 1000])
    assert flagged(frame)[0] == 6
    assert 6 in flagged(frame.iloc[:7])
