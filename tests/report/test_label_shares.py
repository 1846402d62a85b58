import numpy as np
import pandas as pd
import pytest

from mlfactory.report import label_shares


def labels(label, ambiguous, tradable, event=True):
    return pd.DataFrame(
        {
            "datetime": pd.date_range("2024-01-02", periods=len(label), freq="5min", tz="UTC"),
            "label": pd.array(label, dtype="Int8"),
            "ambiguous": ambiguous,
            "tradable": tradable,
            "event": event,
        }
    )


def test_rows_are_counted_by_class_or_by_why_they_have_none():
    table = labels(
        [0, 2, 2, 1, None, None, None, None],
        [False, False, False, False, True, False, False, True],
        [True, True, True, True, True, False, True, False],
        [True, True, True, True, True, True, True, False],
    )
    assert label_shares.counts(table) == {"short": 1, "neutral": 1, "long": 2}
    assert list(label_shares.unknown(table).values()) == [1, 1, 1, 1]


def test_shares_over_time_are_those_of_each_run_of_rows():
    label = np.r_[np.zeros(400), np.full(400, 2)].astype(int).tolist()
    shares = label_shares.over_time(labels(label, [False] * 800, [True] * 800))
    assert shares["short"].tolist() == [1, 1, 0, 0]
    assert shares.sum(axis=1).tolist() == pytest.approx([1] * 4)
    assert shares.index[0] == "2024-01-02 00:00"
