import numpy as np

from market import bars_of
from mlfactory.costs import costs
from traded_market import BARRIERS, FLAT, market_of, random_market, traded


def test_calm_fill_costs_less_than_a_volatile_one():
    """Six calm sessions, then bars three times as wide: 0.625 a fill, then 1.25."""
    wide = (100.0, 101.5, 98.5, 100.0)
    rows = [FLAT] * 12 + [wide] * 4 + [FLAT] * 8
    bars, raw_bars = bars_of(rows, per_bar=1, session=np.repeat(np.arange(12), 2))
    market = market_of(bars, raw_bars, atr_floor_ticks=1.0, barriers=BARRIERS | {"k_up": 9.0})
    table, _ = traded(market, {10: 1, 13: 1}, overlap="tranches", max_contracts=9)
    assert table["volatile"].tolist() == [False, True]
    # the first leaves within the first wide bar, which nobody had seen; the second when it is calm
    assert table["slippage"].tolist() == [1.25, 1.875]


def test_more_slippage_is_paid_by_the_fill():
    market, _ = random_market(2)
    once, thrice = (costs(market.fills, market.contract, slippage=s) for s in (1.0, 3.0))
    there = market.fills.possible
    np.testing.assert_allclose(thrice.entry_slippage[there], 3 * once.entry_slippage[there])
    np.testing.assert_allclose(thrice.commission[there], once.commission[there])


def test_coin_flips_pay_the_costs():
    market, _ = random_market(3, n=400)
    flips = np.random.default_rng(7).choice([-1, 1], len(market.bars))
    table, by_session = traded(market, dict(enumerate(flips.tolist())))
    assert (table["net"] < table["gross"]).all()
    assert by_session["net"].sum() < by_session["gross"].sum()
    assert by_session["contracts_traded"].sum() == 2 * table["contracts"].sum()
