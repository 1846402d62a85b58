import numpy as np
import pytest

from mlfactory.drift import population_stability_index


def column(*values):
    return np.array(values, dtype=np.float32)[:, None]


def test_two_bins_by_hand():
    # the edge is the lower median of training, 2: half of training lies above it, a quarter later
    reference, later = column(1, 2, 3, 4), column(0, 1, 2, 9)
    expected = (0.75 - 0.5) * np.log(0.75 / 0.5) + (0.25 - 0.5) * np.log(0.25 / 0.5)
    assert population_stability_index(reference, later, bins=2)[0] == pytest.approx(expected)


def test_same_rows_have_not_drifted_and_order_does_not_matter():
    rows = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)
    assert population_stability_index(rows, rows[::-1]).tolist() == [0, 0, 0]


def test_a_larger_shift_is_a_larger_index_and_monotone_units_do_not_matter():
    rng = np.random.default_rng(1)
    rows, later = (rng.normal(size=(5000, 1)).astype(np.float32) for _ in range(2))
    found = [population_stability_index(rows, later + shift)[0] for shift in (0, 0.3, 1.0)]
    assert found[0] < 0.01 < 0.05 < found[1] < 0.25 < found[2]
    other = population_stability_index(np.exp(rows), np.exp(later + np.float32(0.3)))[0]
    assert other == pytest.approx(found[1], rel=1e-3)


def test_columns_of_few_values_and_values_never_seen_before_are_finite():
    flags, never = column(0, 0, 0, 1), column(1, 1, 1, 1)
    index = population_stability_index(flags, never)[0]
    assert np.isfinite(index)
    assert index > 1
    assert population_stability_index(column(5, 5), column(5, 5, 5))[0] == 0
