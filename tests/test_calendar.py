import numpy as np
import pandas as pd
import pytest

from mlfactory.calendar import sessions
from mlfactory.errors import UserError

HOUR_NS = 3_600_000_000_000


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def hours(found) -> list[float]:
    return ((found.close_ns - found.open_ns) / HOUR_NS).tolist()


def opens(found) -> list[str]:
    return [str(t) for t in pd.to_datetime(found.open_ns).strftime("%m-%d %H:%M")]


def test_cme_session_opens_the_evening_before_and_follows_the_exchange_zone_over_dst():
    found = sessions("CME_Equity", utc("2024-03-07 12:00"), utc("2024-03-11 12:00"))
    assert opens(found) == ["03-06 23:00", "03-07 23:00", "03-10 22:00"]
    assert hours(found) == [23.0, 23.0, 23.0]
    assert found.timezone == "America/Chicago"
    assert pd.Timestamp(int(found.date[-1]), unit="D") == pd.Timestamp("2024-03-11")


def test_holiday_has_no_session_and_the_day_after_it_closes_early():
    found = sessions("NYSE", utc("2024-11-27 00:00"), utc("2024-11-30 00:00"))
    assert opens(found) == ["11-27 14:30", "11-29 14:30"]
    assert hours(found) == [6.5, 3.5]


def test_around_the_clock_means_utc_days():
    found = sessions("24/7", utc("2024-03-09 10:00"), utc("2024-03-10 10:00"))
    assert opens(found) == ["03-09 00:00", "03-10 00:00"]
    assert hours(found) == [24.0, 24.0]
    assert found.timezone == "UTC"


def test_time_at_the_close_is_outside_and_at_the_open_inside():
    found = sessions("NYSE", utc("2024-07-01 12:00"), utc("2024-07-02 22:00"))
    times = pd.DatetimeIndex(
        [
            *("2024-07-01 13:29:59", "2024-07-01 13:30", "2024-07-01 19:59"),
            *("2024-07-01 20:00", "2024-07-02 13:30", "2024-07-03 15:00"),
        ],
        dtype="datetime64[ns]",
    )
    assert found.locate(times.asi8).tolist() == [-1, 0, 0, -1, 1, -1]


def test_closures_take_no_market_time():
    found = sessions("NYSE", utc("2024-07-01 12:00"), utc("2024-07-02 22:00"))
    times = pd.DatetimeIndex(
        ["2024-07-01 10:00", "2024-07-01 19:00", "2024-07-02 03:00", "2024-07-02 14:30"],
        dtype="datetime64[ns]",
    )
    assert (found.open_time_ns(times.asi8) / HOUR_NS).tolist() == [0.0, 5.5, 6.5, 7.5]


def test_sessions_do_not_depend_on_how_much_is_asked_for():
    short = sessions("CME_Equity", utc("2024-06-03"), utc("2024-06-07"))
    long = sessions("CME_Equity", utc("2023-01-03"), utc("2024-12-30"))
    same = np.isin(long.date, short.date)
    np.testing.assert_array_equal(long.open_ns[same], short.open_ns)
    np.testing.assert_array_equal(long.close_ns[same], short.close_ns)


def test_unknown_calendar_names_the_nearest():
    with pytest.raises(UserError, match=r"unknown calendar 'CME_Equty'; did you mean CME_Equity\?"):
        sessions("CME_Equty", utc("2024-06-03"), utc("2024-06-07"))


def test_range_without_a_session_is_refused():
    with pytest.raises(UserError, match="NYSE has no session"):
        sessions("NYSE", utc("2024-06-08 12:00"), utc("2024-06-09 12:00"))
