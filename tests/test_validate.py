import numpy as np
import pandas as pd

from mlfactory.validate import _doubt_of_tick, labels_in_words


def labels(known: list[int], ambiguous: int, cut: int) -> pd.DataFrame:
    """Rows with these labels, rows whose path met both barriers, rows without a whole window."""
    n = len(known) + ambiguous + cut
    time = pd.Series(pd.date_range("2024-07-01", periods=n, freq="5min", tz="UTC"))
    label = pd.Series([*known, *[None] * (ambiguous + cut)], dtype="Int8")
    return pd.DataFrame({"label": label, "t1": time.where(time.index < n - cut)})


def sessions(table: pd.DataFrame, length: int = 100) -> pd.DataFrame:
    return pd.DataFrame({"session": [i // length for i in range(len(table))]})


def said(table: pd.DataFrame, length: int = 100) -> str:
    return labels_in_words(table, sessions(table, length), 50)


def test_labels_are_counted_by_class():
    assert said(labels([0, 0, 1, 2], 1, 0)) == (
        "80% of the training rows have a label (short 50%, neutral 25%, long 25%)"
    )


def test_windows_that_reach_over_the_session_are_a_warning_with_the_way_out():
    words = said(labels([0, 2], 1, 7))
    assert words.startswith("20% of the training rows have a label (short 50%, neutral 0%")
    assert "warning: for 70% the 50 bars that a label may take reach over the end of the" in words
    assert "; only the first 3 of a session's 10 bars have one, models learn from those" in words
    assert "labels: {cross_sessions: true}" in words


def test_holes_in_every_part_of_a_session_are_not_its_later_bars():
    table = labels([0, 2, 1, 0], 0, 0)
    table.loc[[0, 2], "t1"] = pd.NaT
    assert "only the first" not in said(table, length=2)
    assert "reach over" in said(table, length=2)


def test_tick_that_hardly_any_price_is_a_multiple_of_is_doubted_and_the_true_one_named():
    bars = pd.DataFrame({"close": 100 + 0.01 * np.arange(200)})
    account = {"rows": {"kept": 200, "noted": {"off_tick": 190}}}
    (line,) = _doubt_of_tick("SPY", 0.25, bars, account)
    assert line.startswith("SPY: warning: 95% of the rows have a price that is no multiple of")
    assert "tick_size=0.25; closes are multiples of 0.01: is it right" in line
    account["rows"]["noted"]["off_tick"] = 110
    assert list(_doubt_of_tick("SPY", 0.01, bars, account)) == []


def test_no_label_at_all_is_said():
    assert said(labels([], 0, 4)).startswith("0% of the training rows")
