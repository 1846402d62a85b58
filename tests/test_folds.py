import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

import naive
from mlfactory import folds as module
from mlfactory.folds import PurgedKFold, fold_numbers, training_rows


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


def leaks(start, end, splitter):
    """Pairs of training and held-out rows whose intervals overlap."""
    found = []
    for train, test in splitter.split(start):
        overlap = (start[train][:, None] <= end[test]) & (end[train][:, None] >= start[test])
        found += [(int(train[i]), int(test[j])) for i, j in np.argwhere(overlap)]
    return found


def test_no_training_label_overlaps_a_held_out_one():
    start, end = random_intervals(11, 400)
    assert leaks(start, end, PurgedKFold(5, start=start, end=end)) == []


def test_purge_that_begins_at_the_label_ends_instead_of_the_starts_is_caught(monkeypatch):
    def from_first_end(start, end, held_out):
        first, last = end[held_out].min(), end[held_out].max()
        return (start <= last) & (end >= first)

    start = np.arange(400)
    end = start + 20
    monkeypatch.setattr(module, "overlapping", from_first_end)
    assert leaks(start, end, PurgedKFold(5, start=start, end=end))


def test_every_row_is_held_out_once_and_folds_are_contiguous():
    start, end = random_intervals(2, 103)
    tests = [test for _, test in PurgedKFold(5, start=start, end=end).split(start)]
    assert np.concatenate(tests).tolist() == list(range(103))
    assert {len(test) for test in tests} == {20, 21}


def test_embargo_counts_from_the_end_of_the_last_held_out_label():
    start = np.arange(30)
    train, _ = next(PurgedKFold(3, start=start, end=start + 4, embargo_bars=3).split(start))
    assert train[0] == 9 + 4 + 3 + 1


def test_splitter_serves_scikit_learn():
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(200, 3)), generator.integers(0, 2, 200)
    start = np.arange(200)
    cv = PurgedKFold(4, start=start, end=start + 5, embargo_bars=2)
    assert cross_val_score(LogisticRegression(), X, y, cv=cv).shape == (4,)


def test_times_may_be_datetimes():
    start = np.arange("2024-01-01", "2024-01-13", dtype="datetime64[D]")
    end = start + np.timedelta64(2, "D")
    as_times = PurgedKFold(3, start=start, end=end)
    as_numbers = PurgedKFold(3, start=np.arange(12), end=np.arange(12) + 2)
    for one, other in zip(as_times.split(start), as_numbers.split(start), strict=True):
        assert one[0].tolist() == other[0].tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_splits": 1}, "at least 2"),
        ({"start": np.array([2, 1, 3])}, "ascending"),
        ({"end": np.array([0, 0, 0])}, "before its start"),
    ],
)
def test_splitter_refuses_what_cannot_be(change, message):
    given = {"n_splits": 2, "start": np.array([1, 2, 3]), "end": np.array([1, 2, 3])}
    with pytest.raises(ValueError, match=message):
        PurgedKFold(**(given | change))
