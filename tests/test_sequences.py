"""Windows that look back, against loops over rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlfactory.models._rows import FeatureRows
from mlfactory.sequences import rows_read, timeline, windows


def rows_of(segments, asked):
    """Feature rows (n, 2) whose values name their row, in segments of these lengths."""
    n = sum(segments)
    values = np.arange(1, 2 * n + 1, dtype=np.float32).reshape(n, 2)
    segment = np.repeat(np.arange(len(segments), dtype=np.int32), segments)
    return FeatureRows(values, segment, np.array(asked, np.int64), ("a", "b"))


def naive_windows(X, length):
    """Row by row: zeros before the segment's first row."""
    found = np.zeros((len(X), length, X.values.shape[1]), np.float32)
    for i, row in enumerate(X.rows):
        for back in range(length):
            past = row - back
            if past >= 0 and X.segment[past] == X.segment[row]:
                found[i, length - 1 - back] = X.values[past]
    return found


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
    st.integers(1, 6),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_windows_are_those_of_a_loop_over_rows(segments, length, random):
    n = sum(segments)
    asked = sorted(random.sample(range(n), random.randint(1, n)))
    X = rows_of(segments, asked)
    expected = naive_windows(X, length)
    assert np.array_equal(windows(timeline(X, length), length), expected)
    read = {int(v) for v in (expected[..., 0].ravel() - 1) / 2 if v >= 0}
    assert set(rows_read(X, length).tolist()) == read


def test_rows_that_are_not_read_are_not_laid_out():
    X = rows_of([10], [4, 9])
    X.values[:2] = np.nan
    X.values[6] = np.nan
    laid = timeline(X, 3)
    assert np.isfinite(laid.values).all()
    assert rows_read(X, 3).tolist() == [2, 3, 4, 7, 8, 9]


def test_no_rows_asked_for_give_an_empty_timeline():
    laid = timeline(rows_of([5], []), 3)
    assert laid.values.shape == (0, 2)
    assert laid.asked.shape == (0,)


@pytest.mark.parametrize("ahead", [1, 5])
def test_later_rows_change_no_window(ahead):
    X = rows_of([20], [9])
    before = windows(timeline(X, 4), 4)
    X.values[9 + ahead :] = -1
    assert np.array_equal(windows(timeline(X, 4), 4), before)
