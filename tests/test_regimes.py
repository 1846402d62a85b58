import numpy as np
import pytest

import naive_backtest as naive
from mlfactory.regimes import is_volatile


@pytest.mark.parametrize("seed", range(5))
def test_volatile_bars_equal_those_of_the_slow_twin(seed):
    generator = np.random.default_rng(seed)
    session = np.sort(generator.integers(0, 30, 400)).astype(np.int32)
    width = np.exp(generator.normal(size=400))
    width[:9] = np.nan
    found = is_volatile(width, session)
    assert found.tolist() == naive.is_volatile(width.tolist(), session.tolist())
    assert 0 < found.mean() < 1


def test_volatile_is_known_at_the_bars_end():
    generator = np.random.default_rng(3)
    session, width = (
        np.repeat(np.arange(30, dtype=np.int32), 10),
        np.exp(generator.normal(size=300)),
    )
    later = width.copy()
    later[155:] *= 9
    assert is_volatile(width, session)[:155].tolist() == is_volatile(later, session)[:155].tolist()
