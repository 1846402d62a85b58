"""Fills, by hand to the cent: entries, and each way in which a position ends."""

import numpy as np
import pandas as pd
import pytest

from market import MINUTE, bars_of
from mlfactory.fills import first_rows
from mlfactory.paths import on_tick
from traded_market import FLAT, market_of, random_market, traded


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
