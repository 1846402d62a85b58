"""The rows that a barrier search reads: the beginning of the training split, and nothing after it.

They are never held out, and a row whose label could reach beyond them is not used, so nothing that
is scored later is read here: no feature, no bar and no minute.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlfactory._typing import (
    BoolArray1D,
    Float64Array1D,
    Float64Array2D,
    Int8Array1D,
    Int64Array1D,
)
from mlfactory.barriers import barrier_width
from mlfactory.contracts import Contract
from mlfactory.errors import UserError
from mlfactory.labels import trades_around_the_clock, window_ends
from mlfactory.paths import AMBIGUOUS, scan, strides
from mlfactory.scaling import RobustScaler
from mlfactory.schemas import SPLIT_MARKS
from mlfactory.times import rows_at

LEAST_SESSIONS = 5
LEAST_WINDOWS = 10
"""Longest windows that the searched rows must hold, for five purged folds."""


@dataclass(frozen=True)
class Stretch:
    """The searched rows as arrays, and nothing after them.

    Attributes
    ----------
    time
        First and last searched bar.
    bars
        The n searched bars and their raw rows, what `paths.scan` wants but for barriers.
    rows
        (m,) numbers of the bars whose longest window ends within the searched ones.
    features
        (m, k) scaled by the searched rows.
    session
        (m,) number of each row's session, from 0.
    cost
        (m,) round trip as a fraction of the entry.
    horizon
        In bars; windows are two to three horizons long.
    """

    time: tuple[pd.Timestamp, pd.Timestamp]
    bars: tuple[np.ndarray, ...]
    rows: Int64Array1D
    features: Float64Array2D
    session: Int64Array1D
    cost: Float64Array1D
    horizon: int

    @property
    def close(self) -> Float64Array1D:
        """(m,) entry prices."""
        return self.bars[0][self.rows]

    @property
    def width(self) -> Float64Array1D:
        """(m,) average true range at entry, price units."""
        return self.bars[3][self.rows]


@dataclass(frozen=True)
class Outcomes:
    """What became of the m rows under one set of barriers.

    Attributes
    ----------
    label
        (m,) SHORT, NEUTRAL, LONG; -1 where it is ambiguous or the nearer barrier does not clear
        the cost.
    held
        (m,) bars.
    long, short
        (m,) return of a position of that side as a fraction of the entry, before costs; where one
        raw row met both barriers it is the loss at its own.
    tradable
        (m,) whether the nearer barrier clears the cost, which is known at entry.
    """

    label: Int8Array1D
    held: Int64Array1D
    long: Float64Array1D
    short: Float64Array1D
    tradable: BoolArray1D


def searched_rows(n_rows: int, share: float) -> int:
    """How many of the training split's first rows are searched."""
    return int(share * n_rows)


def last_bars(searched: pd.DataFrame, cross_sessions: bool | None) -> Int64Array1D:
    """`labels.window_ends` of the searched bars, the configured ``cross_sessions`` made plain."""
    if cross_sessions is None:
        cross_sessions = trades_around_the_clock(searched)
    return window_ends(
        searched["segment"].to_numpy(), searched["session"].to_numpy(), cross_sessions
    )


def usable(last: Int64Array1D, horizon: int) -> BoolArray1D:
    """Rows whose longest window, three horizons, ends within their stretch, (n,)."""
    return np.arange(len(last)) + 3 * horizon <= last


def require_enough(sessions: np.ndarray, *, symbol: str, share: float, horizon: int) -> None:
    """Refuse to search too few rows.

    Parameters
    ----------
    sessions
        The session of each row that can be used.
    symbol, share, horizon
        The contract, the share of the training split that is searched, and the horizon in bars.

    Raises
    ------
    UserError
        Naming rows, sessions, limits and ways out.
    """
    n_sessions, least = len(np.unique(sessions)), LEAST_WINDOWS * 3 * horizon
    if n_sessions < LEAST_SESSIONS or len(sessions) < least:
        raise UserError(
            f"{symbol}: labels.search.share={share} of the training split leaves {len(sessions)} "
            f"rows in {n_sessions} sessions, a search at horizon {horizon} needs {least} and "
            f"{LEAST_SESSIONS}; raise it, get more data, or set labels.search.enabled: false"
        )


def stretch(
    bars: pd.DataFrame,
    raw_bars: pd.DataFrame,
    train: pd.DataFrame,
    *,
    share: float,
    horizon: int,
    contract: Contract,
    atr_period: int,
    atr_floor_ticks: float,
    cross_sessions: bool | None,
) -> Stretch:
    """Cut the searched rows out of the tables; see `barrier_search.search` for the parameters."""
    train = train.iloc[: searched_rows(len(train), share)]
    rows = rows_at(bars["datetime"], train["datetime"])
    bars = bars.iloc[: rows.stop]
    raw_bar = raw_bars["bar"].to_numpy()
    first_raw = np.searchsorted(raw_bar, np.arange(rows.start, rows.stop + 1))
    raw = raw_bars.iloc[first_raw[0] : first_raw[-1]]
    width = barrier_width(bars, atr_period=atr_period, floor=atr_floor_ticks * contract.tick_size)
    part = bars.iloc[rows]
    last = last_bars(part, cross_sessions)
    used = np.flatnonzero(usable(last, horizon) & np.isfinite(width[rows]))
    sessions = part["session"].to_numpy()[used]
    require_enough(sessions, symbol=contract.symbol, share=share, horizon=horizon)
    values = train[[c for c in train.columns if c not in SPLIT_MARKS]].to_numpy(dtype=np.float32)
    prices = [part[name].to_numpy() for name in ("close", "high", "low")]
    raw_prices = [raw[name].to_numpy() for name in ("open", "high", "low")]
    entry = prices[0][used]
    return Stretch(
        (part["datetime"].iloc[0], part["datetime"].iloc[-1]),
        (*prices, width[rows], last, first_raw - first_raw[0], *raw_prices, *strides(*prices[1:])),
        used,
        RobustScaler.fit(values).transform(values)[used].astype(np.float64),
        np.unique(sessions, return_inverse=True)[1],
        contract.round_trip_cost(entry) / entry,
        horizon,
    )


def outcomes(data: Stretch, k_up: float, k_down: float, max_bars: int) -> Outcomes:
    """What became of the rows under these barriers."""
    paths = scan(*data.bars, k_up, k_down, max_bars)
    kind, _, exit_price, _, _, held = (values[data.rows] for values in paths)
    close, width = data.close, data.width
    moved = exit_price / close - 1
    unclear = kind == AMBIGUOUS
    tradable = min(k_up, k_down) * width > data.cost * close
    return Outcomes(
        np.where(tradable & ~unclear, kind, -1).astype(np.int8),
        held.astype(np.int64),
        np.where(unclear, -k_down * width / close, moved),
        np.where(unclear, -k_up * width / close, -moved),
        tradable,
    )
