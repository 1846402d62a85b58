"""Times as integers: nanoseconds since 1970, UTC."""

import numpy as np
import pandas as pd

from mlfactory._typing import Int64Array1D

MISSING = np.iinfo(np.int64).min


def nanoseconds(times: pd.Series) -> Int64Array1D:
    """A UTC time column as (n,) int64 nanoseconds; missing times are ``MISSING``.

    >>> nanoseconds(pd.Series(pd.to_datetime(["2024-01-02"], utc=True)))
    array([1704153600000000000])
    >>> nanoseconds(pd.Series(pd.to_datetime(["2024-01-02"])))
    Traceback (most recent call last):
    TypeError: times without a zone: datetime64[us]
    """
    if not isinstance(times.dtype, pd.DatetimeTZDtype):
        raise TypeError(f"times without a zone: {times.dtype}")
    return times.to_numpy(dtype="datetime64[ns]").view(np.int64)


def rows_at(times: pd.Series, wanted: pd.Series) -> slice:
    """Where an unbroken run of times lies among others.

    Raises
    ------
    ValueError
        When they do not lie there one after the other.
    """
    there, run = nanoseconds(times), nanoseconds(wanted)
    first = int(np.searchsorted(there, run[0])) if len(run) else 0
    rows = slice(first, first + len(run))
    if not np.array_equal(there[rows], run):
        raise ValueError("these times are not an unbroken run of the others")
    return rows


def from_nanoseconds(values: Int64Array1D) -> pd.Series:
    """(n,) int64 nanoseconds as a UTC time column; ``MISSING`` becomes a missing time."""
    return pd.Series(values.view("datetime64[ns]")).dt.tz_localize("UTC")
