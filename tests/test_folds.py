import numpy as np
import pytest

import naive
from mlfactory.folds import fold_numbers, training_rows


def random_intervals(seed, n=60):
    """Ascending starts with ties and gaps, and ends of uneven length."""
    generator = np.random.default_rng(seed)
    start = np.cumsum(generator.integers(0, 4, n))
    return start, start + generator.integers(0, 15, n)


@pytest.mark.parametrize("embargo", [0, 1, 5])
@pytest.mark.parametrize("seed", range(5))
def test_training_rows_equal_their_naive_twin(seed, embargo):
    start, end = random_intervals(seed)
    generator = np.random.default_rng(seed)
    for held_out in (fold_numbers(60, 4) == seed % 4, generator.random(60) < 0.1):
        expected = naive.training_rows(start, end, held_out, embargo)
        assert training_rows(start, end, held_out, embargo).tolist() == expected
