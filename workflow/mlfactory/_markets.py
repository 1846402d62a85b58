"""The clock of a synthetic market, and the recursions that print its minutes."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlfactory._numba import njit
from mlfactory._typing import BoolArray1D, Float64Array1D, Float64Array2D, Int64Array1D
from mlfactory.calendar import Sessions, sessions
from mlfactory.errors import UserError

STATE_RETURNS = 20
"""Log returns of five-minute closes that the drift state looks back on."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MINUTE_NS = 60_000_000_000
_DAY_NS = 1440 * _MINUTE_NS
SLOT_MINUTES = 5
MINUTES_PER_SESSION = 1380
SESSIONS_PER_YEAR = 252
_CLOCK = "America/Chicago"
# ASSUME whatever the calendar, activity follows Chicago's clock: a quiet Asian night, London's
# opening at 2, the US cash session from 8:30 to 15:00. Rounded from index futures of 2023-2026.
_HOUR = (0, 1, 2, 3, 4, 6, 7.4, 7.5, 8.4, 8.5, 9.5, 11, 13, 14.5, 15, 15.1, 16, 17, 18, 21, 24)
_VOLATILITY = (
    *(0.5, 0.6, 0.9, 0.8, 0.7, 0.75, 0.9, 1.4, 1.0, 2.0, 1.6, 1.25, 1.35, 1.45, 1.9, 1.1),
    *(0.6, 0.8, 0.65, 0.6, 0.5),
)
_VOLUME = (
    *(0.13, 0.16, 0.35, 0.33, 0.26, 0.28, 0.45, 0.95, 0.9, 4.9, 3.6, 2.2, 2.05, 2.4, 5.0, 1.0),
    *(0.3, 0.4, 0.24, 0.2, 0.13),
)


@dataclass(frozen=True)
class Clock:
    """The scheduled minutes of a market, arrays (n_minutes,).

    ``slot`` numbers the five-minute bars, ``closed_hours`` is the length of the closure before a
    session's first minute (0 elsewhere); ``volatility`` has mean square 1 and ``volume`` mean 1
    over a day of 23 hours.
    """

    open_ns: Int64Array1D
    slot: Int64Array1D
    closed_hours: Float64Array1D
    volatility: Float64Array1D
    volume: Float64Array1D


def utc(ns: Int64Array1D) -> pd.DatetimeIndex:
    """Nanoseconds as aware times."""
    return pd.DatetimeIndex(ns.astype("datetime64[ns]")).tz_localize("UTC")


def _sessions(calendar: str, start: str, months: int) -> Sessions:
    """Sessions with a trade date in ``months`` months from ``start``."""
    if not _DATE.fullmatch(start):
        raise UserError(f"synthetic start={start!r} is no date; write it as 2024-01-02")
    if months < 1:
        raise UserError(f"synthetic months={months} is less than 1")
    try:
        first = pd.Timestamp(start)
    except ValueError as error:
        raise UserError(f"synthetic start={start!r} is no day of the calendar") from error
    end = first + pd.DateOffset(months=months)
    found = sessions(calendar, first.tz_localize("UTC"), end.tz_localize("UTC"))
    dates = found.date.astype("datetime64[D]")
    wanted = (dates >= first.to_datetime64()) & (dates < end.to_datetime64())
    return Sessions(
        found.date[wanted], found.open_ns[wanted], found.close_ns[wanted], found.timezone
    )


def schedule(calendar: str, start: str, months: int) -> Clock:
    """Every scheduled minute of the sessions with a trade date in ``months`` months."""
    scheduled = _sessions(calendar, start, months)
    lengths = (scheduled.close_ns - scheduled.open_ns) // _MINUTE_NS
    ends = np.cumsum(lengths)
    row = np.arange(ends[-1])
    opens = np.repeat(ends - lengths, lengths)
    open_ns = np.repeat(scheduled.open_ns, lengths) + (row - opens) * _MINUTE_NS
    slots = -(-lengths // SLOT_MINUTES)
    slot = np.repeat(np.cumsum(slots) - slots, lengths) + (row - opens) // SLOT_MINUTES
    closed_hours = np.zeros(len(row))
    closures = (scheduled.open_ns[1:] - scheduled.close_ns[:-1]) / (60 * _MINUTE_NS)
    closed_hours[ends[:-1]] = closures
    return Clock(open_ns, slot, closed_hours, *_clock_shapes(open_ns))


def _clock_shapes(open_ns: Int64Array1D) -> tuple[Float64Array1D, Float64Array1D]:
    """Volatility (mean square 1 over a day of 23 hours) and volume (mean 1) of each minute."""
    local = utc(open_ns).tz_convert(_CLOCK).tz_localize(None).as_unit("ns")
    hour = local.to_numpy().astype(np.int64) % _DAY_NS / (60 * _MINUTE_NS)
    day = np.arange(1440) / 60
    day = day[(day < 16) | (day >= 17)]
    level = np.sqrt(np.mean(np.interp(day, _HOUR, _VOLATILITY) ** 2))
    volatility = np.interp(hour, _HOUR, _VOLATILITY) / level
    volume = np.interp(hour, _HOUR, _VOLUME) / np.mean(np.interp(day, _HOUR, _VOLUME))
    return volatility, volume


@njit(cache=True)
def autoregression(shocks: Float64Array1D, persistence: float) -> Float64Array1D:
    """Stationary AR(1) with unit variance, begun in its stationary law.

    Parameters
    ----------
    shocks
        (n,) standard normal draws.
    persistence
        Correlation of neighbours, in [0, 1).

    Returns
    -------
    (n,) float64.
    """
    values = np.empty(len(shocks))
    scale = np.sqrt(1.0 - persistence * persistence)
    value = shocks[0]
    for i in range(len(shocks)):
        if i > 0:
            value = persistence * value + scale * shocks[i]
        values[i] = value
    return values


@njit(cache=True)
def trend_tstat(returns: Float64Array1D) -> float:
    """Student's t of the mean return: mean / std (ddof 1) * sqrt(n); 0 when all are equal."""
    n = len(returns)
    mean = returns.mean()
    squares = 0.0
    for value in returns:
        squares += (value - mean) ** 2
    if squares <= 1e-24:
        return 0.0
    return mean / np.sqrt(squares / (n - 1)) * np.sqrt(n)


@njit(cache=True)
def state_of(tstat: float, threshold: float) -> int:
    """Drift state of a trend: its sign, or 0 within ``threshold``."""
    if tstat > threshold:
        return 1
    if tstat < -threshold:
        return -1
    return 0


@njit(cache=True)
def trend_tstats(close: Float64Array1D) -> Float64Array1D:
    """Trend t-statistic at each bar's end, from the last 20 log returns of closes.

    Returns
    -------
    (n,) float64, 0 in the first 20 bars.
    """
    returns = np.diff(np.log(close))
    tstats = np.zeros(len(close))
    for t in range(STATE_RETURNS, len(close)):
        tstats[t] = trend_tstat(returns[t - STATE_RETURNS : t])
    return tstats


@njit(cache=True)
def print_prices(
    slot: Int64Array1D,
    absent: BoolArray1D,
    sigma: Float64Array1D,
    gap: Float64Array1D,
    shock: Float64Array1D,
    jump: Float64Array1D,
    extremes: Float64Array2D,
    start_price: float,
    tick_size: float,
    drift: float,
    threshold: float,
) -> Float64Array2D:
    """Open, high, low and close of each minute, on ticks, from a latent continuous log price.

    The latent price moves between minutes by ``gap`` and within a minute by
    ``sigma * (shock + drift * state) + jump``; the extremes of a minute are those of a Brownian
    bridge. The state is read at the end of every five-minute slot from closes already printed.

    Parameters
    ----------
    slot
        (n,) number of the five-minute slot of each minute, ascending.
    absent
        (n,) minutes without a trade: the latent price moves, nothing is printed.
    sigma, gap, jump
        (n,) log-price units; ``shock`` standard normal.
    extremes
        (n, 2) uniform draws in (0, 1] for the high and the low.
    drift
        Expected move of a minute, in sigmas, in state +1.

    Returns
    -------
    (n, 4) float64 prices; NaN in absent minutes.
    """
    n = len(slot)
    prices = np.full((n, 4), np.nan)
    returns = np.zeros(STATE_RETURNS)
    n_closes = 0
    slot_close = np.nan
    last_close = np.nan
    state = 0
    log_price = np.log(start_price)
    for i in range(n):
        opening = log_price + gap[i]
        variance = sigma[i] * sigma[i]
        change = sigma[i] * (shock[i] + drift * state) - 0.5 * variance + jump[i]
        up = 0.5 * (change + np.sqrt(change**2 - 2.0 * variance * np.log(extremes[i, 0])))
        down = 0.5 * (change - np.sqrt(change**2 - 2.0 * variance * np.log(extremes[i, 1])))
        log_price = opening + change
        if not absent[i]:
            prices[i, 0] = round(np.exp(opening) / tick_size) * tick_size
            prices[i, 1] = round(np.exp(opening + up) / tick_size) * tick_size
            prices[i, 2] = round(np.exp(opening + down) / tick_size) * tick_size
            prices[i, 3] = round(np.exp(log_price) / tick_size) * tick_size
            slot_close = prices[i, 3]
        if (i + 1 == n or slot[i + 1] != slot[i]) and not np.isnan(slot_close):
            if n_closes > 0:
                returns[:-1] = returns[1:]
                returns[-1] = np.log(slot_close) - np.log(last_close)
            n_closes += 1
            last_close = slot_close
            slot_close = np.nan
            if n_closes > STATE_RETURNS:
                state = state_of(trend_tstat(returns), threshold)
    return prices


@njit(cache=True)
def forward_volatility(
    ends: Int64Array1D,
    pattern: Float64Array1D,
    parts: Float64Array2D,
    persistences: Float64Array1D,
    spreads: Float64Array1D,
    minutes: int,
) -> Float64Array1D:
    """Expected standard deviation of the log price over the next market minutes of each bar.

    Parameters
    ----------
    ends
        (n_bars,) row of the last minute of each bar, ascending.
    pattern
        (n,) scheduled standard deviation of the move into and within each minute.
    parts
        (k, n) unit-variance parts of the log volatility; ``persistences`` and ``spreads`` their
        (k,) correlations of neighbours and standard deviations.
    minutes
        Length of the look ahead, a multiple of 5; the clustering is read every 5.

    Returns
    -------
    (n_bars,) float64, NaN where fewer minutes are left.
    """
    result = np.full(len(ends), np.nan)
    for bar in range(len(ends)):
        first = ends[bar] + 1
        if first + minutes > len(pattern):
            break
        variance = 0.0
        for ahead in range(0, minutes, 5):
            exponent = 0.0
            for part in range(len(spreads)):
                spread = spreads[part] * persistences[part] ** (ahead + 3)
                exponent += 2.0 * spread * parts[part, ends[bar]] - 2.0 * spread * spread
            factor = np.exp(exponent)
            for row in range(first + ahead, first + ahead + 5):
                variance += factor * pattern[row] ** 2
        result[bar] = np.sqrt(variance)
    return result
