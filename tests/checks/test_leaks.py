"""Each leak is planted in what is checked, and counted."""

import numpy as np
import pandas as pd

from mlfactory.checks import leaks
from training import training_tables

EMBARGO = {"sessions": 0, "min_bars": 4}
TIME = pd.Series(pd.date_range("2024-07-01", periods=12, freq="5min", tz="UTC").as_unit("ns"))


def splits(first, second):
    return {"train": pd.DataFrame({"datetime": first}), "val": pd.DataFrame({"datetime": second})}


def test_label_that_ends_after_the_next_split_has_begun_is_counted():
    labels = pd.DataFrame({"datetime": TIME, "t1": TIME + pd.Timedelta("15min")})
    assert leaks.border_leaks(labels, splits(TIME[:5], TIME[8:])) == 0
    assert leaks.border_leaks(labels, splits(TIME[:7], TIME[8:])) == 1


def test_purge_that_does_not_purge_is_counted(monkeypatch):
    _, folds = training_tables(600)
    assert leaks.fold_leaks(folds, EMBARGO) == 0
    monkeypatch.setattr(leaks, "training_rows", lambda start, end, held_out, bars: ~held_out)
    assert leaks.fold_leaks(folds, EMBARGO) > 0


def test_row_of_another_split_among_the_folds_is_counted():
    train, folds = training_tables(600)
    assert leaks.stray_rows(folds, train) == 0
    assert leaks.stray_rows(folds, train[:-2]) == 2


def test_scaler_of_other_rows_is_counted():
    rows = np.random.default_rng(0).normal(size=(501, 2))
    train = pd.DataFrame(rows - np.median(rows, axis=0), columns=["a", "b"])
    assert leaks.scaled_elsewhere(train, ["a", "b"]) == 0
    assert leaks.scaled_elsewhere(train.assign(b=train["b"] + 0.1), ["a", "b"]) == 1


def test_count_fails_and_none_passes():
    good, bad = leaks.leak_checks({"one": {"h5": 0, "h20": 0}, "other": {"h5": 0, "h20": 2}})
    assert (good.outcome, good.value) == ("pass", 0)
    assert (bad.outcome, bad.of, bad.value) == ("fail", "h20", 2)
