import numpy as np
import pytest

from mlfactory.events import EVERY_BAR, cusum, is_event


def found(close, threshold, fresh=()):
    close = np.array(close, dtype=np.float64)
    anew = np.isin(np.arange(len(close)), fresh)
    return np.flatnonzero(cusum(close, np.full(len(close), float(threshold)), anew)).tolist()


@pytest.mark.parametrize(
    ("close", "threshold", "events"),
    [
        ([10, 11, 12, 13, 14, 15], 2.5, [3]),
        ([10, 11, 12, 13, 14, 15, 16], 2.5, [3, 6]),
        ([10, 9, 8, 7, 8, 9, 10], 2.5, [3, 6]),
        ([10, 12, 10, 12, 10, 12], 2.5, []),
        ([10, 12.5, 13], 2.5, [2]),
        ([10, 20, 20, 20], 2.5, [1]),
        ([10, 10, 10], 0, []),
    ],
)
def test_events_of_a_few_bars_by_hand(close, threshold, events):
    assert found(close, threshold) == events


def test_a_session_begins_anew_whatever_was_before_it():
    assert found([10, 11, 12, 13], 2.5, fresh=[2]) == []
    assert found([10, 11, 50, 51, 52, 53], 2.5, fresh=[2]) == [5]


def test_bar_without_a_threshold_is_no_event():
    close, threshold = np.array([10.0, 20.0, 30.0]), np.array([np.nan, np.nan, 2.0])
    assert cusum(close, threshold, np.zeros(3, dtype=bool)).tolist() == [False, False, True]


def test_later_bars_change_no_earlier_event():
    rng = np.random.default_rng(0)
    close, fresh = np.cumsum(rng.normal(size=500)), rng.random(500) < 0.02
    threshold = np.full(500, 2.0)
    whole = cusum(close, threshold, fresh)
    assert 20 < whole.sum() < 200
    for cut in (100, 333):
        assert cusum(close[:cut], threshold[:cut], fresh[:cut]).tolist() == whole[:cut].tolist()
    start = int(np.flatnonzero(fresh)[3])
    later = cusum(close[start:], threshold[start:], fresh[start:])
    assert later.tolist() == whole[start:].tolist()


def test_every_bar_is_an_event_where_all_are_wanted():
    nothing = np.full(3, np.nan)
    assert is_event(nothing, nothing, np.zeros(3, dtype=bool), **EVERY_BAR).tolist() == [True] * 3


def test_threshold_is_in_units_of_the_barriers():
    close, width = np.array([10.0, 11, 12, 13, 14]), np.full(5, 2.0)
    found = is_event(close, width, np.zeros(5, dtype=bool), kind="cusum", threshold_atr=1.2)
    assert found.tolist() == [False, False, False, True, False]
