"""Seeded synthetic markets: one with nothing to find, one whose best prediction is known.

Both print minutes of a contract like the Micro E-mini S&P: the sessions of an exchange calendar, a
volatility and a volume that follow the clock of the exchange and cluster, jumps, prices on ticks.

*null* is a martingale: whatever has been seen, the next move of the price has mean 0 (its rounding
to ticks is of no account). Its volatility can be foretold, its direction cannot. *planted* adds a
drift that depends on a state of three values, read every five minutes from closes already printed:
the sign of the trend t-statistic of the last 20 five-minute log returns, 0 within a threshold. The
drift leads back, so that the market neither runs away nor bounces from one minute to the next.
State and law being known, class frequencies in long independent markets of the same law
(``bar_truth`` gives what to tabulate them by) are the best possible prediction.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlfactory._markets import (
    MINUTES_PER_SESSION,
    SESSIONS_PER_YEAR,
    SLOT_MINUTES,
    STATE_RETURNS,
    Clock,
    autoregression,
    forward_volatility,
    print_prices,
    schedule,
    trend_tstats,
    utc,
)
from mlfactory._typing import Float64Array1D, Float64Array2D, Int8Array1D, Int64Array1D
from mlfactory.errors import UserError

KINDS = ("null", "planted")
WEEKEND_HOURS = 49.0


@dataclass(frozen=True)
class Law:
    """The known law of a market.

    Attributes
    ----------
    kind
        ``null`` or ``planted``.
    strength
        Multiple of ``drift``; 0 is the null market, to the byte.
    start_price, tick_size
        Price units.
    annual_volatility
        Of the log price over 252 sessions of 23 hours, jumps and closures apart.
    drift
        Expected move of a minute in its standard deviations, in state +1, at strength 1;
        negative: the trend is given back.
    threshold
        Trend t-statistic beyond which the state is not 0.
    volatility_halflife_minutes, volatility_spread
        Half-lives and standard deviations of the parts of the log volatility.
    gap_share
        Standard deviation of the move between two minutes, in those of the minute.
    closure_share
        Standard deviation of the move over a closure of an hour, in those of a session; it grows
        with the square root of the hours, up to a weekend's 49.
    jumps_per_session, jump_sigmas
        Expected number, and standard deviation in those of a minute.
    absent_share
        Share of minutes without a trade in the quietest hours.
    volume_per_minute
        Mean number of contracts.
    """

    kind: str
    strength: float = 1.0
    tick_size: float = 0.25
    start_price: float = 5000.0
    annual_volatility: float = 0.18
    drift: float = -0.08
    threshold: float = 1.0
    volatility_halflife_minutes: tuple[float, float] = (120.0, 4140.0)
    volatility_spread: tuple[float, float] = (0.3, 0.4)
    gap_share: float = 0.15
    closure_share: float = 0.05
    jumps_per_session: float = 0.7
    jump_sigmas: float = 6.0
    absent_share: float = 0.03
    volume_per_minute: float = 700.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UserError(f"synthetic kind {self.kind!r} is unknown; use {' or '.join(KINDS)}")
        if not 0.0 <= self.strength <= 3.0:
            raise UserError(f"synthetic strength={self.strength} is outside 0 to 3")
        if not 0.0 < self.tick_size <= self.start_price / 100:
            raise UserError(
                f"synthetic tick_size={self.tick_size} is outside 0 to {self.start_price / 100}, "
                "a hundredth of the first price; choose a smaller one"
            )

    @property
    def drift_sigmas(self) -> float:
        """Drift in force: 0 in a null market."""
        return self.drift * self.strength if self.kind == "planted" else 0.0

    @property
    def persistences(self) -> Float64Array1D:
        """Correlation of the log volatility's parts from minute to minute."""
        return 0.5 ** (1.0 / np.array(self.volatility_halflife_minutes))


@dataclass(frozen=True)
class _Run:
    """One simulated market: printed minutes, and what only the law knows of them.

    ``moves`` is the scheduled standard deviation of each minute's move, ``parts`` are the
    (2, n_minutes) unit-variance parts of the log volatility.
    """

    clock: Clock
    prices: Float64Array2D
    volume: Int64Array1D
    moves: Float64Array1D
    parts: Float64Array2D


def market(
    *,
    kind: str,
    start: str,
    months: int,
    seed: int,
    strength: float,
    calendar: str,
    tick_size: float,
) -> pd.DataFrame:
    """Minutes of a synthetic market; the same arguments give the same bytes.

    Fewer months are the head of more: nothing depends on what comes after.

    Parameters
    ----------
    kind
        ``null`` (nothing to find) or ``planted`` (a drift that the past shows).
    start
        First trade date, such as ``2024-01-02``.
    months
        Months of trade dates.
    seed
        Of every random draw.
    strength
        Of the planted drift, 0 to 3; at 1 the best possible direction AUC of a label over 20 bars
        is about .58, at 0 the market is the null one.
    calendar
        A name that ``mlfactory.calendar.sessions`` knows.
    tick_size
        Price units.

    Returns
    -------
    Columns ``datetime`` (minute's open, UTC), ``open``, ``high``, ``low``, ``close`` (price
    units, multiples of the tick), ``volume`` (contracts, int64, at least 1). Minutes without a
    trade are absent; nothing is missing.

    Raises
    ------
    UserError
        For an unknown kind or calendar, a date that is none, or a number out of its range.
    """
    law = Law(kind=kind, strength=strength, tick_size=tick_size)
    return _minutes(_simulate(law, schedule(calendar, start, months), seed))


def drift_state(bars: pd.DataFrame, *, threshold: float = Law.threshold) -> pd.DataFrame:
    """Drift state in force during the bar after each five-minute bar, from its past closes.

    Parameters
    ----------
    bars
        Five-minute bars of the minutes of ``market``, anchored at the sessions' opens, with
        columns ``datetime`` and ``close``.

    Returns
    -------
    One row a bar: ``datetime`` and ``state`` (int8: -1, 0, 1; 0 in the first 20).
    """
    tstats = trend_tstats(bars["close"].to_numpy(dtype=np.float64, copy=True))
    return pd.DataFrame({"datetime": bars["datetime"], "state": _states(tstats, threshold)})


def bar_truth(
    law: Law, *, start: str, months: int, seed: int, calendar: str, bars: int
) -> pd.DataFrame:
    """What the law lets matter for the next ``bars`` bars of a market.

    Parameters
    ----------
    law
        Of the market; ``market`` of the same arguments prints the minutes.
    bars
        Five-minute bars looked ahead.

    Returns
    -------
    One row a five-minute bar that printed: ``datetime`` (bar's open, UTC), ``state`` (int8),
    ``tstat``, ``recent`` (the part of ``tstat`` that its newer ten returns make),
    ``forward_move`` (expected standard deviation of the log price over the next ``bars`` bars;
    missing at the end). The first 20 bars have no ``recent``.
    """
    run = _simulate(law, schedule(calendar, start, months), seed)
    printed = np.flatnonzero(~np.isnan(run.prices[:, 3]))
    slots = run.clock.slot
    last_printed = printed[np.append(np.diff(slots[printed]) != 0, True)]
    first_row = np.searchsorted(slots, slots[last_printed])
    last_row = np.searchsorted(slots, slots[last_printed], side="right") - 1
    close = run.prices[last_printed, 3]
    tstats = trend_tstats(close)
    forward = forward_volatility(
        last_row,
        run.moves,
        run.parts,
        law.persistences,
        np.array(law.volatility_spread),
        bars * SLOT_MINUTES,
    )
    return pd.DataFrame(
        {
            "datetime": utc(run.clock.open_ns[first_row]),
            "state": _states(tstats, law.threshold),
            "tstat": tstats,
            "recent": _recent(close),
            "forward_move": forward,
        }
    )


def _states(tstats: Float64Array1D, threshold: float) -> Int8Array1D:
    return (np.sign(tstats) * (np.abs(tstats) > threshold)).astype(np.int8)


def _recent(close: Float64Array1D) -> Float64Array1D:
    returns = pd.Series(np.log(close)).diff()
    spread = returns.rolling(STATE_RETURNS).std() * np.sqrt(STATE_RETURNS)
    newer = returns.rolling(STATE_RETURNS // 2).sum()
    return (newer / spread.where(spread > 0)).to_numpy()


def _simulate(law: Law, clock: Clock, seed: int) -> _Run:
    """Draw every minute; each kind of draw has its own stream, so that a head stays a head."""
    n = len(clock.slot)
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(9)]
    fast, slow, shock, gap_shock, jump_size, volume_shock = (
        stream.standard_normal(n) for stream in streams[:6]
    )
    jump_chance, absent_chance = (stream.random(n) for stream in streams[6:8])
    parts, clustering = _clustering(law, fast, slow)
    scheduled, scheduled_gap = _scheduled_moves(law, clock)
    sigma, gap = scheduled * clustering, scheduled_gap * clustering
    jump_sigma = law.jump_sigmas * sigma
    jumps = jump_chance < law.jumps_per_session / MINUTES_PER_SESSION
    prices = print_prices(
        clock.slot,
        absent_chance < law.absent_share * np.exp(-4.0 * clock.volume),
        sigma,
        gap * gap_shock - 0.5 * gap**2,
        shock,
        np.where(jumps, jump_sigma * jump_size - 0.5 * jump_sigma**2, 0.0),
        1.0 - streams[8].random((n, 2)),
        law.start_price,
        law.tick_size,
        law.drift_sigmas,
        law.threshold,
    )
    contracts = law.volume_per_minute * clock.volume * clustering**1.5 * np.exp(0.5 * volume_shock)
    volume = np.maximum(np.rint(contracts), 1.0).astype(np.int64)
    return _Run(clock, prices, volume, np.sqrt(scheduled**2 + scheduled_gap**2), parts)


def _clustering(
    law: Law, fast: Float64Array1D, slow: Float64Array1D
) -> tuple[Float64Array2D, Float64Array1D]:
    """Parts of the log volatility (2, n), and the factor that they make, mean square 1."""
    parts = np.stack(
        [
            autoregression(draws, rho)
            for draws, rho in zip((fast, slow), law.persistences, strict=True)
        ]
    )
    spreads = np.array(law.volatility_spread)
    logs = spreads[0] * parts[0] + spreads[1] * parts[1]
    return parts, np.exp(logs - np.sum(spreads**2))


def _scheduled_moves(law: Law, clock: Clock) -> tuple[Float64Array1D, Float64Array1D]:
    """Standard deviations of the log price within and into each minute, before clustering."""
    session = law.annual_volatility / np.sqrt(SESSIONS_PER_YEAR)
    within = session / np.sqrt(MINUTES_PER_SESSION) * clock.volatility
    closure = law.closure_share * session * np.sqrt(np.minimum(clock.closed_hours, WEEKEND_HOURS))
    return within, np.where(clock.closed_hours > 0, closure, law.gap_share * within)


def _minutes(run: _Run) -> pd.DataFrame:
    """The printed minutes of a market."""
    printed = ~np.isnan(run.prices[:, 3])
    columns = dict(zip(("open", "high", "low", "close"), run.prices[printed].T, strict=True))
    return pd.DataFrame(
        {
            "datetime": utc(run.clock.open_ns[printed]),
            **columns,
            "volume": run.volume[printed],
        }
    )
