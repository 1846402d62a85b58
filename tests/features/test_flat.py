"""Values that are defined where nothing moves, and of families without a standard twin."""

import numpy as np
import pytest

import naive_features as naive
from mlfactory.features import catalog, momentum, regime, volatility, volume

NEUTRAL = {
    "rsi_14": 50.0,
    "macd_line": 0.0,
    "stochastic_k_14": 0.5,
    "stochastic_d_14": 0.5,
    "williams_r_14": -0.5,
    "cci_20": 0.0,
    "run_length": 0.0,
    "balance_of_power_14": 0.0,
    "atr_14": 0.0,
    "true_range_ratio_14": 0.0,
    "bollinger_position": 0.5,
    "bollinger_width": 0.0,
    "keltner_position": 0.0,
    "squeeze": 0.0,
    "yang_zhang_20": 0.0,
    "downside_share_20": 0.5,
    "skew_20": 0.0,
    "kurtosis_60": 0.0,
    "jump_share_60": 0.0,
    "volatility_variation_60": 0.0,
    "obv_change_20": 0.0,
    "mfi_14": 50.0,
    "volume_ratio_20": 1.0,
    "volume_zscore_20": 0.0,
    "return_volume_correlation_20": 0.0,
    "plus_di_14": 0.0,
    "adx_14": 0.0,
    "supertrend_distance": 0.0,
    "vortex_14": 0.0,
    "regression_r2_60": 0.0,
    "regression_deviation_20": 0.0,
    "choppiness_14": 1.0,
    "trend_tstat_20": 0.0,
    "sign_agreement_20": 0.0,
    "volatility_percentile_200": 0.5,
    "volatility_ratio_20_200": 1.0,
    "volume_percentile_200": 0.5,
    "autocorrelation_60": 0.0,
    "variance_ratio_100": 1.0,
    "share_above_sma_50": 0.5,
    "amihud_1": 1.0,
    "amihud_20": 1.0,
    "roll_spread_20": 0.0,
    "kyle_lambda_20": 0.0,
    "corwin_schultz_20": 0.0,
    "abdi_ranaldo_20": 0.0,
    "relative_spread_10": 0.0,
    "volume_imbalance": 0.0,
    "volume_imbalance_20": 0.0,
    "trade_intensity_20": 0.5,
    "efficiency_10": 0.0,
    "volatility_ratio_5_20": 1.0,
    "wavelet_close_a3": 0.0,
    "wavelet_close_d1": 0.0,
    "wavelet_close_energy_d2": 0.0,
    "wavelet_close_energy_ratio_d3": 0.0,
    "wavelet_volume_mad_volatility": 0.0,
    "wavelet_trend_strength": 0.0,
    "wavelet_trend_direction": 0.0,
}
NEUTRAL |= {
    f"tf_{timeframe}_{name}": value
    for timeframe in ("15min", "4h", "1d")
    for name, value in {
        "open": 0.0,
        "volume_ratio_20": 1.0,
        "return_5": 0.0,
        "range_position_20": 0.5,
        "sma_distance_20": 0.0,
        "ema_distance_12": 0.0,
        "rsi_14": 50.0,
        "atr_14": 0.0,
        "bollinger_position": 0.5,
        "bollinger_width": 0.0,
        "macd_histogram": 0.0,
    }.items()
}


@pytest.mark.parametrize("level", [0.1, 5000.1])
def test_market_that_never_moves_has_its_neutral_values_everywhere(level):
    n = 23 * 96
    session = np.arange(n) // 96
    x = naive.inputs_of(close=[level] * n, volume=[0.3] * n, session=session)
    columns = {}
    for family in catalog.FAMILIES:
        columns |= catalog.MODULES[family].compute(x)
    assert len(columns) == 221
    last = {name: float(columns[name][-1]) for name in NEUTRAL}
    assert last == pytest.approx(NEUTRAL, abs=1e-9)
    assert all(np.isfinite(values[-1]) for values in columns.values())


def test_run_counts_closes_in_one_direction_and_ends_at_an_unchanged_one():
    x = naive.inputs_of(close=[10.0] * 21 + [11.0, 12.0, 13.0, 13.0, 12.0, 11.0])
    runs = momentum.compute(x)["run_length"]
    assert runs[21:].tolist() == [1.0, 2.0, 3.0, 0.0, -1.0, -2.0]


def test_obv_change_is_the_signed_share_of_volume():
    x = naive.inputs_of(close=[10.0] * 18 + [11.0, 11.0, 10.0], volume=[1.0] * 18 + [4.0, 2.0, 1.0])
    assert volume.compute(x)["obv_change_20"][-1] == pytest.approx((4.0 - 1.0) / 24.0)


def test_downside_share_is_one_when_every_move_was_down():
    close = 100.0 - np.arange(21.0)
    assert volatility.compute(naive.inputs_of(close=close))["downside_share_20"][-1] == 1.0


def test_sign_agreement_is_one_when_all_moves_go_one_way_whichever_way():
    for step in (1.0, -1.0):
        close = 100.0 + step * np.arange(21.0)
        assert regime.compute(naive.inputs_of(close=close))["sign_agreement_20"][-1] == 1.0


def test_autocorrelation_of_alternating_returns_is_minus_one():
    close = 100.0 * np.exp(0.01 * (np.arange(70) % 2))
    columns = regime.compute(naive.inputs_of(close=close))
    assert columns["autocorrelation_60"][-1] == pytest.approx(-1.0)
    assert columns["absolute_autocorrelation_60"][-1] == 0.0


def test_variance_ratio_of_independent_returns_is_near_one():
    close = np.exp(np.cumsum(1e-3 * np.random.default_rng(0).normal(size=20_000)))
    ratio = regime.compute(naive.inputs_of(close=close))["variance_ratio_100"]
    assert np.nanmean(ratio) == pytest.approx(1.0, abs=0.06)


def test_jump_share_is_near_one_when_a_single_bar_moves_and_near_zero_without_jumps():
    jump = np.full(80, 100.0)
    jump[50:] = 105.0
    assert volatility.compute(naive.inputs_of(close=jump))["jump_share_60"][-1] == 1.0
    calm = np.exp(np.cumsum(1e-3 * np.random.default_rng(0).normal(size=20_000)))
    share = volatility.compute(naive.inputs_of(close=calm))["jump_share_60"]
    assert np.nanmean(share) == pytest.approx(0.0, abs=0.03)
