"""The times of a raw file: from whatever they are to UTC nanoseconds, and whether they can be."""

import zoneinfo
from pathlib import Path

import numpy as np
import pandas as pd

from mlfactory._typing import Int64Array1D
from mlfactory.errors import UserError, nearest

NAT = np.iinfo(np.int64).min
"""A missing time."""

_ZONE_AT_END = r"(?:Z|UTC|GMT|:\d\d(?:\.\d+)?\s?[+-]\d\d(?::?\d\d)?)$"
_EPOCH_UNITS = ((1e11, 10**9), (1e14, 10**6), (1e17, 10**3), (np.inf, 1))
_YEARS = (1678, 2261)  # what nanoseconds reach
_EARLIEST = pd.Timestamp("1980-01-01", tz="UTC")
_GRIDS = tuple(pd.Timedelta(minutes=m) for m in (60, 30, 15, 10, 5, 1))
_GRID_SHARE = 0.99
_GRID_ROWS = 20


def utc_ns(
    values: pd.Series, timezone: str | None, where: str, symbol: str
) -> tuple[Int64Array1D, str]:
    """Times of a raw file as UTC nanoseconds, and what they were.

    Parameters
    ----------
    values
        Aware or naive times, ISO 8601 text or epoch numbers, shape (n,); a missing one gives
        ``NAT``.
    timezone
        Zone of naive times; others need none.
    where, symbol
        The file's name and the contract, for messages.

    Raises
    ------
    UserError
        When times are naive and no zone is declared, are mixed, or cannot be read or placed.
    """
    if values.isna().all():
        raise UserError(
            f"{where}: datetime is missing in all {len(values)} rows; export the file with its "
            "times"
        )
    if values.dtype.kind in "iuf":
        return _from_epoch(values, where), "epoch"
    if values.dtype.kind != "M":
        values = _from_text(values.astype("str"), where)
    try:
        times = pd.DatetimeIndex(values).as_unit("ns")
    except pd.errors.OutOfBoundsDatetime as error:
        years = pd.DatetimeIndex(values).year
        row = int(np.argmax((years < _YEARS[0]) | (years > _YEARS[1])))
        # no text for a year that has more or fewer than four figures
        shown = values.iloc[row] if 1 <= years[row] <= 9999 else f"of the year {years[row]}"
        raise UserError(
            f"{where}: datetime in row {row + 1} is {shown}, beyond the years "
            f"{_YEARS[0]} to {_YEARS[1]}; mend or remove it"
        ) from error
    if times.tz is None:
        return _from_naive(times, timezone, where, symbol), f"naive, {timezone}"
    return times.asi8, str(times.tz)


def _from_epoch(values: pd.Series, where: str) -> Int64Array1D:
    # ASSUME an epoch number counts from 1970 in UTC; its unit shows in its size
    numbers = values.to_numpy(dtype=np.float64)
    missing = ~np.isfinite(numbers)
    if missing.all():
        raise UserError(
            f"{where}: datetime is not finite in any of {len(values)} rows; export the file again"
        )
    size = float(np.median(np.abs(numbers[~missing])))
    factor = next(factor for limit, factor in _EPOCH_UNITS if size < limit)
    beyond = ~missing & (np.abs(numbers) >= -float(NAT) / factor)
    if beyond.any():
        row = int(np.argmax(beyond))
        raise UserError(
            f"{where}: datetime in row {row + 1} is {values.iloc[row]}, no epoch number of the "
            "unit that the others have; mend or remove it"
        )
    if values.dtype.kind == "f":
        scaled = np.round(np.where(missing, 0.0, numbers) * factor).astype(np.int64)
        return np.where(missing, NAT, scaled)
    return values.to_numpy(dtype=np.int64) * factor


def _from_text(values: pd.Series, where: str) -> pd.Series:
    zoned = values.str.contains(_ZONE_AT_END, regex=True).fillna(False).to_numpy(dtype=bool)
    some = values.notna().to_numpy()
    if zoned.any() and not zoned[some].all():
        with_zone, without = int(np.argmax(zoned)), int(np.argmax(some & ~zoned))
        raise UserError(
            f"{where}: datetime has a zone in row {with_zone + 1} ({values.iloc[with_zone]}) and "
            f"none in row {without + 1} ({values.iloc[without]}); write all of them alike"
        )
    times = pd.to_datetime(values, format="ISO8601", utc=True, errors="coerce")
    bad = times.isna().to_numpy() & some
    if bad.any():
        row = int(np.argmax(bad))
        raise UserError(
            f"{where}: datetime in row {row + 1} is {values.iloc[row]!r}, not a time such as "
            f"2024-03-26 09:30 ({int(bad.sum())} such rows); mend or remove them"
        )
    return times if zoned.any() else times.dt.tz_localize(None)


def _from_naive(
    times: pd.DatetimeIndex, timezone: str | None, where: str, symbol: str
) -> Int64Array1D:
    """Naive times of a declared zone; the hour that comes twice is told by the file's order."""
    if timezone is None:
        raise UserError(
            f"{where}: datetime has no zone (first: {times[0]}); add to the config, say, "
            f"raw: {{{symbol}: {{timezone: America/New_York}}}}"
        )
    if timezone not in zoneinfo.available_timezones():
        hint = nearest(timezone, zoneinfo.available_timezones())
        raise UserError(f"raw.{symbol}.timezone={timezone!r} is no zone; {hint}")
    falling = len(times) > 1 and times[0] > times[-1]
    try:
        local = (times[::-1] if falling else times).tz_localize(timezone, ambiguous="infer")
    except ValueError as error:
        raise UserError(
            f"{where}: datetime cannot be placed in {timezone} ({error}); check "
            f"raw.{symbol}.timezone, or write the times with their offset or in UTC"
        ) from error
    ns = local.tz_convert("UTC").as_unit("ns").asi8
    return ns[::-1] if falling else ns


def check_range(ns: Int64Array1D, where: str) -> None:
    """Refuse times before minute data existed and after now; missing ones pass."""
    # ASSUME the wall clock is right to a day; it refuses a file, and enters no result
    latest = pd.Timestamp.now("UTC") + pd.Timedelta(days=1)
    early, late = (ns != NAT) & (ns < _EARLIEST.value), ns > latest.as_unit("ns").value
    for wrong, why in (
        (early, f"before {_EARLIEST.date()}; write ISO times or epoch numbers, or"),
        (late, "in the future; check the zone, or"),
    ):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise UserError(
                f"{where}: datetime in row {row + 1} is {pd.Timestamp(int(ns[row]), tz='UTC')}, "
                f"{why} remove such rows ({int(wrong.sum())})"
            )


def check_interval(ns: Int64Array1D, interval: pd.Timedelta, where: str, symbol: str) -> None:
    """Refuse a file whose times lie on a coarser, or a finer, grid than declared."""
    if len(ns) < _GRID_ROWS:
        return
    seconds, whole = np.divmod(ns, 10**9)
    share = _share_on_grid(seconds[whole == 0], interval) * float((whole == 0).mean())
    if share < _GRID_SHARE:
        raise UserError(
            f"{where}: datetime is off the grid of the declared interval {in_minutes(interval)} in "
            f"{1 - share:.1%} of the rows, above the limit {1 - _GRID_SHARE:.0%}; declare the true "
            f"one, raw: {{{symbol}: {{interval: 1min}}}}, or mend the times"
        )
    coarser = [g for g in _GRIDS if g > interval and g % interval == pd.Timedelta(0)]
    for grid in coarser:
        if _share_on_grid(seconds, grid) >= _GRID_SHARE:
            minutes = grid // pd.Timedelta(minutes=1)
            raise UserError(
                f"{where}: the rows are {in_minutes(grid)} apart, not {in_minutes(interval)} as "
                "declared; "
                f"call the file {symbol}_{minutes}m{Path(where).suffix} and set "
                f"raw: {{{symbol}: {{interval: {in_minutes(grid)}}}}}"
            )


def _share_on_grid(seconds: Int64Array1D, grid: pd.Timedelta) -> float:
    """Share of times on the most used phase of a grid (hourly bars may start at half past)."""
    if not len(seconds):
        return 0.0
    return float(np.bincount(seconds % int(grid.total_seconds())).max() / len(seconds))


def in_minutes(interval: pd.Timedelta) -> str:
    """A length of time as the config writes it, such as ``5min``."""
    return f"{interval / pd.Timedelta(minutes=1):g}min"
