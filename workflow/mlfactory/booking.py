"""What the positions taken earn after costs: trade by trade, and session by session.

Profit and cost are in the contract's currency. A trade's gross is at its fills' prices; slippage
and commission are taken from it: nothing is counted twice, and the trades' sum is the equity's.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlfactory._numba import njit
from mlfactory._typing import Float64Array1D, Float64Array2D, Int32Array1D, Int64Array1D
from mlfactory.backtest import Market
from mlfactory.costs import Costs
from mlfactory.paths import EXITS, HOLE
from mlfactory.sessions import session_opens
from mlfactory.times import from_nanoseconds, nanoseconds

DAY_NS = 86_400_000_000_000


def trades(market: Market, taken: Int32Array1D, per_trade: Costs) -> pd.DataFrame:
    """One row a trade, schema TRADES, in the order of their entries.

    Parameters
    ----------
    taken
        (n,) signed contracts taken at each bar's end.
    per_trade
        See `costs.costs`.
    """
    t = np.flatnonzero(taken)
    fills, bars = market.fills, market.bars
    side = np.sign(taken[t]).astype(np.int8)
    size = np.abs(taken[t]).astype(np.int32)
    exit_price = np.where(side > 0, fills.exit_long[t], fills.exit_short[t])
    kind = np.where(side > 0, fills.kind_long[t], fills.kind_short[t])
    gross = side * (exit_price - fills.entry[t]) * market.contract.multiplier * size
    slippage = size * (per_trade.entry_slippage[t] + per_trade.exit_slippage(taken, t))
    commission = size * per_trade.commission[t]
    row_ns = nanoseconds(market.raw_bars["datetime"])
    exit_ns = row_ns[fills.exit_row[t]] + np.where(kind == HOLE, 0, market.raw_interval.value)
    return pd.DataFrame(
        {
            "datetime": bars["datetime"].iloc[t].reset_index(drop=True),
            "entry_time": from_nanoseconds(row_ns[fills.entry_row[t]]),
            "exit_time": from_nanoseconds(exit_ns),
            "session": bars["session"].to_numpy()[t + 1],
            "side": side,
            "contracts": size,
            "entry_price": fills.entry[t],
            "exit_price": exit_price,
            "exit": pd.Series(np.array(EXITS, dtype=object)[kind], dtype="str"),
            "bars_held": (fills.exit_bar[t] - t).astype(np.int32),
            "volatile": fills.entry_volatile[t],
            "gross": gross,
            "slippage": slippage,
            "commission": commission,
            "net": gross - slippage - commission,
        }
    )


@dataclass(frozen=True)
class Booked:
    """A quantity by session of the market, (s,) each, in the order of their first bars."""

    session: Int32Array1D
    gross: Float64Array1D
    slippage: Float64Array1D
    commission: Float64Array1D

    @property
    def net(self) -> Float64Array1D:
        """After costs."""
        return self.gross - self.slippage - self.commission


def booked(market: Market, taken: Int32Array1D, per_trade: Costs) -> Booked:
    """Profit and costs by session, open positions marked to each session's last close.

    Parameters
    ----------
    taken, per_trade
        See `trades`.
    """
    session, (opens, number) = market.bars["session"].to_numpy(), _sessions(market)
    mark = market.bars["close"].to_numpy()[np.r_[opens[1:], len(session)] - 1]
    fills = market.fills
    gross, slippage, commission = _by_session(
        taken,
        fills.exit_bar,
        number,
        mark,
        market.contract.multiplier,
        fills.entry,
        fills.exit_long,
        fills.exit_short,
        per_trade.entry_slippage,
        per_trade.exit_slippage_long,
        per_trade.exit_slippage_short,
        per_trade.commission,
    )
    return Booked(session[opens], gross, slippage, commission)


@njit(cache=True)
def _by_session(
    taken: Int32Array1D,
    exit_bar: Int32Array1D,
    number: Int64Array1D,
    mark: Float64Array1D,
    multiplier: float,
    entry: Float64Array1D,
    exit_long: Float64Array1D,
    exit_short: Float64Array1D,
    entry_slippage: Float64Array1D,
    exit_slippage_long: Float64Array1D,
    exit_slippage_short: Float64Array1D,
    commission: Float64Array1D,
) -> Float64Array2D:
    """Gross, slippage and commission by session, (3, s); ``mark`` values what is open at its end.

    Half of a trade's commission is of each of its fills.
    """
    found = np.zeros((3, len(mark)))
    gross, slippage, commissions = found
    for t in range(len(taken)):
        if taken[t] == 0:
            continue
        first, last = number[min(t + 1, len(number) - 1)], number[exit_bar[t]]
        size, signed = abs(taken[t]), taken[t] * multiplier
        long = taken[t] > 0
        gross[first] -= signed * entry[t]
        gross[last] += signed * (exit_long[t] if long else exit_short[t])
        for ends in range(first, last):
            gross[ends] += signed * mark[ends]
            gross[ends + 1] -= signed * mark[ends]
        slippage[first] += size * entry_slippage[t]
        slippage[last] += size * (exit_slippage_long[t] if long else exit_slippage_short[t])
        commissions[first] += 0.5 * size * commission[t]
        commissions[last] += 0.5 * size * commission[t]
    return found


def _sessions(market: Market) -> tuple[Int64Array1D, Int64Array1D]:
    """The first bar of each of the market's sessions; and which of them each bar is of, (n,)."""
    session = market.bars["session"].to_numpy()
    opens = session_opens(session)
    lengths = np.diff(opens, append=len(session))
    return opens, np.repeat(np.arange(len(opens)), lengths)


def _first_and_last(
    market: Market, number: Int64Array1D, t: Int64Array1D
) -> tuple[Int64Array1D, Int64Array1D]:
    """Numbers of the sessions in which the positions of bars ``t`` are entered, and end."""
    return number[np.minimum(t + 1, len(number) - 1)], number[market.fills.exit_bar[t]]


def equity(
    market: Market, taken: Int32Array1D, per_trade: Costs, rows: Int64Array1D
) -> pd.DataFrame:
    """One row a session of the sample, schema EQUITY, those without a trade too.

    Parameters
    ----------
    taken, per_trade
        See `trades`.
    rows
        The bars of the sample; a position may end in a later session, which then counts too.
    """
    of = booked(market, taken, per_trade)
    number, n = _sessions(market)[1], len(market.bars)
    t = np.flatnonzero(taken)
    entered, ended = _first_and_last(market, number, t)
    in_market = np.zeros(n + 1, dtype=np.int64)
    np.add.at(in_market, t + 1, 1)
    np.add.at(in_market, market.fills.exit_bar[t] + 1, -1)
    busy = np.cumsum(in_market)[:-1] > 0
    n_sessions = len(of.session)
    open_in = np.zeros(n_sessions + 1, dtype=np.int64)
    np.add.at(open_in, entered, 1)
    np.add.at(open_in, ended + 1, -1)
    shown = np.cumsum(open_in)[:-1] > 0
    shown[number[rows]] = True
    size = np.abs(taken[t])
    turned = np.bincount(entered, size, n_sessions) + np.bincount(ended, size, n_sessions)
    table = pd.DataFrame(
        {
            "date": from_nanoseconds(of.session.astype(np.int64) * DAY_NS),
            "session": of.session,
            "gross": of.gross,
            "slippage": of.slippage,
            "commission": of.commission,
            "net": of.net,
            "equity": of.net,
            "held": _held(market, number, n_sessions),
            "exposure": np.bincount(number, busy, n_sessions) / np.bincount(number),
            "trades": np.bincount(entered, minlength=n_sessions).astype(np.int32),
            "contracts_traded": turned.astype(np.int32),
        }
    )[shown].reset_index(drop=True)
    table["equity"] = table["net"].cumsum()
    return table


def _held(market: Market, number: Int64Array1D, n_sessions: int) -> Float64Array1D:
    """What one contract held all the time would earn by session, without costs.

    A new contract is bought at its first bar's opening: what lies between two contracts' prices is
    nobody's profit.
    """
    bars = market.bars
    close, opening = bars["close"].to_numpy(), bars["open"].to_numpy()
    before = np.r_[opening[0], close[:-1]]
    name = pd.factorize(bars["contract"])[0]
    rolled = np.r_[False, name[1:] != name[:-1]]
    change = close - np.where(rolled, opening, before)
    return np.asarray(market.contract.multiplier * np.bincount(number, change, n_sessions), float)
