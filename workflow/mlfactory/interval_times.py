"""When rows begin and end, in whatever form somebody has it, as integers."""

from typing import Any

import numpy as np
import pandas as pd

from mlfactory._typing import Int64Array1D
from mlfactory.times import MISSING


def interval_times(start: Any, end: Any, t1: Any) -> tuple[Int64Array1D, Int64Array1D, bool]:
    """(n,) start and end as int64, and whether they were datetimes (then in nanoseconds)."""
    if t1 is not None:
        if end is not None:
            raise ValueError("give either t1 or end")
        end = t1
        if start is None and isinstance(t1, pd.Series):
            start = t1.index
        elif start is None:
            start = np.arange(len(t1))
    if start is None or end is None:
        raise ValueError("give start and end, or t1")
    (begun, dated), (ended, ends_dated) = _as_int64(start), _as_int64(end)
    if len(begun) != len(ended):
        raise ValueError(f"start has {len(begun)} rows, end has {len(ended)}")
    if dated != ends_dated:
        raise ValueError("start and end must both be datetimes or both be numbers")
    ended = np.where(ended == MISSING, begun, ended)
    if (begun[1:] < begun[:-1]).any():
        raise ValueError("start must be ascending")
    if (ended < begun).any():
        raise ValueError("a row's end is before its start")
    return begun, ended, dated


def _as_int64(times: Any) -> tuple[Int64Array1D, bool]:
    """Times as int64, and whether they were datetimes; missing ones are ``MISSING``."""
    values = pd.Index(times)
    if values.dtype == object:
        values = pd.DatetimeIndex(pd.to_datetime(values, utc=True))
    if isinstance(values, pd.DatetimeIndex):
        utc = values.tz_convert(None) if values.tz else values
        return utc.to_numpy(dtype="datetime64[ns]").view(np.int64), True
    return values.to_numpy().astype(np.int64), False


def duration(embargo: Any, *, dated: bool) -> int:
    """An embargo as int64 of the unit of the times."""
    if not dated and isinstance(embargo, str | pd.Timedelta | np.timedelta64):
        raise ValueError(f"embargo={embargo!r} is a duration, but the times are numbers")
    if dated and isinstance(embargo, int) and embargo != 0:
        raise ValueError(f"embargo={embargo} has no unit; write it like 1D, or use embargo_bars")
    length = pd.Timedelta(embargo).as_unit("ns").value if dated else int(embargo)
    if length < 0:
        raise ValueError(f"embargo={embargo!r} is below 0")
    return length


def session_numbers(session: Any, n_rows: int) -> Int64Array1D:
    """Sessions counted from 0."""
    values = np.asarray(session)
    if len(values) != n_rows:
        raise ValueError(f"session has {len(values)} rows, not {n_rows}")
    changed = values[1:] != values[:-1]
    number = np.r_[0, np.cumsum(changed)] if len(values) else np.empty(0, dtype=np.int64)
    if len(np.unique(values)) != (number[-1] + 1 if len(values) else 0):
        raise ValueError("the rows of a session must follow one another")
    return number
