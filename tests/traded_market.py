"""Markets with fills for tests of the backtest, by hand or at random, and trading in them."""

import numpy as np
import pandas as pd
import pytest

from market import MINUTE, bars_of, contract, random_raw
from mlfactory import schemas, tables
from mlfactory.backtest import Market, Trader
from mlfactory.booking import equity, trades
from mlfactory.contracts import Slippage
from mlfactory.costs import costs
from mlfactory.fills import fills

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
