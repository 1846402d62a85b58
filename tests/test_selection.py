import json

import numpy as np
import pytest

from mlfactory import inner_folds as inner
from mlfactory import oof, rankings, selection
from mlfactory.errors import UserError
from mlfactory.folds import training_rows
from mlfactory.inner_folds import inner_folds
from mlfactory.oof import fold_rows, rank_features, training_set
from test_oof import GIVEN, fit, poisoned
from training import logistic, training_tables

SETTINGS = {
    "embargo": {"sessions": 0, "min_bars": 4},
    "inner_folds": 3,
    "cluster_correlation": 0.7,
    "weights": "uniqueness",
    "threads": 1,
    "seed": 3,
}
CHOICE = {"method": "mda", "min_stability": 0.5}


def rank(train, folds, fold="1", **change):
    return rank_features(train, folds, fold=fold, **SETTINGS | change)


@pytest.fixture(scope="module")
def tables():
    return training_tables(noise=5)


@pytest.fixture(scope="module")
def ranking(tables):
    return rank(*tables)


@pytest.mark.parametrize("method", selection.METHODS)
def test_the_feature_that_makes_the_label_is_first(ranking, method):
    assert ranking["ranking"][method][0] == "a"
    first = ranking["features"]["a"][method]
    assert len(first) == 3
    assert min(first) > 0


def test_every_feature_is_ranked_by_every_method(tables, ranking):
    names = oof.feature_rows(tables[0]).names
    assert tuple(ranking["features"]) == names
    for method in selection.METHODS:
        assert set(ranking["ranking"][method]) == set(names)


def test_ranking_is_the_same_to_the_byte_on_other_threads(tables, ranking):
    assert json.dumps(rank(*tables, threads=2)) == json.dumps(ranking)


def test_full_ranks_on_every_labelled_row(tables):
    found = rank(*tables, fold="full")
    assert found["rows"] == tables[1]["label"].notna().sum()
    assert sum(part["held_out_rows"] for part in found["inner_folds"]) == found["rows"]


def violations(**change):
    """Whether a fold's ranking changes when all that it must not see is replaced by noise."""
    train, folds = training_tables(noise=5)
    honest = rank(train, folds, **change)
    return json.dumps(honest) != json.dumps(rank(*poisoned(train, folds, 1), **change))


@pytest.mark.parametrize("weights", ["uniqueness", "quality"])
def test_ranking_sees_nothing_of_the_fold_that_is_scored(weights):
    assert not violations(weights=weights)


def leak_rows(monkeypatch):
    ranked = selection.ranked

    def of_all_rows(data, rows, **settings):
        return ranked(data, np.flatnonzero(data.labelled), **settings)

    monkeypatch.setattr(selection, "ranked", of_all_rows)


def leak_edges(monkeypatch):
    make, ranked = selection.bin_edges, selection.ranked

    def of_all_rows(data, rows, **settings):
        monkeypatch.setattr(selection, "bin_edges", lambda _, n: make(data.features.values, n))
        return ranked(data, rows, **settings)

    monkeypatch.setattr(selection, "ranked", of_all_rows)


def leak_inner_rows(monkeypatch):
    split = selection.inner_folds

    def with_the_held_out(data, rows, *arguments):
        parts = split(data, rows, *arguments)
        scored = np.flatnonzero((data.fold == 1) & data.labelled)
        return [(train, scored) for train, _ in parts]

    monkeypatch.setattr(selection, "inner_folds", with_the_held_out)


LEAKS = {
    "ranking on all rows": leak_rows,
    "bin edges shared with all rows": leak_edges,
    "importance on the scored fold": leak_inner_rows,
}


@pytest.mark.parametrize("leak", LEAKS)
def test_planted_leak_is_caught(monkeypatch, leak):
    LEAKS[leak](monkeypatch)
    assert violations()


def test_inner_folds_hold_each_row_out_once_and_keep_labels_apart():
    data = training_set(*training_tables())
    rows, held_out = fold_rows(data, 1, 4)
    parts = inner_folds(data, rows, 3, 4, "key")
    assert np.concatenate([held for _, held in parts]).tolist() == rows.tolist()
    for train, held in parts:
        assert set(train) < set(rows) - set(held)
        assert not set(train) & set(held_out)
        overlap = (data.start[train][:, None] <= data.end[held]) & (
            data.end[train][:, None] >= data.start[held]
        )
        assert not overlap.any()
        later = train[train > held[-1]]
        assert not len(later) or (data.start[later[0]] > data.end[held].max())


def test_inner_folds_without_purge_are_caught(monkeypatch):
    monkeypatch.setattr(inner, "training_rows", lambda start, end, held_out, embargo: ~held_out)
    with pytest.raises(AssertionError):
        test_inner_folds_hold_each_row_out_once_and_keep_labels_apart()


def test_inner_embargo_is_in_bars_after_the_held_out_block():
    data = training_set(*training_tables())
    rows = np.flatnonzero(data.labelled)
    held = inner_folds(data, rows, 3, 40, "key")[0][1]
    mask = np.zeros(len(data.start), dtype=bool)
    mask[held] = True
    free = training_rows(data.start, data.end, mask, 40)
    assert inner_folds(data, rows, 3, 40, "key")[0][0].tolist() == rows[free[rows]].tolist()


def test_too_few_rows_for_the_inner_folds_are_one_line():
    train, folds = training_tables()
    with pytest.raises(UserError, match="inner fold 0 of 577 training rows keeps 0 of"):
        rank(train, folds, embargo={"sessions": 0, "min_bars": 9999}, fold="full", inner_folds=2)


TABLE = {"features": {}}
for name, values in {"a": (9, 8, 1), "b": (7, 9, 8), "c": (8, 1, 2), "d": (1, 2, 9)}.items():
    TABLE["features"][name] = {"mda": list(values), "sfi": [0, 0, 0]}


@pytest.mark.parametrize(
    ("names", "n_features", "least", "expected"),
    [
        ("abcd", 2, 0.5, ("a", "b")),  # c and d lead in one inner fold of three
        ("abcd", 2, 1.0, ("b",)),
        ("abcd", 3, 0.0, ("a", "b", "d")),
        ("acd", 2, 0.6, ("a", "d")),  # ranked among themselves d is stable
        ("abcd", 9, 0.5, ("a", "b", "c", "d")),
        ("abcd", 1, 1.0, ("b",)),  # none is first everywhere: the first by the mean
    ],
)
def test_the_first_by_the_mean_among_the_stable_ones_are_chosen(names, n_features, least, expected):
    found = rankings.chosen(
        TABLE, tuple(names), n_features=n_features, method="mda", min_stability=least
    )
    assert found == expected


def test_models_read_the_features_of_the_ranking_that_they_are_given(tables, ranking):
    model = logistic()
    model["needs"] |= {"features": "selected-2"}
    turned = json.loads(json.dumps(ranking))
    for name, of in turned["features"].items():
        of["mda"] = [{"noise_3": 2.0, "a": 1.0}.get(name, 0.0)] * 3
    bundle, _, _ = fit(*tables, model=model, ranking=turned, choice=CHOICE | {"min_stability": 0})
    assert bundle.model.feature_names == ("a", "noise_3")


def test_without_a_file_a_fit_ranks_its_own_rows_by_the_same_function(tables, ranking):
    train, folds = tables
    data = training_set(train, folds)
    rows, _ = fold_rows(data, 1, 4)
    model = logistic()
    model["needs"] |= {"features": "selected-3"}
    given = {key: value for key, value in GIVEN.items() if key != "model"}
    bundle, _ = oof.fit_rows(data, rows, model=model, embargo_bars=4, **given)
    own = selection.ranked(
        data,
        rows,
        **selection.RANKING,
        embargo_bars=4,
        weights="uniqueness",
        threads=1,
        seed=GIVEN["seed"],
    )
    expected = rankings.chosen(own, data.features.names, n_features=3, **rankings.CHOICE)
    assert bundle.model.feature_names == expected


def test_models_that_read_all_features_rank_nothing(tables, monkeypatch):
    monkeypatch.setattr(selection, "ranked", None)
    fit(*tables)
