import pandas as pd

from mlfactory.validate import labels_in_words


def labels(known: list[int], ambiguous: int, cut: int) -> pd.DataFrame:
    """Rows with these labels, rows whose path met both barriers, rows without a whole window."""
    n = len(known) + ambiguous + cut
    time = pd.Series(pd.date_range("2024-07-01", periods=n, freq="5min", tz="UTC"))
    label = pd.Series([*known, *[None] * (ambiguous + cut)], dtype="Int8")
    return pd.DataFrame({"label": label, "t1": time.where(time.index < n - cut)})


def test_labels_are_counted_by_class():
    assert labels_in_words(labels([0, 0, 1, 2], 1, 0), 50) == (
        "80% of the training rows have a label (short 50%, neutral 25%, long 25%)"
    )


def test_windows_that_reach_over_the_session_are_a_warning_with_the_way_out():
    words = labels_in_words(labels([0, 2], 1, 7), 50)
    assert words.startswith("20% of the training rows have a label (short 50%, neutral 0%")
    assert "warning: for 70% the 50 bars that a label may take reach over the end of the" in words
    assert "labels: {cross_sessions: true}" in words


def test_no_label_at_all_is_said():
    assert labels_in_words(labels([], 0, 4), 50).startswith("0% of the training rows")
