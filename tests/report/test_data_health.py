import numpy as np
import pandas as pd
from small_report import bars

from mlfactory.report import data_health

FIVE = pd.Timedelta("5min")


def without(table, rows):
    return table.drop(index=rows).reset_index(drop=True)


def test_session_has_as_many_scheduled_bars_as_fit_between_open_and_close():
    table = data_health.session_table(without(bars(), [60, 61]), FIVE)
    assert table["scheduled"].unique().tolist() == [50]
    assert table["bars"].tolist() == [50, 48] + 10 * [50]
    assert table["date"].iloc[0] == pd.Timestamp(19000, unit="D")


def test_coverage_falls_where_bars_are_missing_and_is_unknown_after_the_close():
    share, dates, together = data_health.coverage(without(bars(), list(range(62, 74))), FIVE)
    assert share.shape == (5, 12)
    assert together == 1
    assert share[:, 1].tolist() == [1, 0, 1, 1, 1]
    assert share[:, 0].tolist() == [1] * 5
    assert dates.iloc[1] == pd.Timestamp(19001, unit="D")


def test_coverage_joins_sessions_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(data_health, "MAX_COLUMNS", 5)
    share, dates, together = data_health.coverage(without(bars(), list(range(12))), FIVE)
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
