import numpy as np
import pytest
from small_report import split_config

from mlfactory.oof import fold_rows, training_set
from mlfactory.report.fold_timeline import (
    NO_LABEL,
    close_up,
    fold_roles,
    roles_of,
    runs,
    split_stretches,
)
from mlfactory.splitters import PurgedKFold
from training import training_tables

START = np.arange(12)
MIDDLE = (START >= 4) & (START < 8)


def test_roles_of_twelve_rows_whose_labels_end_two_rows_later():
    roles = roles_of(START, START + 2, MIDDLE, 1)
    assert roles.tolist() == [0, 0, 2, 2, 1, 1, 1, 1, 2, 2, 3, 0]


def test_rows_shown_as_training_are_those_that_the_splitter_trains_on():
    folds = PurgedKFold(3, start=START, end=START + 2, embargo_bars=1)
    for train, held_out in folds.split(START):
        roles = roles_of(START, START + 2, np.isin(START, held_out), 1)
        assert np.flatnonzero(roles == 0).tolist() == train.tolist()
        assert np.flatnonzero(roles == 1).tolist() == held_out.tolist()


def test_rows_shown_as_training_are_those_that_the_fits_use():
    train, folds = training_tables(600)
    data = training_set(train, folds)
    for k, role in fold_roles(folds, {"sessions": 1, "min_bars": 4}).items():
        fitted, held_out = fold_rows(data, k, 50)
        assert np.flatnonzero(role == 0).tolist() == fitted.tolist()
        assert np.flatnonzero(role == 1).tolist() == held_out.tolist()
        assert (role == NO_LABEL).any()
        assert not data.labelled[role == NO_LABEL].any()


def test_runs_are_stretches_of_equal_roles():
    assert runs(np.array([0, 0, 2, 1, 1], dtype=np.int8)) == [(0, 0, 2), (2, 2, 3), (1, 3, 5)]


def test_close_up_counts_bars_from_the_border():
    roles = roles_of(START, START + 2, MIDDLE, 1)
    assert close_up(roles, after=False) == [
        (0, -4, -2),
        (2, -2, 0),
        (1, 0, 4),
        (2, 4, 6),
        (3, 6, 7),
        (0, 7, 8),
    ]
    assert close_up(roles, after=True)[-3:] == [(2, 0, 2), (3, 2, 3), (0, 3, 4)]


@pytest.mark.parametrize(("first", "after"), [(0, False), (8, True)])
def test_close_up_is_empty_at_the_end_of_the_split(first, after):
    held_out = (first <= START) & (first + 4 > START)
    assert close_up(roles_of(START, START + 2, held_out, 1), after=after) == []


def test_splits_and_what_lies_between_cover_every_bar_once():
    stretches = split_stretches(split_config(), 600)
    assert [kind for kind, _, _ in stretches] == [
        *("warm-up", "train", "purged", "embargoed", "val", "purged", "embargoed", "test"),
    ]
    covered = [row for _, first, after in stretches for row in range(first, after)]
    assert covered == list(range(600))
