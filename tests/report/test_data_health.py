from dataclasses import replace

import numpy as np
import pandas as pd
from small_report import bars

from mlfactory.report import data_health

FIVE = pd.Timedelta("5min")


def without(table, rows):
    return table.drop(index=rows).reset_index(drop=True)


def test_session_has_its_date_last_close_and_volume():
    table = data_health.session_table(without(bars(), [60, 61]))
    assert table["volume"].tolist() == [500, 480] + 10 * [500]
    assert table["date"].iloc[0] == pd.Timestamp(19000, unit="D")
    assert table["close"].iloc[-1] == bars()["close"].iloc[-1]


def test_bars_beyond_the_ends_of_the_file_are_missing_nowhere(evidence):
    short = replace(evidence, bars=without(bars(), [*range(15), *range(592, 600)]))
    facts, _, coverage, _, table = data_health.section(short).blocks
    assert dict(facts.items)["scheduled bars missing in between"] == "0 (0.00%)"
    assert table.note.startswith("No scheduled bar is missing")
    shares = [share for row in coverage.figures[0].data[0]["z"] for share in row]
    assert set(shares) == {100.0, None}


def test_missing_bars_are_those_of_the_holes(evidence):
    short = replace(evidence, bars=without(bars(), [10, 11, 599]))
    facts, *_, table = data_health.section(short).blocks
    assert dict(facts.items)["scheduled bars missing in between"] == "2 (0.33%)"
    assert [row[1] for row in table.rows] == ["2"]


def test_words_are_of_any_instrument(evidence):
    market = data_health.section(evidence).blocks[3]
    assert "volume traded" in market.shows
    assert market.figures[1].layout["yaxis"]["title"]["text"] == "volume"


def test_every_kind_of_row_stands_with_its_share(evidence):
    rows = data_health.section(evidence).blocks[1].figures[0].data[0]
    assert dict(zip(rows["y"], rows["text"], strict=True)) == {
        **{"read": "3,010", "kept": "3,000"},
        **{"removed: duplicates": "10 (0.3%)", "noted: outliers": "2 (under 0.1%)"},
    }


def test_coverage_falls_where_bars_are_missing_and_is_unknown_after_the_close():
    share, dates, together = data_health.coverage(without(bars(), list(range(62, 74))), FIVE)
    assert share.shape == (5, 12)
    assert together == 1
    assert share[:, 1].tolist() == [1, 0, 1, 1, 1]
    assert share[:, 0].tolist() == [1] * 5
    assert dates.iloc[1] == pd.Timestamp(19001, unit="D")


def test_coverage_joins_sessions_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(data_health, "MAX_COLUMNS", 5)
    share, dates, together = data_health.coverage(without(bars(), list(range(50, 62))), FIVE)
    assert together == 3
    assert share.shape == (5, 4)
    assert np.isclose(share[0, 0], 2 / 3)
    assert len(dates) == 4


def test_hole_is_counted_in_scheduled_bars():
    found = data_health.holes(without(bars(), [10, 11, 12, 49, 50, 51, 299, 599]), FIVE)
    assert found["bars"].tolist() == [3, 3, 1]
    assert found["new_segment"].tolist() == [False, False, True]
    assert found["after"].tolist() == bars()["datetime"].iloc[[9, 48, 298]].tolist()


def test_closed_market_is_no_hole():
    time = [bars()[name] + pd.Timedelta("1h") for name in ("datetime", "session_open")]
    later = bars().assign(datetime=time[0], session_open=time[1])
    later["session_close"] += pd.Timedelta("1h")
    both = pd.concat([bars().iloc[:50], later.iloc[50:]], ignore_index=True)
    assert data_health.holes(both, FIVE).empty


def test_segment_begins_by_a_roll_or_by_a_hole():
    assert data_health.breaks(bars()) == [("2022-01-14", "roll")]
    same = bars().assign(contract=pd.Series([None] * 600, dtype="str"))
    assert data_health.breaks(same) == [("2022-01-14", "hole")]
