import numpy as np
import pytest

from mlfactory.novelty import LEAST_ROWS, auc_of_old_against_new, largest, novelty


def rows(n, seed, *, shift=0.0, columns=4):
    found = np.random.default_rng(seed).normal(size=(n, columns))
    found[:, 0] += shift
    return found.astype(np.float32)


def test_rows_of_the_same_kind_are_not_unseen():
    found = novelty(rows(8000, 1), rows(1000, 2))
    assert found.rows == 1000
    assert not found.unseen
    assert found.classified.value == pytest.approx(0.5, abs=0.08)
    assert found.stability.value < 0.05
    assert len(found.stability.past) == len(found.classified.past) == 20


def test_rows_that_moved_farther_than_any_past_stretch_are_unseen():
    found = novelty(rows(8000, 1), rows(1000, 2, shift=1.0))
    assert found.stability.unseen
    assert found.classified.unseen
    assert found.classified.value > 0.7
    assert np.argmax(found.columns) == 0
    words = largest(found.columns, ("moved", "b", "c", "d"))
    assert words.startswith("moved ")
    assert "," not in words


def test_move_that_the_training_rows_made_before_is_not_unseen():
    train = rows(8000, 1)
    train[3000:4000, 0] += 2.0
    assert not novelty(train, rows(400, 2, shift=1.0)).unseen


def test_past_stretch_is_compared_with_the_others_alone():
    """Were it among them, a stretch of a quarter of all rows would look a quarter nearer."""
    train = rows(4000, 1)
    train[:1000, 0] += 3.0
    found = novelty(train, rows(1000, 2))
    expected = auc_of_old_against_new(train[1000:], train[:1000])
    assert found.classified.past[0] == pytest.approx(expected, abs=1e-12)


def test_last_rows_are_compared_where_there_are_many():
    old, moved = rows(4000, 1), rows(1000, 2, shift=1.0)
    assert novelty(old, np.concatenate([rows(3000, 3), moved])).rows == 1000
    assert novelty(old, np.concatenate([rows(3000, 3), moved])).stability.unseen
    assert not novelty(old, np.concatenate([moved, rows(1000, 3)])).stability.unseen


@pytest.mark.parametrize(("train", "new"), [(8000, LEAST_ROWS - 1), (4 * LEAST_ROWS - 1, 5000)])
def test_nothing_is_said_of_few_rows(train, new):
    assert novelty(rows(train, 1), rows(new, 2)) is None


def test_halves_are_cut_in_time():
    """What tells old from new in the first half is the other way round in the second."""
    old, new = rows(400, 1), rows(400, 2)
    old[:200, 0] += 2.0
    new[200:, 0] += 2.0
    assert auc_of_old_against_new(old, new) < 0.2
