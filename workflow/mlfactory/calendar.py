"""When a market is scheduled to be open: the sessions of one exchange calendar."""

import datetime
import functools
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlfactory._typing import Int32Array1D, Int64Array1D
from mlfactory.errors import UserError, nearest

ALWAYS_OPEN = "24/7"
_DAY_NS = 86_400_000_000_000
_MARGIN = datetime.timedelta(days=4)


@dataclass(frozen=True)
class Sessions:
    """The scheduled sessions of one calendar, ascending, without overlap.

    Attributes
    ----------
    date
        Trade date, days since 1970, shape (n_sessions,).
    open_ns, close_ns
        Scheduled open and close, UTC nanoseconds, shape (n_sessions,). A session is the half-open
        interval ``[open_ns, close_ns)``.
    timezone
        The exchange's zone, such as ``America/Chicago``; ``UTC`` for ``24/7``.
    """

    date: Int32Array1D
    open_ns: Int64Array1D
    close_ns: Int64Array1D
    timezone: str

    def __len__(self) -> int:
        return len(self.date)

    def locate(self, ns: Int64Array1D) -> Int64Array1D:
        """Number of the session that holds each time, -1 outside all of them.

        Parameters
        ----------
        ns
            UTC nanoseconds, any order, shape (n,).
        """
        number = np.searchsorted(self.open_ns, ns, side="right") - 1
        inside = (number >= 0) & (ns < self.close_ns[number])
        return np.where(inside, number, -1)

    def open_time_ns(self, ns: Int64Array1D) -> Int64Array1D:
        """Scheduled open time from the first session's open up to each time, in nanoseconds.

        The difference of two values is the market time between two moments: closures are free.

        Parameters
        ----------
        ns
            UTC nanoseconds, any order, shape (n,). Times before the first session give 0, times
            after the last its end.
        """
        lengths = self.close_ns - self.open_ns
        before = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        number = np.maximum(np.searchsorted(self.open_ns, ns, side="right") - 1, 0)
        return before[number] + np.clip(ns - self.open_ns[number], 0, lengths[number])


def sessions(
    calendar: str, start: pd.Timestamp, end: pd.Timestamp, where: str = "raw rows"
) -> Sessions:
    """Sessions of a calendar that are open at some time of ``[start, end]``.

    Parameters
    ----------
    calendar
        A name of pandas_market_calendars, such as ``CME_Equity``, or ``24/7``: UTC days.
    start, end
        Aware times.
    where
        The file's name, for messages.

    Raises
    ------
    UserError
        When there is no such calendar (the nearest name is given), or no session in the range.
    """
    first_ns, last_ns = (int(t.tz_convert("UTC").as_unit("ns").value) for t in (start, end))
    if calendar == ALWAYS_OPEN:
        date = np.arange(first_ns // _DAY_NS, last_ns // _DAY_NS + 1)
        open_ns, close_ns, timezone = date * _DAY_NS, (date + 1) * _DAY_NS, "UTC"
    else:
        date, open_ns, close_ns, timezone = _schedule(calendar, start.date(), end.date())
    wanted = (close_ns > first_ns) & (open_ns <= last_ns)
    if not wanted.any():
        raise UserError(
            f"{where}: calendar {calendar} has no session between {start} and {end}, the file's "
            "first and last time; check the times' zone and the contract's calendar"
        )
    return Sessions(date[wanted].astype(np.int32), open_ns[wanted], close_ns[wanted], timezone)


@functools.lru_cache(maxsize=64)
def _schedule(
    calendar: str, start: datetime.date, end: datetime.date
) -> tuple[Int64Array1D, Int64Array1D, Int64Array1D, str]:
    """Dates, opens and closes around a range, and the calendar's zone."""
    # ASSUME a session has no break: the library's for CME equities are of length zero today.
    import pandas_market_calendars as market_calendars

    names = market_calendars.get_calendar_names()
    if calendar not in names:
        hint = nearest(calendar, names)
        stop = "" if hint.endswith("?") else "."
        raise UserError(
            f"unknown calendar {calendar!r}; {hint}{stop} Set calendar in config/contracts.yaml "
            f"to {ALWAYS_OPEN} or a name of pandas_market_calendars"
        )
    exchange = market_calendars.get_calendar(calendar)
    with warnings.catch_warnings():  # the library's own, on pandas 3
        warnings.simplefilter("ignore", DeprecationWarning)
        schedule = exchange.schedule(start - _MARGIN, end + _MARGIN)
    date = schedule.index.to_numpy("datetime64[D]").astype(np.int64)
    open_ns = schedule["market_open"].to_numpy("datetime64[ns]").astype(np.int64)
    close_ns = schedule["market_close"].to_numpy("datetime64[ns]").astype(np.int64)
    return date, open_ns, close_ns, str(exchange.tz)
