from dataclasses import replace

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


def test_sentence_names_the_limits_of_the_checks(evidence):
    chart = label_shares.section(evidence).blocks[0]
    assert chart.alarming == (
        "a class under 5% of the labels (the barriers do not fit), or fewer than 50% of the rows "
        "labelled (the barriers do not fit)"
    )
    assert "max_bars reaches over" not in chart.shows
    without = replace(evidence, audit={**evidence.audit, "checks": []})
    assert label_shares.section(without).blocks[0].alarming.startswith("no limit is configured")


def with_labels(evidence, table):
    parts = tuple(replace(part, labels=table) for part in evidence.horizons)
    return replace(evidence, horizons=parts)


def test_labels_cut_by_the_session_are_said_to_be(evidence):
    known = [0, 2, 2, 1, *4 * [None]]
    table = labels(known, 7 * [False] + [True], 8 * [True]).assign(bars_held=3)
    chart = label_shares.section(with_labels(evidence, table)).blocks[0]
    assert "most of them because max_bars reaches over a session's end" in chart.shows
    assert "labelled (max_bars is long beside a session)" in chart.alarming


def test_reasons_without_a_row_are_not_in_the_legend(evidence):
    table = labels([0, 2, 1, None], 4 * [False], 4 * [True]).assign(bars_held=3)
    chart = label_shares.section(with_labels(evidence, table)).blocks[0]
    names = [name for name, _ in chart.legend]
    assert names == ["short", "neutral", "long", "window cut by session, hole, roll or file"]
    assert [bar["name"] for bar in chart.figures[1].data] == names[3:]
