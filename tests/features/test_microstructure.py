"""The microstructure columns against pandas and the papers' formulas, and hand-written cases."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import naive_families
import naive_features as naive
from mlfactory.features import microstructure
from mlfactory.features._base import inputs


@pytest.fixture(scope="module", params=range(3))
def seeded(request):
    bars = naive.market(request.param, sessions=5, roll_sessions=(3,))
    x = inputs(bars, "America/New_York", naive.BAR.as_unit("ns").value)
    frame = pd.DataFrame({name: getattr(x, name) for name in ("high", "low", "close", "volume")})
    return frame, microstructure.compute(x)


def same(ours, theirs):
    compared = slice(260, None)
    np.testing.assert_allclose(ours[compared], np.asarray(theirs)[compared], rtol=1e-7, atol=1e-10)


def test_amihud_is_the_price_move_for_money_relative_to_200_bars(seeded):
    bars, columns = seeded
    moved = np.log(bars["close"]).diff().abs()
    moved[moved < 1e-12] = 0.0
    cost = moved / (bars["close"] * bars["volume"])
    for n in (1, 10, 20):
        same(columns[f"amihud_{n}"], cost.rolling(n).mean() / cost.rolling(200).mean())


def test_roll_and_kyle_are_the_moments_of_their_windows(seeded):
    bars, columns = seeded
    moves = np.log(bars["close"]).diff()
    moves[moves.abs() < 1e-12] = 0.0
    pairs = moves.rolling(20).cov(moves.shift(1), ddof=0)
    same(columns["roll_spread_20"], 2.0 * np.sqrt((-pairs).clip(lower=0.0)))
    signed = np.sign(moves) * bars["volume"]
    slope = moves.rolling(20).cov(signed) / signed.rolling(20).var()
    same(columns["kyle_lambda_20"], slope * bars["volume"].rolling(20).mean())


def test_corwin_schultz_is_the_mean_of_two_bar_spreads(seeded):
    bars, columns = seeded
    single = np.full(len(bars), np.nan)
    for t in range(1, len(bars)):
        single[t] = naive_families.corwin_schultz(bars.iloc[t - 1 : t + 1])
    same(columns["corwin_schultz_20"], pd.Series(single).rolling(20).mean())
    assert (single[1:] > 0.0).any()


def test_abdi_ranaldo_and_relative_spread_measure_the_close_against_middles(seeded):
    bars, columns = seeded
    close, middle = np.log(bars["close"]), np.log(bars["high"] * bars["low"]) / 2.0
    pairs = (close - middle) * (close - middle.shift(-1))
    mean = pairs.shift(1).rolling(20).mean()
    same(columns["abdi_ranaldo_20"], np.sqrt((4.0 * mean).clip(lower=0.0)))
    middle = (bars["high"] + bars["low"]) / 2.0
    spread = 2.0 * (bars["close"] - middle).abs() / middle
    for n in (1, 10, 20):
        same(columns[f"relative_spread_{n}"], spread.rolling(n).mean())


def test_volume_imbalance_is_bulk_classified(seeded):
    bars, columns = seeded
    moves = np.log(bars["close"]).diff()
    side = 2.0 * stats.norm.cdf(moves / moves.rolling(20).std()) - 1.0
    signed, volume = side * bars["volume"], bars["volume"].rolling(20)
    same(columns["volume_imbalance"], signed / volume.mean())
    same(columns["volume_imbalance_20"], signed.rolling(20).sum() / volume.sum())


def test_intensity_efficiency_and_volatility_ratio_are_those_of_pandas(seeded):
    bars, columns = seeded
    above = (bars["volume"] > bars["volume"].rolling(200).mean()).astype(float)
    for n in (20, 50):
        same(columns[f"trade_intensity_{n}"], above.rolling(n).mean())
    moves = np.log(bars["close"]).diff()
    for n in (10, 20):
        path = moves.abs().rolling(n).sum()
        same(columns[f"efficiency_{n}"], moves.rolling(n).sum().abs() / path)
    same(columns["volatility_ratio_5_20"], moves.rolling(5).std() / moves.rolling(20).std())


def test_bounce_between_bid_and_ask_shows_rolls_spread():
    """Trades that alternate at 100 +- 0.05 cost a spread of 0.1; Roll's estimate is near it."""
    rng = np.random.default_rng(1)
    close = 100.0 + 0.05 * rng.choice([-1.0, 1.0], size=4000)
    columns = microstructure.compute(naive.inputs_of(close=close))
    estimate = np.sqrt(np.nanmean(columns["roll_spread_20"] ** 2))
    assert estimate == pytest.approx(0.1 / 100.0, rel=0.1)


def test_ranges_of_a_still_market_with_a_spread_show_corwin_and_schultz():
    """Each bar spans bid to ask and nothing else: the two-bar range equals the one-bar range."""
    x = naive.inputs_of(close=[100.0] * 30, high=[100.1] * 30, low=[99.9] * 30)
    spread = microstructure.corwin_schultz(x.high, x.low, x.close)
    assert np.isnan(spread[0])
    assert spread[1:] == pytest.approx(np.full(29, 0.002), rel=1e-3)


def test_jump_between_bars_is_no_range():
    """A jump of 10 leaves the same spread as none; without the move it would be 0."""
    high, low = np.array([100.1, 110.1]), np.array([99.9, 109.9])
    jumped = microstructure.corwin_schultz(high, low, np.array([99.9, 110.0]))
    assert jumped[1] > 0.0005


@pytest.mark.parametrize("seed", range(3))
def test_covariance_equals_its_twin(seed):
    rng = np.random.default_rng(seed)
    x, y = 1e3 + rng.normal(size=(2, 60))
    expected = naive.over_windows(lambda a, b: np.cov(a, b, ddof=0)[0, 1], 20, x, y)
    np.testing.assert_allclose(microstructure.rolling_covariance(x, y, 20), expected, atol=1e-11)


def test_bulk_side_is_the_normal_distribution():
    scores = np.array([-3.0, -0.5, 0.0, 1.0, np.nan])
    expected = 2.0 * stats.norm.cdf(scores) - 1.0
    np.testing.assert_allclose(microstructure.bulk_side(scores), expected, atol=1e-15)
