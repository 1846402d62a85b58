"""Which of the positions that signals want are taken, and what they earn after costs.

Profit and cost are in the contract's currency. A trade's gross is at its fills' prices; slippage
and commission are taken from it: nothing is counted twice, and the trades' sum is the equity's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mlfactory import signals
from mlfactory._numba import njit
from mlfactory._typing import (
    BoolArray1D,
    Float64Array1D,
    Float64Array2D,
    Int32Array1D,
    Int64Array1D,
)
from mlfactory.contracts import Contract
from mlfactory.fills import EXITS, HOLE, Fills
from mlfactory.times import from_nanoseconds, nanoseconds

DAY_NS = 86_400_000_000_000


@dataclass(frozen=True)
class Costs:
    """What one contract's position of each bar pays, in currency, (n,)."""

    entry_slippage: Float64Array1D
    exit_slippage_long: Float64Array1D
    exit_slippage_short: Float64Array1D
    commission: Float64Array1D

    def exit_slippage(self, taken: Int32Array1D, t: Int64Array1D) -> Float64Array1D:
        """Of the positions of bars ``t``; the sides' exits differ where a row meets both barriers.

        ``taken`` holds signed contracts by bar.
        """
        return np.where(taken[t] > 0, self.exit_slippage_long[t], self.exit_slippage_short[t])


def costs(fills: Fills, contract: Contract, slippage: float = 1.0) -> Costs:
    """Costs of one contract's position of each bar.

    Parameters
    ----------
    slippage
        Times the contract's slippage; above 1 for what a larger position would pay.
    """
    per_price = contract.multiplier

    def slipped(price: Float64Array1D, volatile: BoolArray1D) -> Float64Array1D:
        calm, wild = (contract.slippage(price, volatile=v) for v in (False, True))
        return slippage * per_price * np.where(volatile, wild, calm)

    return Costs(
        slipped(fills.entry, fills.entry_volatile),
        slipped(fills.exit_long, fills.exit_volatile),
        slipped(fills.exit_short, fills.exit_volatile),
        per_price * contract.commission(fills.entry),
    )


def net_of_one(market: "Market", per_trade: Costs) -> tuple[Float64Array1D, Float64Array1D]:
    """What one contract's position of each bar would earn after costs, long and short, (n,)."""
    fills, of_point = market.fills, market.contract.multiplier
    always = per_trade.entry_slippage + per_trade.commission
    return (
        of_point * (fills.exit_long - fills.entry) - always - per_trade.exit_slippage_long,
        of_point * (fills.entry - fills.exit_short) - always - per_trade.exit_slippage_short,
    )


@njit(cache=True)
def positions(
    wanted: Int32Array1D,
    exit_bar: Int64Array1D,
    net_long: Float64Array1D,
    net_short: Float64Array1D,
    one_position: bool,
    max_contracts: int,
    capital: float,
    margin: float,
) -> Int32Array1D:
    """Signed contracts that are really taken at each bar's end.

    Parameters
    ----------
    wanted
        (n,) signed contracts.
    exit_bar
        (n,) the bar in which a position would end; -1 where none can be taken.
    net_long, net_short
        (n,) what one contract would earn after costs; read when the position has ended.
    one_position
        Whether a position is taken only when none is open; else tranches lie over each other, each
        with an exit of its own.
    max_contracts
        The most that are open at any time, long and short together.
    capital, margin
        Currency at the start, and what each open contract binds of it and of what closed positions
        have earned; a margin of 0: no limit.

    Returns
    -------
    (n,) int32.
    """
    n = len(wanted)
    taken = np.zeros(n, dtype=np.int32)
    closing = np.zeros(n + 1, dtype=np.int64)
    earned = np.zeros(n + 1)
    under_way = 0
    for t in range(n):
        under_way -= closing[t]
        capital += earned[t]
        if wanted[t] == 0 or exit_bar[t] <= t or (one_position and under_way > 0):
            continue
        most = max_contracts
        if margin > 0.0:
            most = min(most, int(max(capital, 0.0) // margin))
        size = min(abs(wanted[t]), most - under_way)
        if size <= 0:
            continue
        under_way += size
        closing[exit_bar[t]] += size
        if wanted[t] > 0:
            taken[t] = size
            earned[exit_bar[t]] += size * net_long[t]
        else:
            taken[t] = -size
            earned[exit_bar[t]] += size * net_short[t]
    return taken


@dataclass(frozen=True)
class Market:
    """One horizon's market: bars, raw rows, fills and terms; the same for every model.

    Attributes
    ----------
    bars, raw_bars
        Tables of schemas BARS and RAW_BARS.
    fills
        See `fills.fills`.
    contract, barriers
        Terms, and ``k_up``, ``k_down``, ``max_bars`` of the labels.
    raw_interval
        Length of a raw row.
    in_session
        (n,) whether a label of the bar would end within its session, by the calendar; where labels
        go on over night, all. Models learn from no other bar, and no other is traded.
    """

    bars: pd.DataFrame
    raw_bars: pd.DataFrame
    fills: Fills
    contract: Contract
    barriers: Mapping[str, Any]
    raw_interval: pd.Timedelta
    in_session: BoolArray1D

    def rows(self, datetime: pd.Series) -> Int64Array1D:
        """Row numbers of these bars.

        Raises
        ------
        ValueError
            When one of them is no bar.
        """
        there, asked = nanoseconds(self.bars["datetime"]), nanoseconds(datetime)
        rows = np.searchsorted(there, asked)
        if (rows >= len(there)).any() or (there[np.minimum(rows, len(there) - 1)] != asked).any():
            raise ValueError("predictions of times that are no bars")
        return rows


@dataclass(frozen=True)
class Trader:
    """How predictions are traded: the config's ``backtest``, without what it chooses among.

    Attributes
    ----------
    signal
        See `signals.edge`.
    size
        See `signals.contracts`.
    overlap
        ``one_position`` or ``tranches``.
    max_contracts
        The most that are open at any time.
    capital, margin_per_contract
        Currency at the start, and what an open contract binds of it; None, both: no limit.
    """

    signal: str
    size: str
    overlap: str
    max_contracts: int
    capital: float | None
    margin_per_contract: float | None

    def edge(self, market: Market, p: Float64Array2D, rows: Int64Array1D) -> Float64Array1D:
        """What speaks for a position at each bar of the market, NaN where nothing is predicted."""
        fills, close = market.fills, market.bars["close"].to_numpy()[rows]
        calm, wild = (market.contract.round_trip_cost(close, volatile=v) for v in (False, True))
        cost = np.where(fills.entry_volatile[rows], wild, calm) / fills.width[rows]
        found = np.full(len(market.bars), np.nan)
        found[rows] = signals.edge(p, self.signal, barriers=market.barriers, cost=cost)
        return found

    def wanted(
        self,
        market: Market,
        p: Float64Array2D,
        rows: Int64Array1D,
        threshold: float | None,
        passed: BoolArray1D | None = None,
    ) -> Int32Array1D:
        """Signed contracts wanted at each bar of the market, 0 where it is not ``in_session``.

        Parameters
        ----------
        p, rows
            Probabilities, and their bars.
        threshold
            See `signals.side`.
        passed
            (n,) bars whose signals are followed, see `meta_filter.passed`; None: all.
        """
        may = market.in_session if passed is None else market.in_session & passed
        side = np.where(may, signals.side(self.edge(market, p, rows), threshold), 0)
        everywhere = np.full((len(market.bars), 3), 1 / 3)
        everywhere[rows] = p
        return signals.contracts(
            everywhere,
            side,
            market.fills.exit_bar,
            size=self.size,
            max_contracts=self.max_contracts,
        )

    def taken(
        self, market: Market, wanted: Int32Array1D, per_trade: Costs | None = None
    ) -> Int32Array1D:
        """Signed contracts taken at each bar of the market; see `positions`."""
        fills, terms = market.fills, market.contract
        return positions(
            wanted,
            fills.exit_bar,
            *net_of_one(market, per_trade or costs(fills, terms)),
            self.overlap == "one_position",
            self.max_contracts,
            self.capital or 0.0,
            self.margin_per_contract or 0.0,
        )


def trades(market: Market, taken: Int32Array1D, per_trade: Costs) -> pd.DataFrame:
    """One row a trade, schema TRADES, in the order of their entries.

    Parameters
    ----------
    taken
        (n,) signed contracts taken at each bar's end.
    per_trade
        See `costs`.
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
    session = market.bars["session"].to_numpy()
    opens = np.flatnonzero(np.diff(session, prepend=session[0] - 1))
    number = np.cumsum(np.diff(session, prepend=session[0] - 1) != 0) - 1
    mark = market.bars["close"].to_numpy()[np.r_[opens[1:], len(session)] - 1]
    t = np.flatnonzero(taken)
    fills = market.fills
    first, last = number[np.minimum(t + 1, len(number) - 1)], number[fills.exit_bar[t]]
    signed = taken[t] * market.contract.multiplier
    exit_price = np.where(taken[t] > 0, fills.exit_long[t], fills.exit_short[t])
    gross = np.zeros(len(opens))
    np.add.at(gross, last, signed * exit_price)
    np.add.at(gross, first, -signed * fills.entry[t])
    _mark(gross, first, last, signed, mark)
    size = np.abs(taken[t])
    slippage, commission = np.zeros(len(opens)), np.zeros(len(opens))
    np.add.at(slippage, first, size * per_trade.entry_slippage[t])
    np.add.at(slippage, last, size * per_trade.exit_slippage(taken, t))
    for at in (first, last):  # half of it for each fill
        np.add.at(commission, at, 0.5 * size * per_trade.commission[t])
    return Booked(session[opens], gross, slippage, commission)


@njit(cache=True)
def _mark(
    gross: Float64Array1D,
    first: Int64Array1D,
    last: Int64Array1D,
    signed: Float64Array1D,
    mark: Float64Array1D,
) -> None:
    """Value open positions at the end of each session, in place of ``gross`` by session."""
    for i in range(len(first)):
        for ends in range(first[i], last[i]):
            gross[ends] += signed[i] * mark[ends]
            gross[ends + 1] -= signed[i] * mark[ends]


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
    session, n = market.bars["session"].to_numpy(), len(market.bars)
    number = np.cumsum(np.diff(session, prepend=session[0] - 1) != 0) - 1
    t = np.flatnonzero(taken)
    entered, ended = number[np.minimum(t + 1, n - 1)], number[market.fills.exit_bar[t]]
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
