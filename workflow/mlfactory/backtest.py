"""Which of the positions that signals want are taken: limits, and what closed ones have earned."""

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
from mlfactory.costs import Costs, costs
from mlfactory.fills import Fills
from mlfactory.times import nanoseconds


def net_of_one(market: "Market", per_trade: Costs) -> tuple[Float64Array1D, Float64Array1D]:
    """What one contract's position of each bar would earn after costs, long and short, (n,)."""
    fills = market.fills
    long, short = _net(
        fills.entry,
        fills.exit_long,
        fills.exit_short,
        market.contract.multiplier,
        per_trade.entry_slippage,
        per_trade.exit_slippage_long,
        per_trade.exit_slippage_short,
        per_trade.commission,
    )
    return long, short


@njit(cache=True)
def _net(
    entry: Float64Array1D,
    exit_long: Float64Array1D,
    exit_short: Float64Array1D,
    multiplier: float,
    entry_slippage: Float64Array1D,
    exit_slippage_long: Float64Array1D,
    exit_slippage_short: Float64Array1D,
    commission: Float64Array1D,
) -> tuple[Float64Array1D, Float64Array1D]:
    long, short = np.empty(len(entry)), np.empty(len(entry))
    for t in range(len(entry)):
        always = entry_slippage[t] + commission[t]
        long[t] = (exit_long[t] - entry[t]) * multiplier - always - exit_slippage_long[t]
        short[t] = (entry[t] - exit_short[t]) * multiplier - always - exit_slippage_short[t]
    return long, short


@njit(cache=True)
def positions(
    wanted: Int32Array1D,
    exit_bar: Int32Array1D,
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
        """What speaks for a position at each of these bars, (m,); see `signals.edge`."""
        fills, close = market.fills, market.bars["close"].to_numpy()[rows]
        cost = market.contract.round_trip_cost(close, volatile=fills.entry_volatile[rows])
        return signals.edge(p, self.signal, barriers=market.barriers, cost=cost / fills.width[rows])

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
            (m, 3) probabilities in label order, and their bars.
        threshold
            See `signals.side`.
        passed
            (n,) bars whose signals are followed, see `meta_filter.passed`; None: all.
        """
        may = market.in_session if passed is None else market.in_session & passed
        side = signals.side(self.edge(market, p, rows), threshold)
        return signals.contracts(
            p,
            np.where(may[rows], side, 0),
            rows,
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
