"""Positions taken, and their trades: by hand, against a slow twin, and on average."""

import numpy as np
import pandas as pd
import pytest

import naive_backtest as naive
from market import MINUTE, bars_of
from mlfactory.contracts import Slippage
from traded_market import BARRIERS, FLAT, MES, market_of, random_market, traded


def test_one_position_waits_for_its_end_and_tranches_do_not():
    rows = [FLAT] * 10
    bars, raw_bars = bars_of(rows, per_bar=1)
    market = market_of(bars, raw_bars, barriers=BARRIERS | {"max_bars": 3})
    signals = dict.fromkeys(range(6), 1)
    one, _ = traded(market, signals)
    assert one["datetime"].dt.minute.tolist() == [0, 3]
    many, _ = traded(market, signals, overlap="tranches", max_contracts=2)
    assert many["datetime"].dt.minute.tolist() == [0, 1, 3, 4]
    all_of_them, _ = traded(market, signals, overlap="tranches", max_contracts=9)
    assert len(all_of_them) == 6


def test_margin_allows_fewer_contracts_and_none_after_a_loss():
    rows = [FLAT, FLAT, (96, 97, 95, 96), *[FLAT] * 6]
    bars, raw_bars = bars_of(rows, per_bar=1)
    market = market_of(bars, raw_bars)
    given = {"max_contracts": 9, "capital": 250.0, "margin_per_contract": 100.0}
    table, _ = traded(market, {0: 5, 4: 5}, **given)
    assert table["contracts"].tolist() == [2, 2]
    table, _ = traded(market, {0: 5, 4: 5}, **given | {"capital": 203.0})
    assert table["contracts"].tolist() == [2, 1]
    table, _ = traded(market, {0: 5, 4: 5}, **given | {"capital": 100.5})
    assert table["contracts"].tolist() == [1]


def bars_at(market, chosen):
    """Times of the chosen bars at whose end a position can be taken."""
    return market.bars["datetime"][chosen & market.fills.possible]


RULES = {
    "one position": {"overlap": "one_position", "max_contracts": 4},
    "tranches": {"overlap": "tranches", "max_contracts": 6},
    "margin": {"overlap": "tranches", "max_contracts": 9, "capital": 900.0}
    | {"margin_per_contract": 200.0},
}


BASIS_POINTS = {
    "commission_per_contract": None,
    "slippage_ticks": None,
    "commission_bps": 2.0,
    "slippage_bps": Slippage(1.0, 2.5),
}
"""Costs that depend on the price of each fill."""


@pytest.mark.parametrize("terms", [{}, BASIS_POINTS], ids=["ticks", "basis points"])
@pytest.mark.parametrize("over_night", [True, False])
@pytest.mark.parametrize("rules", RULES.values(), ids=list(RULES))
def test_trades_equal_those_of_the_slow_twin(rules, over_night, terms):
    seen = set()
    for seed in range(8):
        market, wanted = random_market(seed, over_night=over_night, **terms)
        signals = {int(b): int(wanted[b]) for b in np.flatnonzero(wanted)}
        table, by_session = traded(market, signals, **rules)
        bars, raw = (frame.to_dict("list") for frame in (market.bars, market.raw_bars))
        expected = naive.event_by_event(
            bars,
            raw,
            market.fills.width.tolist(),
            wanted.tolist(),
            market.contract,
            market.barriers,
            {
                "one_position": rules["overlap"] == "one_position",
                "max_contracts": rules["max_contracts"],
                "capital": rules.get("capital", 0.0),
                "margin": rules.get("margin_per_contract"),
            },
            over_night,
        )
        assert len(table) == len(expected) > 10
        for name, key in (
            *(("side", "side"), ("contracts", "size"), ("entry_price", "entry")),
            *(("exit_price", "exit"), ("gross", "gross"), ("slippage", "slippage")),
            *(("commission", "commission"), ("net", "net")),
        ):
            want = [position[key] for position in expected]
            assert table[name].tolist() == pytest.approx(want), name
        assert table["exit"].tolist() == [position["why"] for position in expected]
        held = [position["exit_bar"] - position["t"] for position in expected]
        assert table["bars_held"].tolist() == held
        want = naive.by_session(expected, bars, market.contract.multiplier)
        assert by_session["gross"].tolist() == pytest.approx(want)
        seen |= set(table["exit"])
        met_both = market.fills.exit_long != market.fills.exit_short
        short = table["datetime"].isin(bars_at(market, met_both)) & (table["side"] < 0)
        seen |= {"short through both"} if short.any() else set()
    assert seen >= {"target", "stop", "vertical", "roll", "short through both"} | (
        {"hole"} if over_night else {"session"}
    )


def test_coin_flips_at_no_cost_earn_nothing_within_two_standard_errors():
    free = {"commission_per_contract": 0.0, "slippage_ticks": Slippage(0.0, 0.0)}
    profits = []
    for seed in range(40):
        market, _ = random_market(seed, n=400, wide_share=0.0, **free)
        flips = np.random.default_rng(1000 + seed).choice([-1, 1], len(market.bars))
        table, _ = traded(market, dict(enumerate(flips.tolist())))
        assert (table["net"] == table["gross"]).all()
        profits += table["net"].tolist()
    assert abs(np.mean(profits)) < 2 * np.std(profits) / np.sqrt(len(profits))


def test_noise_after_a_bar_changes_no_trade_that_had_ended():
    market, wanted = random_market(11, n=300)
    signals = {int(b): int(wanted[b]) for b in np.flatnonzero(wanted)}
    before, _ = traded(market, signals, overlap="tranches", max_contracts=5)
    cut = 150
    later = market.raw_bars["bar"] > cut
    raw, bars = market.raw_bars.copy(), market.bars.copy()
    for frame, rows in ((raw, later), (bars, bars.index > cut)):
        for name in ("open", "high", "low", "close"):
            frame.loc[rows, name] *= 1.5
    given = {"atr_period": 5, "atr_floor_ticks": 2.3}
    noised = market_of(bars, raw, MES, market.barriers, **given)
    after, _ = traded(noised, signals, overlap="tranches", max_contracts=5)
    ended = bars["datetime"].iloc[cut] + 3 * MINUTE
    one, other = (table[table["exit_time"] <= ended] for table in (before, after))
    assert len(one) > 20
    pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True))
    entered = [table[table["entry_time"] < ended] for table in (before, after)]
    pd.testing.assert_series_equal(entered[0]["contracts"], entered[1]["contracts"])


def test_predictions_of_times_that_are_no_bars_are_refused():
    market, _ = random_market(2)
    times = market.bars["datetime"].iloc[3:5]
    assert market.rows(times).tolist() == [3, 4]
    with pytest.raises(ValueError, match="no bars"):
        market.rows(times + pd.Timedelta("1s"))
