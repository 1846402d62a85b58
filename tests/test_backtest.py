"""Fills, positions and their profit: by hand to the cent, against a slow twin, and on average."""

import numpy as np
import pandas as pd
import pytest

import naive_backtest as naive
from market import MINUTE, bars_of, contract, over_a_clock_change, random_raw
from mlfactory import schemas, tables
from mlfactory.backtest import Market, Trader, booked, costs, equity, trades
from mlfactory.contracts import Slippage
from mlfactory.fills import fills, first_rows, on_tick
from mlfactory.regimes import is_volatile

MES = {
    "commission_per_contract": 1.24,
    "slippage_ticks": Slippage(0.5, 1.0),
    "calendar": "CME_Equity",
}
"""A tick of 0.25 points is worth 1.25; a fill costs 0.625 calm and 1.25 volatile."""

FLAT = (100.0, 100.5, 99.5, 100.0)
BARRIERS = {"k_up": 1.0, "k_down": 1.0, "max_bars": 4}


def market_of(bars, raw_bars, terms=MES, barriers=BARRIERS, interval=MINUTE, **settings):
    """A market whose average true range is 2 points, unless its bars are wider."""
    given = {"atr_period": 1, "atr_floor_ticks": 8.0, "cross_sessions": True}
    given |= {"flat_at_session_end": False} | settings
    terms = contract(**terms)
    found = fills(bars, raw_bars, contract=terms, barriers=barriers, **given)
    everywhere = np.ones(len(bars), dtype=bool)
    return Market(bars, raw_bars, found, terms, barriers, interval, everywhere)


def trader(**given):
    return Trader(
        **{"signal": "p_difference", "size": "one", "overlap": "one_position"}
        | {"max_contracts": 1, "capital": None, "margin_per_contract": None}
        | given
    )


def traded(market, wanted, **given):
    """The trades of signals by bar, and the equity of all sessions."""
    signed = np.zeros(len(market.bars), dtype=np.int32)
    for bar, contracts in wanted.items():
        signed[bar] = contracts
    per_trade = costs(market.fills, market.contract)
    taken = trader(**given).taken(market, signed, per_trade)
    table = trades(market, taken, per_trade)
    by_session = equity(market, taken, per_trade, np.arange(len(market.bars)))
    tables.check(table, schemas.TRADES, "trades")
    tables.check(by_session, schemas.EQUITY, "equity")
    assert table["net"].sum() == pytest.approx(by_session["net"].sum(), abs=1e-9)
    return table, by_session


def one_trade(rows, side, *, contracts=1, **where):
    """The one trade of a signal at the end of the first one-row bar; barriers at 98 and 102."""
    settings = {k: where.pop(k) for k in ("flat_at_session_end",) if k in where}
    name = where.pop("contract", None)
    bars, raw_bars = bars_of([FLAT, *rows], per_bar=1, **where)
    if name is not None:
        bars["contract"] = pd.Series(name, dtype="str")
    market = market_of(bars, raw_bars, **settings)
    table, _ = traded(market, {0: side * contracts}, max_contracts=contracts)
    assert len(table) == 1
    return table.iloc[0]


def test_long_target_by_hand():
    """In at 100.25, out at 102: 1.75 points are 8.75; two volatile fills 2.50, commission 1.24."""
    got = one_trade([(100.25, 101, 100, 101), (101, 102.5, 101, 102.5), FLAT], 1)
    assert (got["entry_price"], got["exit_price"], got["exit"]) == (100.25, 102.0, "target")
    assert (got["gross"], got["slippage"], got["commission"]) == (8.75, 2.5, 1.24)
    assert got["net"] == pytest.approx(5.01)
    assert got["bars_held"] == 2
    assert got["exit_time"] - got["entry_time"] == 2 * MINUTE


def test_short_side_by_hand():
    """In at 99.75, stopped at 102: -2.25 points are -11.25 a contract, three of them."""
    got = one_trade([(99.75, 100, 99, 100), (100, 102, 100, 101)], -1, contracts=3)
    assert (got["side"], got["contracts"], got["exit"]) == (-1, 3, "stop")
    assert got["gross"] == -33.75
    assert got["net"] == pytest.approx(-33.75 - 3 * 2.5 - 3 * 1.24)


def test_gap_through_the_stop_fills_at_the_opening():
    """Stop at 98, but the row opens at 96.5: -3.5 points are -17.50."""
    got = one_trade([FLAT, (96.5, 97, 96, 97)], 1)
    assert (got["exit_price"], got["exit"], got["gross"]) == (96.5, "stop", -17.5)


def test_gap_through_the_target_fills_at_the_opening():
    """Target of a short at 98, but the row opens at 97.25: 2.75 points are 13.75."""
    got = one_trade([FLAT, (97.25, 97.5, 97, 97)], -1)
    assert (got["exit_price"], got["exit"], got["gross"]) == (97.25, "target", 13.75)


def test_opening_beyond_the_target_earns_nothing_and_pays_the_costs():
    """The entry's own row opens at 102.5, above the barrier of 102: in and out at one price."""
    got = one_trade([(102.5, 103, 102, 103), FLAT], 1)
    assert (got["entry_price"], got["exit_price"], got["gross"]) == (102.5, 102.5, 0.0)
    assert got["net"] == pytest.approx(-3.74)


@pytest.mark.parametrize(("side", "price"), [(1, 98.0), (-1, 102.0)])
def test_row_that_meets_both_barriers_is_a_loss_of_either_side(side, price):
    got = one_trade([(100, 102.25, 97.75, 100), FLAT], side)
    assert (got["exit_price"], got["exit"], got["gross"]) == (price, "stop", -10.0)


def test_vertical_barrier_closes_at_the_close():
    """Four bars, none meets a barrier; the last one closes at 100.5: half a point is 2.50."""
    got = one_trade([FLAT, FLAT, FLAT, (100, 101, 100, 100.5), FLAT], 1)
    assert (got["exit"], got["bars_held"], got["gross"]) == ("vertical", 4, 2.5)


def test_session_end_closes_only_where_asked():
    rows = [(100, 101, 100, 101), (100.5, 101, 100, 101), (101, 103, 101, 103)]
    session = [0, 0, 0, 1]
    got = one_trade(rows, 1, session=session, flat_at_session_end=True)
    assert (got["exit"], got["exit_price"], got["gross"]) == ("session", 101.0, 5.0)
    got = one_trade(rows, 1, session=session)
    assert (got["exit"], got["exit_price"], got["gross"]) == ("target", 102.0, 10.0)


def test_roll_closes_at_the_old_contracts_last_close():
    """The new contract trades 20 points higher; that is nobody's profit."""
    rows = [(100, 101, 100, 100.75), (120.75, 121, 120, 121), (121, 121, 120, 120)]
    got = one_trade(rows, 1, segment=[0, 0, 1, 1], contract=["A", "A", "B", "B"])
    assert (got["exit"], got["exit_price"], got["gross"]) == ("roll", 100.75, 3.75)


def test_hole_closes_at_the_first_price_after_it_not_at_the_last_before():
    """Nobody knew that the rows would end: the next price there is counts, 95."""
    rows = [(100, 101, 100, 101), (95, 96, 94, 96), FLAT]
    got = one_trade(rows, 1, segment=[0, 0, 1, 1])
    assert (got["exit"], got["exit_price"], got["gross"]) == ("hole", 95.0, -25.0)
    assert got["bars_held"] == 2
    assert got["exit_time"] == pd.Timestamp("2024-01-02 00:02", tz="UTC")


def test_hole_that_reaches_into_the_next_session_is_still_a_hole():
    """Held over the session's end, which nobody meant to sell at: the next price counts, 95."""
    rows = [(100, 101, 100, 101), (95, 96, 94, 96), FLAT]
    got = one_trade(rows, 1, session=[0, 0, 1, 1], segment=[0, 0, 1, 1])
    assert (got["exit"], got["exit_price"], got["gross"]) == ("hole", 95.0, -25.0)
    flat = {"flat_at_session_end": True}
    got = one_trade(rows, 1, session=[0, 0, 1, 1], segment=[0, 0, 1, 1], **flat)
    assert (got["exit"], got["exit_price"], got["gross"]) == ("session", 101.0, 5.0)


def test_file_end_closes_at_the_last_close():
    got = one_trade([(100, 101, 100, 101), (101, 101.5, 101, 101.25)], 1)
    assert (got["exit"], got["exit_price"], got["gross"]) == ("end", 101.25, 6.25)


def test_barriers_between_ticks_fill_on_the_tick_beyond():
    """Average true range 2.1: target 102.1 fills at 102.25, the stop of 97.9 at 97.75."""
    up, down = [(100, 102.5, 100, 102)], [(100, 100, 97.5, 98)]
    bars, raw_bars = bars_of([FLAT, *up], per_bar=1)
    market = market_of(bars, raw_bars, atr_floor_ticks=8.4)
    assert traded(market, {0: 1})[0]["exit_price"].tolist() == [102.25]
    assert traded(market, {0: -1})[0]["exit_price"].tolist() == [102.25]
    bars, raw_bars = bars_of([FLAT, *down], per_bar=1)
    market = market_of(bars, raw_bars, atr_floor_ticks=8.4)
    assert traded(market, {0: 1})[0]["exit_price"].tolist() == [97.75]


@pytest.mark.parametrize(
    ("price", "up", "tick"),
    [(0.1 + 0.2, True, 3), (0.7 - 0.1, False, 6), (0.31, True, 4), (0.39, False, 3)],
)
def test_price_that_is_a_tick_but_for_rounding_is_that_tick(price, up, tick):
    assert on_tick(price, 0.1, up) == pytest.approx(tick * 0.1, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_first_rows_of_bars_equal_those_of_a_search(seed):
    bar = np.sort(np.random.default_rng(seed).integers(0, 30, 60))
    assert first_rows(bar, 33).tolist() == np.searchsorted(bar, np.arange(34)).tolist()


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


def test_day_of_clock_change_and_partial_month_by_hand():
    """A March of three days: in on Friday in winter time, out on Sunday evening in summer time."""
    bars, raw_bars = over_a_clock_change(FLAT)
    market = market_of(bars, raw_bars, cross_sessions=None)
    at = int(np.flatnonzero(bars["datetime"] == pd.Timestamp("2024-03-08 21:55", tz="UTC"))[0])
    table, by_session = traded(market, {at: 2}, max_contracts=2)
    got = table.iloc[0]
    assert got["entry_time"] == pd.Timestamp("2024-03-10 22:00", tz="UTC")
    assert got["exit_time"] == pd.Timestamp("2024-03-10 22:11", tz="UTC")
    assert (got["exit"], got["exit_price"], got["gross"]) == ("target", 102.0, 20.0)
    assert got["net"] == pytest.approx(20.0 - 2 * 2.5 - 2 * 1.24)
    assert by_session["date"].dt.strftime("%a %d").tolist() == ["Fri 08", "Mon 11"]
    assert by_session["net"].tolist() == pytest.approx([0.0, 12.52])
    assert by_session["exposure"].tolist() == pytest.approx([0.0, 3 / 12])


def test_open_position_is_marked_to_each_sessions_last_close():
    """In at 100, 101.25 at the session's close, out at 102 in the next one: 6.25 and 3.75."""
    rows = [FLAT, (100, 101.5, 100, 101.25), (101.25, 102, 101, 102), FLAT]
    bars, raw_bars = bars_of(rows, per_bar=1, session=[0, 0, 1, 1])
    _, by_session = traded(market_of(bars, raw_bars), {0: 1})
    assert by_session["gross"].tolist() == [6.25, 3.75]
    assert by_session["slippage"].tolist() == [1.25, 1.25]
    assert by_session["commission"].tolist() == [0.62, 0.62]
    assert by_session["held"].tolist() == [6.25, -6.25]
    assert by_session["contracts_traded"].tolist() == [1, 1]
    assert by_session["equity"].tolist() == pytest.approx([4.38, 4.38 + 1.88])


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


def random_market(seed, *, over_night=True, n=160, wide_share=0.02, **terms):
    """Bars of three rows with sessions, holes, rolls and a few rows so wide that they meet both
    barriers; and signals for half of the bars."""
    generator = np.random.default_rng(seed)
    session = np.arange(n) // 23
    breaks = generator.random(n) < 0.03
    segment = np.cumsum(breaks)
    raw = random_raw(3 * n, seed)
    wide = generator.random(3 * n) < wide_share
    raw[wide, 1] += 12.0
    raw[wide, 2] -= 12.0
    bars, raw_bars = bars_of(raw, per_bar=3, session=session, segment=segment)
    rolls = breaks & (generator.random(n) < 0.5)
    bars["contract"] = pd.Series([f"C{i}" for i in np.cumsum(rolls)], dtype="str")
    given = {"atr_period": 5, "atr_floor_ticks": 2.3, "flat_at_session_end": not over_night}
    barriers = {"k_up": 1.5, "k_down": 1.1, "max_bars": 7}
    market = market_of(bars, raw_bars, MES | terms, barriers, **given)
    wanted = (generator.integers(-4, 5, n) * (generator.random(n) < 0.5)).astype(np.int32)
    return market, wanted


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


@pytest.mark.parametrize("seed", range(6))
def test_no_fill_is_outside_its_raw_rows_range(seed):
    market, _ = random_market(seed, tick_size=0.4)
    found = market.fills
    rows = np.flatnonzero(found.possible)
    raw = market.raw_bars
    for price, row in (
        (found.entry, found.entry_row),
        (found.exit_long, found.exit_row),
        (found.exit_short, found.exit_row),
    ):
        assert (price[rows] <= raw["high"].to_numpy()[row[rows]]).all()
        assert (price[rows] >= raw["low"].to_numpy()[row[rows]]).all()
    assert (found.exit_row[rows] >= found.entry_row[rows]).all()
    first_after = np.searchsorted(raw["bar"], rows + 1)
    assert (found.entry_row[rows] == first_after).all()


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


def test_coin_flips_pay_the_costs():
    market, _ = random_market(3, n=400)
    flips = np.random.default_rng(7).choice([-1, 1], len(market.bars))
    table, by_session = traded(market, dict(enumerate(flips.tolist())))
    assert (table["net"] < table["gross"]).all()
    assert by_session["net"].sum() < by_session["gross"].sum()
    assert by_session["contracts_traded"].sum() == 2 * table["contracts"].sum()


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


def test_equity_has_the_sessions_of_the_sample_and_those_that_its_trades_last_into():
    bars, raw_bars = bars_of([FLAT] * 12, per_bar=1, session=np.repeat(range(4), 3))
    market = market_of(bars, raw_bars)
    per_trade = costs(market.fills, market.contract)
    taken = np.zeros(12, dtype=np.int32)
    taken[5] = 1
    table = equity(market, taken, per_trade, np.array([3, 4, 5]))
    assert table["session"].tolist() == [1, 2, 3]
    assert table["equity"].iloc[-1] == pytest.approx(-3.74)
    assert booked(market, taken, per_trade).session.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("seed", range(5))
def test_volatile_bars_equal_those_of_the_slow_twin(seed):
    generator = np.random.default_rng(seed)
    session = np.sort(generator.integers(0, 30, 400)).astype(np.int32)
    width = np.exp(generator.normal(size=400))
    width[:9] = np.nan
    found = is_volatile(width, session)
    assert found.tolist() == naive.is_volatile(width.tolist(), session.tolist())
    assert 0 < found.mean() < 1


def test_volatile_is_known_at_the_bars_end():
    generator = np.random.default_rng(3)
    session, width = (
        np.repeat(np.arange(30, dtype=np.int32), 10),
        np.exp(generator.normal(size=300)),
    )
    later = width.copy()
    later[155:] *= 9
    assert is_volatile(width, session)[:155].tolist() == is_volatile(later, session)[:155].tolist()


def test_more_slippage_is_paid_by_the_fill():
    market, _ = random_market(2)
    once, thrice = (costs(market.fills, market.contract, slippage=s) for s in (1.0, 3.0))
    there = market.fills.possible
    np.testing.assert_allclose(thrice.entry_slippage[there], 3 * once.entry_slippage[there])
    np.testing.assert_allclose(thrice.commission[there], once.commission[there])


def test_predictions_of_times_that_are_no_bars_are_refused():
    market, _ = random_market(2)
    times = market.bars["datetime"].iloc[3:5]
    assert market.rows(times).tolist() == [3, 4]
    with pytest.raises(ValueError, match="no bars"):
        market.rows(times + pd.Timedelta("1s"))
