"""Profit and costs by session, by hand to the cent."""

import numpy as np
import pandas as pd
import pytest

from market import bars_of, over_a_clock_change
from mlfactory.booking import booked, equity
from mlfactory.costs import costs
from traded_market import FLAT, market_of, traded


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
