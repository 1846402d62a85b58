"""Synthetic markets: calendar, shape, nothing to find in the null, a known drift in the planted."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import naive_synthetic as naive
from mlfactory import _markets, synthetic
from mlfactory.calendar import sessions
from mlfactory.errors import UserError

ARGUMENTS = {
    "kind": "planted",
    "start": "2024-01-02",
    "months": 6,
    "seed": 7,
    "strength": 1.0,
    "calendar": "CME_Equity",
    "tick_size": 0.25,
}


def minutes(**changes):
    return synthetic.market(**(ARGUMENTS | changes))


def five_minute_bars(frame):
    """Bars of the minutes; sessions open on the hour, so that the clock's grid is the session's."""
    by_bar = frame.groupby(frame["datetime"].dt.floor("5min"), sort=True)
    bars = by_bar.agg({"open": "first", "high": "max", "low": "min", "close": "last"})
    return bars.reset_index()


def standardised_returns(bars):
    """Log returns over the spread of the 50 before them, and the state in force before each."""
    state = synthetic.drift_state(bars)["state"]
    returns = np.log(bars["close"]).diff()
    inside = bars["datetime"].diff() == pd.Timedelta("5min")
    scaled = (returns / returns.rolling(50).std().shift(1)).where(inside)
    known = scaled.notna()
    return scaled[known].clip(-5, 5).to_numpy(), state.shift(1)[known].to_numpy()


def t_of_mean(values):
    return values.mean() / values.std(ddof=1) * np.sqrt(len(values))


@pytest.fixture(scope="module")
def planted():
    return minutes()


@pytest.fixture(scope="module")
def null():
    return minutes(kind="null")


def test_minutes_are_typed_ascending_and_named(planted):
    assert list(planted) == ["datetime", "open", "high", "low", "close", "volume"]
    assert str(planted["datetime"].dtype) == "datetime64[ns, UTC]"
    assert planted["volume"].dtype == np.int64
    assert (planted["volume"] >= 1).all()
    assert planted["datetime"].is_monotonic_increasing
    assert planted["datetime"].is_unique
    assert not planted.isna().any().any()


def test_every_minute_lies_in_a_session_and_every_session_is_traded(planted):
    ns = planted["datetime"].to_numpy("datetime64[ns]").astype(np.int64)
    known = sessions("CME_Equity", pd.Timestamp("2024-01-02", tz="UTC"), planted["datetime"].max())
    number = known.locate(ns)
    assert (number >= 0).all()
    assert set(known.date[number]) == set(known.date)
    assert pd.Timestamp(int(known.date[0]), unit="D") == pd.Timestamp("2024-01-02")


def test_maintenance_hour_weekend_and_holiday_are_closed(planted):
    chicago = planted["datetime"].dt.tz_convert("America/Chicago")
    assert not (chicago.dt.hour == 16).any()
    assert not (chicago.dt.day_of_week == 5).any()
    good_friday = planted[chicago.dt.date == pd.Timestamp("2024-03-29").date()]
    assert good_friday["datetime"].max() < pd.Timestamp("2024-03-29 13:15", tz="UTC")


def test_session_before_a_holiday_closes_early_at_noon(planted):
    day = planted["datetime"].between("2024-05-26 22:00+00:00", "2024-05-27 21:59+00:00")
    assert planted.loc[day, "datetime"].max() < pd.Timestamp("2024-05-27 17:00", tz="UTC")
    assert day.sum() > 1100


def test_sessions_follow_the_exchange_through_the_clock_change(planted):
    at_open = planted["datetime"].dt.tz_convert("America/Chicago").dt.hour == 17
    hours = planted.loc[at_open, "datetime"].dt.hour
    assert set(hours) == {22, 23}


@pytest.mark.parametrize("tick_size", [0.25, 0.1, 0.005])
def test_prices_are_on_ticks(tick_size):
    prices = minutes(months=1, tick_size=tick_size)[["open", "high", "low", "close"]]
    ticks = prices.to_numpy() / tick_size
    assert np.abs(ticks - np.rint(ticks)).max() < 1e-6


def test_open_and_close_lie_between_low_and_high(planted):
    assert (planted["high"] >= planted[["open", "close"]].max(axis=1)).all()
    assert (planted["low"] <= planted[["open", "close"]].min(axis=1)).all()
    assert (planted["low"] > 0).all()


def test_opening_is_near_the_last_close_and_further_after_a_closure(planted):
    gap = ((planted["open"] - planted["close"].shift()).abs() / 0.25)[1:]
    inside = planted["datetime"].diff()[1:] == pd.Timedelta("1min")
    assert (gap[inside] <= 1).mean() > 0.85
    assert gap[~inside & (planted["datetime"].diff()[1:] >= pd.Timedelta("1h"))].median() > 5


def test_a_few_quiet_minutes_are_absent_and_busy_ones_never(planted):
    scheduled = _markets.schedule("CME_Equity", "2024-01-02", 6)
    absent = ~np.isin(
        scheduled.open_ns, planted["datetime"].to_numpy("datetime64[ns]").astype(np.int64)
    )
    assert 0.01 < absent[scheduled.volume < 0.3].mean() < 0.03
    assert absent[scheduled.volume > 2].mean() < 0.0005


def test_same_seed_gives_the_same_bytes_and_another_seed_other_ones(planted):
    pd.testing.assert_frame_equal(planted, minutes(), check_exact=True)
    assert not np.array_equal(planted["close"][:500], minutes(months=1, seed=8)["close"][:500])


def test_fewer_months_are_the_head_of_more(planted):
    short = minutes(months=2)
    assert len(short) < 0.4 * len(planted)
    pd.testing.assert_frame_equal(short, planted.head(len(short)), check_exact=True)


def test_planted_market_without_strength_is_the_null_market():
    none = minutes(months=1, strength=0.0)
    pd.testing.assert_frame_equal(none, minutes(months=1, kind="null"), check_exact=True)


def test_market_has_the_size_of_a_micro_sp_future(null):
    bars = five_minute_bars(null)
    returns = np.log(bars["close"]).diff()
    assert 0.14 < returns.std() * np.sqrt(252 * 276) < 0.23
    true_range = (bars["high"] - bars["low"]).ewm(alpha=1 / 14, adjust=False).mean() / 0.25
    assert 14 < true_range.median() < 20


def test_jumps_are_as_frequent_as_the_law_says_and_go_both_ways():
    law = synthetic.Law(kind="null", jumps_per_session=20.0, volatility_spread=(0.0, 0.0))
    clock = _markets.schedule("CME_Equity", "2024-01-02", 2)
    prices = synthetic._simulate(law, clock, seed=3).prices
    moves = np.log(prices[:, 3] / prices[:, 0]) / clock.volatility
    scaled = moves / np.nanmedian(np.abs(moves)) * 0.6745
    n_jumps = 20 * len(moves) / 1380
    beyond = np.abs(scaled) > 6  # a jump and its minute: sqrt(37) sigmas, 32 % are beyond 6
    assert 0.25 < beyond.sum() / n_jumps < 0.40
    assert 0.4 < (scaled[beyond] > 0).mean() < 0.6


def test_tails_are_fat(null):
    assert np.log(null["close"]).diff().kurt() > 5


def test_volatility_clusters_beyond_the_clock(null):
    bars = five_minute_bars(null)
    size = np.log(bars["close"]).diff().abs()
    by_clock = size / size.groupby(bars["datetime"].dt.time).transform("mean")
    assert by_clock.autocorr(1) > 0.1
    assert by_clock.autocorr(50) > 0.1


def test_volume_and_volatility_follow_the_clock_of_the_exchange(null):
    hour = null["datetime"].dt.tz_convert("America/Chicago").dt.hour
    volume = null["volume"].groupby(hour).mean()
    size = (null["high"] - null["low"]).groupby(hour).mean()
    for quantity, ratio in ((volume, 5), (size, 1.8)):
        assert quantity[9] > ratio * quantity[22]
        assert quantity[8] > quantity[12]
        assert quantity[2] > quantity[0]
        assert quantity[14] > quantity[12]


def test_null_returns_have_no_autocorrelation(null):
    scaled, _ = standardised_returns(five_minute_bars(null))
    centred = scaled - scaled.mean()
    lags = np.array([(centred[k:] * centred[:-k]).mean() for k in range(1, 21)]) / scaled.var()
    assert np.abs(lags[0]) < 2 / np.sqrt(len(scaled))
    assert len(scaled) * (lags**2).sum() < 37.6  # chi-square, 20 degrees, 99 %


def test_rounding_to_ticks_hardly_bounces_in_the_null(null):
    returns = np.log(null["close"]).diff()[1:]
    assert abs(returns.autocorr(1)) < 0.01


def test_null_returns_have_mean_zero_in_every_state(null):
    scaled, state = standardised_returns(five_minute_bars(null))
    for value in (-1, 0, 1):
        assert abs(t_of_mean(scaled[state == value])) < 3


def test_planted_returns_lean_against_the_state(planted):
    scaled, state = standardised_returns(five_minute_bars(planted))
    assert t_of_mean(scaled[state == -1]) > 5
    assert t_of_mean(scaled[state == 1]) < -5
    assert abs(t_of_mean(scaled[state == 0])) < 3


def test_twice_the_strength_is_twice_the_lean():
    def lean(strength):
        scaled, state = standardised_returns(five_minute_bars(minutes(strength=strength)))
        return -(scaled * state).sum() / (state != 0).sum()

    assert lean(2.0) == pytest.approx(2 * lean(1.0), rel=0.3)


def test_drift_state_is_not_changed_by_later_bars(planted):
    bars = five_minute_bars(planted)[:300]
    whole = synthetic.drift_state(bars)
    for n in (21, 50, 299):
        pd.testing.assert_frame_equal(synthetic.drift_state(bars[:n]), whole[:n])


def truth(kind):
    """What the law knows of the six months of seed 7."""
    where = {name: ARGUMENTS[name] for name in ("start", "months", "seed", "calendar")}
    return synthetic.bar_truth(synthetic.Law(kind=kind), bars=50, **where)


def test_bar_truth_is_that_of_the_printed_bars(planted):
    known = truth("planted")
    bars = five_minute_bars(planted)
    pd.testing.assert_frame_equal(known[["datetime", "state"]], synthetic.drift_state(bars))
    earlier = known["tstat"] - known["recent"]
    half = np.log(bars["close"]).diff().rolling(10).sum()
    assert (np.sign(half.shift(10)) == np.sign(earlier.round(9)))[40:].all()


def test_forward_move_is_the_size_of_the_null_market_s_next_moves(null):
    close = five_minute_bars(null)["close"]
    scaled = np.log(close.shift(-50) / close) / truth("null")["forward_move"]
    assert 0.93 < scaled.std() < 1.07
    assert scaled.isna().sum() == 50


@pytest.mark.parametrize("seed", range(6))
def test_prices_agree_with_the_slow_twin(seed):
    rng = np.random.default_rng(seed)
    n = 300
    arguments = (
        np.repeat(np.arange(n // 5), 5) + (np.arange(n) > 150) * 3,
        rng.random(n) < 0.3,
        np.full(n, 5e-4),
        rng.normal(0, 1e-4, n),
        rng.standard_normal(n),
        np.where(rng.random(n) < 0.02, rng.normal(0, 3e-3, n), 0.0),
        1.0 - rng.random((n, 2)),
        5000.0,
        0.25,
        -0.5,
        1.0,
    )
    expected = naive.print_prices(*arguments)
    np.testing.assert_allclose(_markets.print_prices(*arguments), expected, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_autoregression_and_trend_agree_with_slow_twins(seed):
    rng = np.random.default_rng(seed)
    shocks = rng.standard_normal(200)
    np.testing.assert_allclose(
        _markets.autoregression(shocks, 0.97), naive.autoregression(shocks, 0.97)
    )
    close = 5000 * np.exp(np.cumsum(shocks) * 1e-3)
    close[100:130] = close[100]
    expected = [naive.trend_tstat(list(close[: t + 1])) for t in range(200)]
    np.testing.assert_allclose(_markets.trend_tstats(close), expected, atol=1e-9)


def test_forward_volatility_agrees_with_simulated_volatilities():
    rng = np.random.default_rng(1)
    pattern = rng.uniform(1, 2, 120)
    parts = rng.standard_normal((2, 120))
    persistences, spreads = np.array([0.97, 0.999]), np.array([0.3, 0.4])
    arguments = (pattern, parts, persistences, spreads, 50)
    found = _markets.forward_volatility(np.array([4, 9, 90]), *arguments)
    expected = [naive.forward_volatility(end, *arguments) for end in (4, 9)]
    np.testing.assert_allclose(found[:2], expected, rtol=0.03)
    assert np.isnan(found[2])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "trend"}, "'trend' is unknown; use null or planted"),
        ({"strength": -1.0}, "strength=-1.0 is outside 0 to 3"),
        ({"tick_size": 0.0}, "tick_size=0.0 is outside"),
        ({"months": 0}, "months=0"),
        ({"start": "soon"}, "start='soon' is no date"),
        ({"start": "2024-02-31"}, "no day of the calendar"),
        ({"calendar": "CME_Equitty"}, "unknown calendar"),
    ],
)
def test_wrong_argument_is_refused_in_one_line(changes, message):
    with pytest.raises(UserError, match=message):
        minutes(**changes)


@pytest.fixture(scope="module")
def benchmark():
    path = Path(__file__).parents[1] / "benchmarks" / "planted.py"
    spec = importlib.util.spec_from_file_location("planted", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_best_possible_prediction_finds_direction_in_planted_and_none_in_null(benchmark):
    found = {
        kind: benchmark.best_possible(
            synthetic.Law(kind=kind, strength=2.0), seed=7, months=3, markets=4
        )
        for kind in synthetic.KINDS
    }
    assert found["planted"]["direction_auc"] > 0.58
    assert found["planted"]["direction_gain"] > 0.01
    assert abs(found["null"]["direction_auc"] - 0.5) < 0.02
    assert found["null"]["direction_gain"] < 0.001


def test_best_possible_refuses_to_be_scored_on_what_it_tabulated(benchmark):
    with pytest.raises(ValueError, match="one of those that are tabulated"):
        benchmark.best_possible(synthetic.Law(kind="planted"), seed=1000, markets=1)
