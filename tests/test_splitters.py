import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score

import naive
from mlfactory import purging
from mlfactory.folds import fold_numbers
from mlfactory.purging import training_rows
from mlfactory.splitters import (
    CombinatorialPurgedKFold,
    GivenFolds,
    PurgedKFold,
    WalkForward,
    contiguous,
    runs,
)


def random_intervals(seed, n=60):
    """Ascending starts with ties and gaps, and ends of uneven length."""
    generator = np.random.default_rng(seed)
    start = np.cumsum(generator.integers(0, 4, n))
    return start, start + generator.integers(0, 15, n)


@st.composite
def intervals(draw, least=12, most=40):
    """Starts with ties and gaps, ends of uneven length, and sessions of uneven length."""
    n = draw(st.integers(least, most))
    start = np.cumsum(draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)))
    length = draw(st.lists(st.integers(0, 25), min_size=n, max_size=n))
    session = np.cumsum(draw(st.lists(st.sampled_from([0, 0, 0, 1]), min_size=n, max_size=n)))
    return start, start + np.array(length), session


EMBARGOES = st.sampled_from(
    [
        *({}, {"embargo_bars": 3}, {"embargo": 4}, {"embargo_sessions": 1}),
        *({"embargo_sessions": 2}, {"embargo_bars": 2, "embargo": 6, "embargo_sessions": 1}),
    ]
)


def same_as_twin(cv, start, end, session, embargo):
    for train, test in cv.split(start):
        held_out = np.isin(np.arange(len(start)), test)
        assert test.tolist() == sorted(test.tolist())
        assert train.tolist() == naive.purged_rows(start, end, session, held_out, **embargo)


@settings(max_examples=60, deadline=None)
@given(intervals(), EMBARGOES, st.integers(2, 6))
def test_purged_folds_equal_their_naive_twin(given_intervals, embargo, n_splits):
    start, end, session = given_intervals
    cv = PurgedKFold(n_splits, start=start, end=end, session=session, **embargo)
    same_as_twin(cv, start, end, session, embargo)


@settings(max_examples=40, deadline=None)
@given(intervals(), EMBARGOES, st.sampled_from([(4, 1), (4, 2), (5, 3), (3, 2)]))
def test_combinatorial_folds_equal_their_naive_twin(given_intervals, embargo, groups):
    start, end, session = given_intervals
    cv = CombinatorialPurgedKFold(*groups, start=start, end=end, session=session, **embargo)
    same_as_twin(cv, start, end, session, embargo)


@settings(max_examples=60, deadline=None)
@given(intervals(), EMBARGOES, st.data())
def test_given_folds_equal_their_naive_twin(given_intervals, embargo, data):
    start, end, session = given_intervals
    fold = data.draw(st.lists(st.integers(-1, 2), min_size=len(start), max_size=len(start)))
    cv = GivenFolds(fold, start=start, end=end, session=session, **embargo)
    same_as_twin(cv, start, end, session, embargo)


@settings(max_examples=60, deadline=None)
@given(intervals(least=20), st.integers(1, 2), st.integers(1, 3), st.integers(0, 3))
def test_walk_forward_equals_its_naive_twin(given_intervals, first, retrain, rolling):
    start, end, session = given_intervals
    number = np.unique(session, return_inverse=True)[1]
    if number[-1] < first:
        return
    more = {"window": "rolling", "window_sessions": rolling} if rolling else {}
    cv = WalkForward(first, retrain, session=session, start=start, end=end, **more)
    made = [(train.tolist(), test.tolist()) for train, test in cv.split(start)]
    assert made == naive.walk_forward(start, end, number, first, retrain, rolling or None)
    assert cv.get_n_splits() == len(made)


@pytest.mark.parametrize("seed", range(5))
def test_blocks_give_the_training_rows_of_the_fits(seed):
    start, end = random_intervals(seed, 300)
    fold = fold_numbers(300, 4)
    cv = PurgedKFold(4, start=start, end=end, embargo_bars=7)
    for number, (train, test) in enumerate(cv.split(start)):
        assert test.tolist() == np.flatnonzero(fold == number).tolist()
        expected = training_rows(start, end, fold == number, 7)
        assert train.tolist() == np.flatnonzero(expected).tolist()


def leaks(start, end, splitter):
    """Pairs of training and held-out rows whose intervals overlap."""
    found = []
    for train, test in splitter.split(start):
        overlap = (start[train][:, None] <= end[test]) & (end[train][:, None] >= start[test])
        found += [(int(train[i]), int(test[j])) for i, j in np.argwhere(overlap)]
    return found


def splitters(start, end, session):
    times = {"start": start, "end": end}
    return {
        "folds": PurgedKFold(5, **times),
        "combinations": CombinatorialPurgedKFold(5, 2, **times),
        "given": GivenFolds(np.arange(len(start)) // 20 % 3, **times),
        "walk-forward": WalkForward(3, 2, session=session, **times),
    }


KINDS = ("folds", "combinations", "given", "walk-forward")


@pytest.mark.parametrize("kind", KINDS)
def test_no_training_label_overlaps_a_held_out_one(kind):
    start, end = random_intervals(11, 400)
    assert leaks(start, end, splitters(start, end, np.arange(400) // 40)[kind]) == []


def no_purge_before(intervals, free, first):
    return [np.arange(free, first)]


def purge_to_the_last_start(intervals, first, stop):
    return stop


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("side", "broken"), [("_ended_before", no_purge_before), ("resume", purge_to_the_last_start)]
)
def test_purge_that_is_left_out_on_one_side_is_caught(monkeypatch, kind, side, broken):
    start = np.arange(400)
    cv = splitters(start, start + 20, np.arange(400) // 40)[kind]
    monkeypatch.setattr(purging.Intervals, side, broken)
    assert bool(leaks(start, start + 20, cv)) == ((kind, side) != ("walk-forward", "resume"))


def test_every_row_is_held_out_once_and_folds_are_contiguous():
    start, end = random_intervals(2, 103)
    tests = [test for _, test in PurgedKFold(5, start=start, end=end).split(start)]
    assert np.concatenate(tests).tolist() == list(range(103))
    assert {len(test) for test in tests} == {20, 21}
    assert contiguous(7, 3) == [(0, 3), (3, 5), (5, 7)]
    assert runs(np.array([True, False, True, True])) == [(0, 1), (2, 4)]


def test_embargo_counts_from_the_end_of_the_last_held_out_label():
    start = np.arange(30)
    given = {"start": start, "end": start + 4, "session": start // 5}
    first = {
        "embargo_bars": next(PurgedKFold(3, embargo_bars=3, **given).split(start))[0][0],
        "embargo": next(PurgedKFold(3, embargo=6, **given).split(start))[0][0],
        "embargo_sessions": next(PurgedKFold(3, embargo_sessions=1, **given).split(start))[0][0],
    }
    last_end = 9 + 4
    after_session_3 = 20
    assert first == {
        "embargo_bars": last_end + 3 + 1,
        "embargo": last_end + 6 + 1,
        "embargo_sessions": after_session_3,
    }


@pytest.mark.parametrize("groups", [(4, 2), (5, 2), (6, 3), (4, 1)])
def test_each_path_predicts_every_row_once_and_no_prediction_is_used_twice(groups):
    n = 50
    cv = CombinatorialPurgedKFold(*groups, t1=np.arange(n) + 2)
    predicted = [
        np.stack([np.full(len(t), i), t], 1) for i, (_, t) in enumerate(cv.split(range(n)))
    ]
    paths = cv.path_predictions(predicted)
    assert len(paths) == len(predicted) * groups[1] / groups[0]
    for path in paths:
        assert path[:, 1].tolist() == list(range(n))
    used = {(split, row) for path in paths for split, row in path.tolist()}
    assert len(used) == len(paths) * n == sum(map(len, predicted))
    for path, splits in zip(paths, cv.paths(), strict=True):
        for block, split in zip(contiguous(n, groups[0]), splits, strict=True):
            assert set(path[slice(*block), 0]) == {split}


@pytest.mark.parametrize("kind", KINDS)
def test_splitter_serves_scikit_learn(kind):
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(200, 3)), generator.integers(0, 2, 200)
    start = np.arange(200)
    cv = splitters(start, start + 5, start // 20)[kind]
    scores = cross_val_score(LogisticRegression(), X, y, cv=cv)
    assert scores.shape == (cv.get_n_splits(X, y),)
    GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=cv).fit(X, y)


def test_times_may_be_datetimes_with_or_without_a_zone_a_series_or_row_numbers():
    days = pd.date_range("2024-01-01", periods=12, freq="D")
    end = days + pd.Timedelta("2D")
    forms = [
        {"start": days.to_numpy(), "end": end.to_numpy()},
        {"start": days.as_unit("s"), "end": end},
        {
            "start": pd.Series(days).dt.tz_localize("UTC"),
            "end": pd.Series(end).dt.tz_localize("UTC"),
        },
        {"start": list(days), "end": list(end)},
        {"t1": pd.Series(end, index=days)},
        {
            "t1": pd.Series(
                end.tz_localize("America/New_York"), days.tz_localize("America/New_York")
            )
        },
        {"start": days, "t1": end},
        {"t1": np.arange(12) + 2},
    ]
    made = [
        [(train.tolist(), test.tolist()) for train, test in PurgedKFold(3, **form).split(days)]
        for form in forms
    ]
    assert made.count(made[0]) == len(forms)


def test_row_without_a_label_ends_where_it_begins():
    days = pd.date_range("2024-01-01", periods=9, freq="D")
    t1 = pd.Series(days + pd.Timedelta("2D"), index=days)
    t1.iloc[5] = pd.NaT
    train, _ = list(PurgedKFold(3, t1=t1).split(t1))[2]
    assert train.tolist() == [0, 1, 2, 3, 5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_splits": 1}, "at least 2"),
        ({"start": np.array([2, 1, 3])}, "ascending"),
        ({"end": np.array([0, 0, 0])}, "before its start"),
        ({"end": np.array([3, 4])}, "start has 3 rows, end has 2"),
        ({"end": pd.date_range("2024-01-01", periods=3)}, "both be datetimes"),
        ({"start": None}, "give start and end, or t1"),
        ({"t1": np.arange(3)}, "either t1 or end"),
        ({"embargo": "1D"}, "the times are numbers"),
        ({"embargo_bars": -1}, "at least 0"),
        ({"embargo_sessions": 1}, "needs session"),
        ({"session": np.array([1, 2, 1])}, "must follow one another"),
    ],
)
def test_splitter_refuses_what_cannot_be(change, message):
    given = {"n_splits": 2, "start": np.array([1, 2, 3]), "end": np.array([1, 2, 3])}
    with pytest.raises(ValueError, match=message):
        PurgedKFold(**(given | change))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda t: CombinatorialPurgedKFold(3, 3, t1=t), "between 1 and"),
        (lambda t: WalkForward(0, 1, session=t, t1=t), "at least 1"),
        (lambda t: WalkForward(6, 1, session=t, t1=t), "leaves nothing to predict of 6"),
        (lambda t: WalkForward(1, 1, session=t, t1=t, window="rolling"), "needs window_sessions"),
        (lambda t: WalkForward(1, 1, session=t, t1=t, window="shrinking"), "neither"),
        (lambda t: GivenFolds([0, 1], t1=t), "fold has 2 rows"),
        (lambda t: next(PurgedKFold(2, t1=t).split(range(5))), "X has 5 rows"),
        (lambda t: next(PurgedKFold(7, t1=t).split(t)), "too few for 7"),
        (
            lambda t: PurgedKFold(2, t1=pd.Series(pd.to_datetime(t), pd.to_datetime(t)), embargo=5),
            "no unit",
        ),
    ],
)
def test_other_splitters_refuse_what_cannot_be(make, message):
    with pytest.raises(ValueError, match=message):
        make(np.arange(6))


def test_folds_and_combinations_equal_those_of_purgedcv():
    """Its label intervals are half-open, so that its ends lie one unit later than ours."""
    purgedcv = pytest.importorskip("purgedcv")
    start = pd.date_range("2024-01-01", periods=120, freq="5min").as_unit("ns")
    end = start + pd.to_timedelta(5 * np.random.default_rng(3).integers(1, 12, 120), unit="min")
    times = {"start": start, "end": end}
    theirs = {"prediction_times": start, "evaluation_times": end + pd.Timedelta("1ns")}
    hour = pd.Timedelta("1h")
    pairs = (
        (PurgedKFold(5, **times), purgedcv.PurgedKFold(5, **theirs)),
        (
            PurgedKFold(5, embargo="1h", **times),
            purgedcv.PurgedKFold(5, embargo=hour - pd.Timedelta("1ns"), **theirs),
        ),
        (
            CombinatorialPurgedKFold(6, 2, **times),
            purgedcv.CombinatorialPurgedCV(n_splits=6, n_test_groups=2, **theirs),
        ),
    )
    for ours, other in pairs:
        for one, two in zip(ours.split(start), other.split(np.zeros((120, 1))), strict=True):
            assert one[0].tolist() == two[0].tolist()
            assert one[1].tolist() == two[1].tolist()


def test_paths_equal_those_of_purgedcv():
    purgedcv = pytest.importorskip("purgedcv")
    cv = CombinatorialPurgedKFold(6, 2, t1=np.arange(60))
    tests = [test for _, test in cv.split(range(60))]
    predicted = [np.full(len(test), float(i)) for i, test in enumerate(tests)]
    theirs = purgedcv.reconstruct_paths(predicted, tests, 6, 2, 60)
    assert cv.path_predictions(predicted).tolist() == theirs.tolist()


@pytest.mark.parametrize("embargo", [0, 2])
def test_combinations_equal_those_of_skfolio(embargo):
    """It purges as many rows on both sides: the same where all labels are as long."""
    skfolio = pytest.importorskip("skfolio.model_selection")
    n, held = 60, 3
    theirs = skfolio.CombinatorialPurgedCV(5, 2, purged_size=held, embargo_size=embargo)
    ours = CombinatorialPurgedKFold(5, 2, t1=np.arange(n) + held, embargo_bars=embargo)
    for one, two in zip(ours.split(range(n)), theirs.split(np.zeros((n, 1))), strict=True):
        assert one[0].tolist() == two[0].tolist()
        assert one[1].tolist() == np.concatenate(two[1]).tolist()
    assert ours.paths().T.tolist() == theirs.recombined_paths.tolist()
