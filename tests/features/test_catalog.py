from collections import Counter

import numpy as np
import pandas as pd
import pytest

import naive_features as naive
from mlfactory.errors import UserError
from mlfactory.features import catalog, momentum, price, timeframe
from mlfactory.features._base import Feature

NAMES = """
return_1 return_5 return_10 return_20 return_60 body_ratio upper_shadow lower_shadow
close_location_value bar_range range_position_20 range_position_60 drawdown_60 drawdown_200
runup_60 fractional_difference_40 overnight_return unfilled_gap session_return
session_range_position previous_session_position
sma_distance_10 sma_distance_20 sma_distance_50 sma_distance_100 sma_distance_200 ema_distance_9
ema_distance_12 ema_distance_21 ema_distance_26 ema_distance_50 sma_ratio_10_50 sma_ratio_50_200
share_above_sma_50
rsi_14 macd_line macd_signal macd_histogram stochastic_k_14 stochastic_d_14 williams_r_14 cci_20
acceleration_10 run_length balance_of_power_14
atr_7 atr_14 atr_21 true_range_ratio_14 bollinger_position bollinger_width keltner_position
squeeze historical_volatility_10 historical_volatility_20 historical_volatility_60 parkinson_20
garman_klass_20 rogers_satchell_20 yang_zhang_20 downside_share_20 skew_20 skew_60 kurtosis_20
kurtosis_60 jump_share_60 volatility_variation_60
obv_change_20 mfi_14 volume_ratio_20 volume_zscore_20 dollar_volume_ratio_10
dollar_volume_ratio_20 vwap_distance vwma_distance_20 chaikin_money_flow_20
return_volume_correlation_20 volatility_volume_correlation_60
adx_14 plus_di_14 minus_di_14 supertrend_distance supertrend_direction aroon_oscillator_25
vortex_14 regression_slope_60 regression_r2_20 regression_r2_60 regression_deviation_20
choppiness_14
hour_sin hour_cos minute_sin minute_cos weekday_sin weekday_cos minutes_since_open
minutes_to_close session_middle tokyo_hours london_hours new_york_hours closure_length
trend_tstat_20 trend_tstat_60 sign_agreement_20 volatility_percentile_200 volatility_ratio_10_60
volatility_ratio_20_200 volume_percentile_200 autocorrelation_60 absolute_autocorrelation_60
variance_ratio_100
amihud_1 amihud_10 amihud_20 roll_spread_20 kyle_lambda_20 corwin_schultz_20 abdi_ranaldo_20
relative_spread_1 relative_spread_10 relative_spread_20 volume_imbalance volume_imbalance_20
trade_intensity_20 trade_intensity_50 efficiency_10 efficiency_20 volatility_ratio_5_20
wavelet_close_a3 wavelet_close_d3 wavelet_close_d2 wavelet_close_d1 wavelet_volume_a3
wavelet_volume_d3 wavelet_volume_d2 wavelet_volume_d1 wavelet_close_energy_d3
wavelet_close_energy_d2 wavelet_close_energy_d1 wavelet_close_energy_ratio_d3
wavelet_close_energy_ratio_d2 wavelet_close_energy_ratio_d1 wavelet_volume_energy_ratio_d3
wavelet_volume_energy_ratio_d2 wavelet_volume_energy_ratio_d1 wavelet_close_mad_volatility
wavelet_volume_mad_volatility wavelet_trend_strength wavelet_trend_direction
tf_15min_open tf_15min_high tf_15min_low tf_15min_close tf_15min_volume_ratio_20 tf_15min_return_5
tf_15min_range_position_20 tf_15min_sma_distance_20 tf_15min_ema_distance_12 tf_15min_rsi_14
tf_15min_atr_14 tf_15min_bollinger_position tf_15min_bollinger_width tf_15min_macd_histogram
tf_30min_open tf_30min_high tf_30min_low tf_30min_close tf_30min_volume_ratio_20 tf_30min_return_5
tf_30min_range_position_20 tf_30min_sma_distance_20 tf_30min_ema_distance_12 tf_30min_rsi_14
tf_30min_atr_14 tf_30min_bollinger_position tf_30min_bollinger_width tf_30min_macd_histogram
tf_1h_open tf_1h_high tf_1h_low tf_1h_close tf_1h_volume_ratio_20 tf_1h_return_5
tf_1h_range_position_20 tf_1h_sma_distance_20 tf_1h_ema_distance_12 tf_1h_rsi_14 tf_1h_atr_14
tf_1h_bollinger_position tf_1h_bollinger_width tf_1h_macd_histogram
tf_4h_open tf_4h_high tf_4h_low tf_4h_close tf_4h_volume_ratio_20 tf_4h_return_5
tf_4h_range_position_20 tf_4h_sma_distance_20 tf_4h_ema_distance_12 tf_4h_rsi_14 tf_4h_atr_14
tf_4h_bollinger_position tf_4h_bollinger_width tf_4h_macd_histogram
tf_1d_open tf_1d_high tf_1d_low tf_1d_close tf_1d_volume_ratio_20 tf_1d_return_5
tf_1d_range_position_20 tf_1d_sma_distance_20 tf_1d_ema_distance_12 tf_1d_rsi_14 tf_1d_atr_14
tf_1d_bollinger_position tf_1d_bollinger_width tf_1d_macd_histogram
"""


@pytest.fixture(scope="module")
def bars():
    return naive.market(7, sessions=34)


def build(bars, **arguments):
    return catalog.build(bars, timezone="America/New_York", **arguments)


def test_the_221_columns_are_these_in_this_order():
    assert list(catalog.names()) == NAMES.split()
    assert len(set(NAMES.split())) == 221


def test_table_has_the_rows_of_the_bars_in_float32(bars):
    table = build(bars)
    assert list(table.columns) == ["datetime", *catalog.names()]
    pd.testing.assert_series_equal(table["datetime"], bars["datetime"])
    assert set(table.drop(columns="datetime").dtypes) == {np.dtype("float32")}


def test_only_the_warm_up_is_missing(bars):
    missing = build(bars).drop(columns="datetime").isna()
    first = catalog.first_complete_row(bars)
    assert missing.iloc[:first].all(axis=None)
    assert not missing.iloc[first:].any(axis=None)


def test_warm_up_ends_with_the_longer_of_bars_and_sessions(bars):
    base = catalog.FeatureSet(catalog.FAMILIES[:8])
    assert catalog.warmup_bars(base) <= 600
    assert catalog.warmup_sessions(base) == 2
    assert catalog.first_complete_row(bars, base) == catalog.warmup_bars(base)
    third_session = int(np.flatnonzero(bars["session"] == bars["session"].unique()[2])[0])
    assert catalog.warmup_bars(catalog.FeatureSet(("price",))) == 200 > third_session
    long_sessions = naive.market(7, sessions=4, bars_a_session=280, hole_share=0.0)
    assert catalog.first_complete_row(long_sessions, base) == 560
    assert catalog.first_complete_row(long_sessions.iloc[100:], base) == 460
    assert catalog.first_complete_row(long_sessions.iloc[250:], base) == catalog.warmup_bars(base)


@pytest.mark.parametrize("bars_a_session", [78, 276, 288])
def test_whole_warm_up_is_21_sessions_of_regular_23_or_24_hours(bars_a_session):
    assert (catalog.warmup_bars(), catalog.warmup_sessions()) == (1007, 21)
    bars = naive.market(1, sessions=25, bars_a_session=bars_a_session, hole_share=0.0)
    first = catalog.first_complete_row(bars)
    assert first == 21 * bars_a_session
    assert bars["session"].iloc[:first].nunique() <= 25


def test_lookback_of_a_timeframe_is_counted_in_bars_and_that_of_the_session_in_sessions():
    described = {feature.name: feature for _, feature in catalog.features()}
    assert described["tf_15min_close"].lookback == 2 * 3 - 1
    assert described["tf_1h_return_5"].lookback == 7 * 12 - 1
    assert described["tf_4h_rsi_14"].lookback == 21 * 48 - 1
    assert (described["tf_1d_rsi_14"].lookback, described["tf_1d_rsi_14"].sessions) == (1, 21)
    minutes = catalog.feature_set(["timeframe"], ["1h"], "1min")
    assert catalog.warmup_bars(minutes) == 61 * 60 - 1


@pytest.mark.parametrize("rows", [0, 1, 3, 300, 1600])
def test_file_shorter_than_the_warm_up_gives_missing_rows_only(bars, rows):
    table = build(bars.iloc[:rows])
    assert table.shape == (rows, 222)
    assert table.drop(columns="datetime").isna().all(axis=None)


def test_single_complete_row_is_built_and_equals_the_batch(bars):
    row = catalog.first_complete_row(bars)
    whole, live = build(bars), build(bars.iloc[: row + 1])
    pd.testing.assert_series_equal(live.iloc[-1], whole.iloc[row])


def test_families_can_be_chosen_and_an_unknown_one_is_refused(bars):
    chosen = catalog.feature_set(["temporal", "timeframe"], ["30min"], "5min")
    table = build(bars, chosen=chosen)
    assert list(table.columns[1:]) == list(catalog.names(chosen))
    assert catalog.manifest(chosen)["n_features"] == len(table.columns) - 1 == 13 + 14
    with pytest.raises(UserError, match=r"unknown feature family 'fractal'; there are price, "):
        catalog.feature_set(["fractal"], [], "5min")


def test_manifest_describes_every_column():
    manifest = catalog.manifest()
    assert manifest["n_features"] == len(manifest["features"]) == 221
    assert (manifest["warmup_bars"], manifest["warmup_sessions"]) == (1007, 21)
    assert list(dict.fromkeys(row["family"] for row in manifest["features"])) == list(
        catalog.FAMILIES
    )
    for row in manifest["features"]:
        assert all(row[key] for key in ("name", "family", "lookback", "source", "unit", "formula"))
        assert isinstance(row["bounded"], bool)
    counts = Counter(row["family"] for row in manifest["features"])
    assert (counts["microstructure"], counts["wavelet"], counts["timeframe"]) == (17, 21, 70)


def test_bounded_columns_stay_in_their_limits_whatever_the_market_does():
    bars = naive.market(11, sessions=30, tick=0.0)
    wild = np.exp(0.02 * np.clip(np.random.default_rng(0).standard_cauchy(len(bars)), -50, 50))
    bars[["open", "high", "low", "close"]] *= wild[:, None]
    bars["volume"] *= np.exp(5.0 * np.random.default_rng(1).normal(size=len(bars)))
    table = build(bars)
    limit = {"percent": 100.0, "bars": 20.0, "minutes": 60.0}
    for _, feature in catalog.features():
        if feature.bounded:
            assert table[feature.name].abs().max() <= limit.get(feature.unit, 1.0) * (1.0 + 1e-6)


def test_family_of_timeframes_describes_the_default_ones_on_the_default_bars():
    described = [feature for family, feature in catalog.features() if family == "timeframe"]
    assert tuple(described) == timeframe.FEATURES


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda columns: columns.pop("rsi_14"), r"momentum: columns missing \['rsi_14'\]"),
        (lambda columns: columns.update(rsi_15=None), r"not declared \['rsi_15'\]"),
        (lambda columns: columns["cci_20"].__setitem__(1700, np.nan), "cci_20 is not finite"),
        (lambda columns: columns["cci_20"].__setitem__(1700, np.inf), "cci_20 is not finite"),
    ],
)
def test_family_that_breaks_its_word_is_an_error(bars, monkeypatch, change, message):
    compute = momentum.compute

    def broken(inputs):
        columns = compute(inputs)
        change(columns)
        return columns

    monkeypatch.setattr(momentum, "compute", broken)
    with pytest.raises(ValueError, match=message):
        build(bars)


def planted(monkeypatch, **described):
    """A column ``planted`` in the price family: ``values(columns)`` of what it computes."""
    values, compute = described.pop("values"), price.compute
    feature = Feature("planted", 1, "test", "ratio", "planted", **described)
    monkeypatch.setattr(price, "FEATURES", (*price.FEATURES, feature))

    def with_planted(inputs):
        columns = compute(inputs)
        return columns | {"planted": values(columns)}

    monkeypatch.setattr(price, "compute", with_planted)


def test_constant_column_is_refused_by_name_unless_a_calendar_makes_it(bars, monkeypatch):
    planted(monkeypatch, values=lambda c: np.full(len(c["return_1"]), 2.5))
    with pytest.raises(UserError, match=r"constant over all \d+ rows .*: planted \(2\.5\)"):
        build(bars)
    monkeypatch.undo()
    planted(monkeypatch, values=lambda c: np.full(len(c["return_1"]), 2.5), constant_ok=True)
    assert (build(bars)["planted"].dropna() == 2.5).all()


@pytest.mark.parametrize("factor", [1.0, -3.0])
def test_copy_of_a_column_is_refused_by_both_names(bars, monkeypatch, factor):
    planted(monkeypatch, values=lambda c: factor * c["return_5"] + 0.1)
    with pytest.raises(UserError, match="return_5 and planted say the same"):
        build(bars)


def test_near_copy_is_let_through(bars, monkeypatch):
    def nearly(columns):
        noise = np.random.default_rng(0).normal(size=len(columns["return_5"]))
        return columns["return_5"] * (1.0 + 1e-3 * noise)

    planted(monkeypatch, values=nearly)
    assert "planted" in build(bars)


def test_short_file_is_not_searched_for_copies(bars, monkeypatch):
    planted(monkeypatch, values=lambda c: c["return_5"])
    short = bars.iloc[: catalog.first_complete_row(bars) + catalog.CHECKED_FROM_ROWS - 1]
    assert "planted" in build(short)


def test_few_sessions_say_nothing_about_columns_of_sessions(monkeypatch):
    """Two sessions of 288 bars are rows enough; columns that change with the session are not."""
    bars = naive.market(
        9, sessions=23, bars_a_session=288, zone="UTC", opening="00:00", hole_share=0.0
    ).iloc[:-1]
    catalog.build(bars, timezone="UTC")
    monkeypatch.setattr(catalog, "CHECKED_FROM_SESSIONS", 1)
    with pytest.raises(UserError, match="tf_1d_"):
        catalog.build(bars, timezone="UTC")


def test_market_around_the_clock_without_gaps_passes_although_its_calendar_columns_are_constant():
    bars = naive.market(
        8, sessions=34, bars_a_session=288, zone="UTC", opening="00:00", hole_share=0.0
    )
    opens = np.concatenate([bars["open"].iloc[:1], bars["close"].iloc[:-1]])
    bars["open"] = opens
    bars["high"] = np.maximum(bars["high"], opens)
    bars["low"] = np.minimum(bars["low"], opens)
    table = catalog.build(bars, timezone="UTC")
    assert (table["overnight_return"].dropna() == 0.0).all()
