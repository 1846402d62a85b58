import pandas as pd
import pytest

from mlfactory.checks.labels import measures


def labels(label, ambiguous, whole, held, uniqueness):
    time = pd.Series(pd.date_range("2024-07-01", periods=len(label), freq="5min", tz="UTC"))
    return pd.DataFrame(
        {
            "label": pd.Series(label, dtype="Int8"),
            "t1": time.where(pd.Series(whole)),
            "ambiguous": ambiguous,
            "bars_held": pd.Series(held, dtype="Int32"),
            "uniqueness": uniqueness,
        }
    )


def test_shares_of_five_rows_by_hand():
    table = labels(
        [0, 0, 2, None, None],
        [False, False, False, True, False],
        [True, True, True, True, False],
        [2, 4, 6, 8, None],
        [0.2, 0.3, 0.4, 0.9, None],
    )
    coarse = table.assign(ambiguous=[True, False, False, True, False])
    assert measures(table, coarse, 10) == pytest.approx(
        {
            "label_share": 3 / 5,
            "class_share": 0,
            "ambiguous_share": 1 / 4,
            "ambiguous_bar_share": 2 / 4,
            "holding_share": 0.4,
            "uniqueness": 0.3,
        }
    )


def test_no_label_at_all_is_measured_too():
    table = labels([None] * 3, [False] * 3, [False] * 3, [None] * 3, [None] * 3)
    found = measures(table, table, 10)
    assert found["label_share"] == 0
    assert found["ambiguous_share"] == 0
