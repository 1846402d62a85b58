"""Standard indicators against TA-Lib and pandas, on a market without ties or flat bars."""

import numpy as np
import pandas as pd
import pytest
import talib

import naive_features as naive
from mlfactory.features import catalog, momentum, trend, volatility, volume
from mlfactory.features._base import inputs

COMPARED = slice(400, None)


@pytest.fixture(scope="module")
def x():
    bars = naive.market(3, tick=0.0, flat_share=0.0, hole_share=0.0)
    return inputs(bars, "America/New_York", naive.BAR.as_unit("ns").value)


@pytest.fixture(scope="module")
def columns(x):
    return {
        name: values
        for family in catalog.FAMILIES
        for name, values in catalog.MODULES[family].compute(x).items()
    }


def same(ours, theirs, rtol=1e-6):
    np.testing.assert_allclose(ours[COMPARED], np.asarray(theirs)[COMPARED], rtol=rtol, atol=1e-9)


def test_stochastic_and_williams_are_those_of_talib(x, columns):
    k, d = talib.STOCH(x.high, x.low, x.close, 14, 3, 0, 3, 0)
    same(columns["stochastic_k_14"], k / 100.0)
    same(columns["stochastic_d_14"], d / 100.0)
    same(columns["williams_r_14"], talib.WILLR(x.high, x.low, x.close, 14) / 100.0)


def test_money_flow_index_is_that_of_talib(x, columns):
    same(columns["mfi_14"], talib.MFI(x.high, x.low, x.close, x.volume, 14))


def test_directional_movement_is_that_of_talib(x, columns):
    same(columns["plus_di_14"], talib.PLUS_DI(x.high, x.low, x.close, 14))
    same(columns["minus_di_14"], talib.MINUS_DI(x.high, x.low, x.close, 14))
    same(columns["adx_14"], talib.ADX(x.high, x.low, x.close, 14))


def test_bollinger_bands_are_those_of_talib(x, columns):
    upper, middle, lower = talib.BBANDS(x.close, 20, 2.0, 2.0)
    same(columns["bollinger_position"], (x.close - lower) / (upper - lower), rtol=1e-5)
    same(columns["bollinger_width"], (upper - lower) / middle, rtol=1e-5)


def test_aroon_and_vortex_are_those_of_talib(x, columns):
    same(columns["aroon_oscillator_25"], talib.AROONOSC(x.high, x.low, 25))
    plus, minus = talib.VORTEX(x.high, x.low, x.close, 14)
    same(columns["vortex_14"], plus - minus)


def test_moving_averages_are_those_of_pandas(x, columns):
    close = pd.Series(x.close)
    for n in (10, 20, 50, 100, 200):
        same(columns[f"sma_distance_{n}"], close / close.rolling(n).mean() - 1.0)
    for n in (9, 12, 21, 26):
        same(columns[f"ema_distance_{n}"], close / close.ewm(span=n, adjust=False).mean() - 1.0)


def test_macd_is_that_of_pandas(x, columns):
    close = pd.Series(x.close)
    fast, slow = (close.ewm(span=n, adjust=False).mean() for n in (12, 26))
    signal = (fast - slow).ewm(span=9, adjust=False).mean()
    same(columns["macd_line"], (fast - slow) / close, rtol=1e-5)
    same(columns["macd_signal"], signal / close, rtol=1e-5)
    same(columns["macd_histogram"], (fast - slow - signal) / close, rtol=1e-4)


def test_rsi_and_atr_are_wilder_averages_of_pandas(x, columns):
    change = pd.Series(x.close).diff()
    gain = change.clip(lower=0.0).ewm(alpha=1 / 14, adjust=False).mean()
    size = change.abs().ewm(alpha=1 / 14, adjust=False).mean()
    same(columns["rsi_14"], 100.0 * gain / size)
    previous = pd.Series(x.close).shift()
    spread = np.maximum(x.high, previous) - np.minimum(x.low, previous)
    for n in (7, 14, 21):
        atr = spread.ewm(alpha=1 / n, adjust=False).mean()
        same(columns[f"atr_{n}"], atr / x.close)
    same(columns["true_range_ratio_14"], spread / spread.ewm(alpha=1 / 14, adjust=False).mean())


def test_cci_is_the_deviation_in_mean_deviations(x, columns):
    typical = (x.high + x.low + x.close) / 3.0
    expected = naive.over_windows(
        lambda w: (w[-1] - w.mean()) / (0.015 * np.abs(w - w.mean()).mean()), 20, typical
    )
    same(columns["cci_20"], expected)


def test_historical_volatility_and_trend_statistic_are_those_of_pandas(x, columns):
    returns = pd.Series(np.log(x.close)).diff()
    for n in (10, 20, 60):
        same(columns[f"historical_volatility_{n}"], returns.rolling(n).std())
    t = returns.rolling(20).mean() / returns.rolling(20).std() * np.sqrt(20)
    same(columns["trend_tstat_20"], t)
    same(columns["return_20"], returns.rolling(20).sum())


def test_range_estimators_agree_with_the_close_to_close_one_on_a_fine_random_walk():
    steps = 2e-4 * np.random.default_rng(1).normal(size=(400, 500))
    path = 100.0 * np.exp(np.cumsum(steps.ravel())).reshape(steps.shape)
    open_ = np.concatenate([[100.0], path[:-1, -1]])
    high, low = np.maximum(path.max(1), open_), np.minimum(path.min(1), open_)
    x = naive.inputs_of(open=open_, high=high, low=low, close=path[:, -1])
    columns = volatility.compute(x)
    for name in ("parkinson_20", "garman_klass_20", "rogers_satchell_20", "yang_zhang_20"):
        measured = np.sqrt(np.nanmean(columns[name] ** 2))
        assert measured == pytest.approx(2e-4 * np.sqrt(500), rel=0.07), name


def test_yang_zhang_weighs_gap_body_and_rogers_satchell(x, columns):
    gap = pd.Series(np.log(x.open[1:] / x.close[:-1])).rolling(20).var()
    body = pd.Series(np.log(x.close / x.open)).rolling(20).var()
    k = 0.34 / (1.34 + 21 / 19)
    expected = np.sqrt(
        np.concatenate([[np.nan], gap]) + k * body + (1.0 - k) * columns["rogers_satchell_20"] ** 2
    )
    same(columns["yang_zhang_20"], expected)


@pytest.mark.parametrize("seed", range(3))
def test_skew_and_kurtosis_equal_their_twins(seed):
    values = np.random.default_rng(seed).standard_t(3, size=150)
    values[50:80] = 0.0
    skew, kurtosis = volatility.rolling_skew_kurtosis(values, 20)
    np.testing.assert_allclose(skew, naive.over_windows(naive.skew, 20, values), atol=1e-9)
    np.testing.assert_allclose(kurtosis, naive.over_windows(naive.kurtosis, 20, values), atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_regression_equals_its_twin(seed):
    values = np.cumsum(np.random.default_rng(seed).normal(size=80))
    ours = np.array(trend.rolling_regression(values, 20))
    for t, window in naive.windows(values, 20):
        np.testing.assert_allclose(ours[:, t], naive.regression(window), rtol=1e-8, atol=1e-9)


def test_regression_of_a_straight_line_leaves_no_residual_and_of_a_flat_one_explains_nothing():
    line = trend.rolling_regression(np.arange(20.0), 20)
    flat = trend.rolling_regression(np.full(20, 3.3), 20)
    assert [round(float(values[-1]), 9) for values in line] == [1.0, 1.0, 0.0]
    assert [round(float(values[-1]), 9) for values in flat] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("seed", range(3))
def test_supertrend_equals_its_twin_in_every_window(seed):
    rng = np.random.default_rng(seed)
    close = 100.0 + np.cumsum(rng.normal(size=260))
    middle, half = close + 0.2 * rng.normal(size=260), 2.0 + 0.2 * rng.random(260)
    half[:10] = np.nan
    line, direction = trend.supertrend(middle, close, half, 40)
    assert np.isnan(line[:49]).all()
    assert set(direction[49:]) == {-1.0, 1.0}
    for t in range(49, 260):
        window = slice(t - 39, t + 1)
        assert (line[t], direction[t]) == naive.supertrend(
            middle[window], close[window], half[window]
        )


@pytest.mark.parametrize("seed", range(3))
def test_aroon_equals_its_twin_and_takes_the_latest_of_equal_extremes(seed):
    rng = np.random.default_rng(seed)
    high = np.round(100.0 + np.cumsum(rng.normal(size=120)))
    low = high - rng.integers(0, 3, 120)
    expected = naive.over_windows(naive.aroon, 26, high, low)
    np.testing.assert_allclose(trend.aroon_oscillator(high, low, 25), expected)


@pytest.mark.parametrize("seed", range(3))
def test_run_length_equals_its_twin(seed):
    signs = np.random.default_rng(seed).choice([-1.0, 0.0, 1.0], p=[0.1, 0.1, 0.8], size=200)
    expected = naive.over_windows(naive.run, 21, signs)
    np.testing.assert_array_equal(
        momentum.run_length(signs, 20)[20:], np.clip(expected[20:], -20.0, 20.0)
    )


def test_session_vwap_starts_anew_with_each_session():
    bars = naive.market(1, sessions=3)
    start = volume.session_start(bars["session"].to_numpy())
    ours = volume.session_vwap(
        bars["close"].to_numpy(copy=True), bars["volume"].to_numpy(copy=True), start
    )
    money = (bars["close"] * bars["volume"]).groupby(bars["session"]).cumsum()
    shares = bars["volume"].groupby(bars["session"]).cumsum()
    np.testing.assert_allclose(ours, money / shares, rtol=1e-12)
