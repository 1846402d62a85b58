"""Which longer bar is complete at which row, and the columns against TA-Lib on each window."""

import numpy as np
import pandas as pd
import pytest
import talib

import naive_families
import naive_features as naive
from mlfactory.features import timeframe
from mlfactory.features._base import inputs


def arrays(bars, zone="America/New_York", bar=naive.BAR):
    return inputs(bars, zone, bar.as_unit("ns").value)


def clock(x, row):
    """Minutes after its session's opening at which a row ends."""
    return int((x.time_ns[row] + x.bar_ns - x.session_open_ns[row]) // 60_000_000_000)


def completions(x, name):
    """(rows before, minutes since the opening) at which a completed bar first may be used."""
    last = timeframe.last_completed(x, timeframe.timeframe_bars(x, name).complete_ns)
    rows = np.flatnonzero(np.diff(last, prepend=-1) > 0)
    return [(int(x.session[row]), clock(x, row)) for row in rows]


def regular(**arguments):
    """Two regular sessions of 78 bars of five minutes, 09:30 to 16:00."""
    return naive.market(0, sessions=2, hole_share=0.0, **arguments)


def test_four_hours_of_a_regular_session_are_four_and_two_and_a_half():
    x = arrays(regular())
    day, next_day = x.session[0], x.session[-1]
    assert completions(x, "4h") == [(day, 240), (day, 390), (next_day, 240), (next_day, 390)]
    assert completions(x, "1d") == [(day, 390), (next_day, 390)]
    assert [minutes for _, minutes in completions(x, "1h")][:7] == [
        60,
        120,
        180,
        240,
        300,
        360,
        390,
    ]


def test_bar_that_ends_a_timeframe_bar_may_use_it_and_the_one_before_may_not():
    x = arrays(regular())
    columns = timeframe.compute(x, ("15min",))
    np.testing.assert_allclose(columns["tf_15min_close"][2], 0.0, atol=1e-15)
    np.testing.assert_allclose(
        columns["tf_15min_high"][2:5], np.log(x.high[:3].max() / x.close[2:5])
    )
    np.testing.assert_allclose(columns["tf_15min_open"][5:8], np.log(x.open[3] / x.close[5:8]))
    assert np.isnan(columns["tf_15min_close"][:2]).all()


def test_half_day_completes_its_last_bar_at_the_scheduled_close():
    x = arrays(regular(half_days=(0,)))
    day = x.session[0]
    assert [m for session, m in completions(x, "1h") if session == day] == [60, 120, 180, 190]
    assert [m for session, m in completions(x, "4h") if session == day] == [190]
    assert [m for session, m in completions(x, "1d") if session == day] == [190]


def test_hole_at_the_end_of_a_timeframe_bar_delays_it_to_the_next_row():
    x = arrays(regular(holes=((0, 10, 14),)))
    assert [minutes for _, minutes in completions(x, "1h")][:2] == [75, 120]
    bars = timeframe.timeframe_bars(x, "1h")
    assert bars.close[0] == x.close[9]
    assert bars.open[1] == x.open[10]


def test_hole_at_the_end_of_a_session_delays_its_bars_to_the_next_sessions_first_row():
    x = arrays(regular(holes=((0, 70, 78),)))
    day, next_day = x.session[0], x.session[-1]
    assert completions(x, "1d") == [(next_day, 5), (next_day, 390)]
    assert completions(x, "4h")[:2] == [(day, 240), (next_day, 5)]


def test_timeframe_bar_without_bars_does_not_exist():
    x = arrays(regular(holes=((0, 12, 36),)))
    bars = timeframe.timeframe_bars(x, "1h")
    assert len(bars.close) == 14 - 2
    assert completions(x, "1h")[:2] == [(x.session[0], 60), (x.session[0], 240)]


def test_value_is_held_until_the_next_bar_is_complete():
    x = arrays(regular())
    held = timeframe.compute(x, ("1h",))["tf_1h_close"] + np.log(x.close)
    changes = np.flatnonzero(np.abs(np.diff(np.nan_to_num(held))) > 1e-12) + 1
    assert {clock(x, row) for row in changes} <= {60, 120, 180, 240, 300, 360, 390}


def test_bars_are_anchored_at_the_sessions_opening_on_both_sides_of_the_clock_change():
    bars = naive.market(
        0, sessions=8, bars_a_session=276, zone="America/Chicago", opening="17:00", hole_share=0.0
    )
    x = arrays(bars, "America/Chicago")
    opened = pd.to_datetime(pd.Series(x.session_open_ns), utc=True)
    assert sorted(opened.dt.hour.unique()) == [22, 23]
    by_session = pd.DataFrame(completions(x, "4h"), columns=["session", "minutes"])
    for _, found in by_session.groupby("session"):
        assert found["minutes"].tolist() == [240, 480, 720, 960, 1200, 1380]


def test_around_the_clock_sessions_hold_six_bars_of_four_hours():
    bars = naive.market(
        0, sessions=2, bars_a_session=288, zone="UTC", opening="00:00", hole_share=0.0
    )
    minutes = [m for _, m in completions(arrays(bars, "UTC"), "4h")]
    assert minutes == [240, 480, 720, 960, 1200, 1440] * 2


def test_last_bar_of_a_session_that_is_cut_short_ends_with_it():
    """Bars of 10 minutes in a session of 65: the seventh is 5 minutes long."""
    bars = naive.market(0, sessions=2, bars_a_session=13, hole_share=0.0)
    since = (bars["datetime"] - bars["session_open"]) // pd.Timedelta("10min")
    bars = bars.groupby([bars["session"], since]).first().reset_index(drop=True)
    bars["session"] = np.repeat([0, 1], 7).astype(np.int32)
    x = arrays(bars, bar=pd.Timedelta("10min"))
    last = timeframe.last_completed(x, timeframe.timeframe_bars(x, "30min").complete_ns)
    assert last[:8].tolist() == [-1, -1, 0, 0, 0, 1, 2, 2]


MINUTES = {"15min": 15, "30min": 30, "1h": 60, "4h": 240, "1d": None}
MARKETS = {
    "regular": ({"sessions": 26, "half_days": (3, 20), "holes": ((21, 9, 14), (22, 70, 78))}, 77),
    "23 hours": (
        {
            "sessions": 25,
            "bars_a_session": 276,
            "zone": "America/Chicago",
            "opening": "17:00",
            "half_days": (22,),
        },
        331,
    ),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("market", MARKETS)
def test_columns_equal_talib_on_the_last_completed_bars(market, seed):
    arguments, step = MARKETS[market]
    bars = naive.market(seed, tick=0.0, **arguments)
    x = arrays(bars)
    ours = timeframe.compute(x)
    for t in range(len(bars) - 1, len(bars) - 3 * step, -step // 7):
        for name, minutes in MINUTES.items():
            window = timeframe.memory(name).bars
            past = naive_families.completed(x, t, minutes)
            expected = naive_families.timeframe_columns(past, x.close[t], window)
            assert list(expected) == [column.name for column in timeframe.COLUMNS]
            found = {column: ours[f"tf_{name}_{column}"][t] for column in expected}
            assert found == pytest.approx(expected, rel=1e-7, abs=1e-11)


@pytest.mark.parametrize("seed", range(3))
def test_kernels_equal_talib_on_each_window(seed):
    values = 100.0 + np.cumsum(np.random.default_rng(seed).normal(size=120))
    for window, macd in naive_families.MACD.items():
        ema = naive.over_windows(lambda w: talib.EMA(w.copy(), 12)[-1], window, values)
        np.testing.assert_allclose(timeframe.windowed_ema(values, 12, window), ema, rtol=1e-12)
        rma = naive.over_windows(lambda w: talib.RMA(w.copy(), 14)[-1], window, values)
        np.testing.assert_allclose(timeframe.windowed_rma(values, 14, window), rma, rtol=1e-12)
        histogram = naive.over_windows(
            lambda w, p=macd: talib.MACD(w.copy(), *p)[2][-1], window, values
        )
        ours = timeframe.windowed_macd_histogram(values, *macd, window)
        np.testing.assert_allclose(ours, histogram, atol=1e-11)


def test_index_of_relative_strength_is_neutral_only_when_its_whole_window_stood_still():
    close = np.concatenate([[101.0, 100.0], np.full(60, 100.0)])
    rsi = timeframe._rsi(close, 60)
    assert rsi[59] == 0.0
    assert rsi[61] == 50.0
