"""Whether a market is volatile, which is when a fill costs more; known at each bar's end."""

import numpy as np

from mlfactory._numba import njit
from mlfactory._typing import BoolArray1D, Float64Array1D, Int32Array1D, Int64Array1D
from mlfactory.sessions import session_opens

VOLATILE_RATIO = 1.5
"""# ASSUME half as much again as usual: contracts.yaml has two costs, and not when each is paid."""

USUAL_SESSIONS = 20
LEAST_SESSIONS = 5


def is_volatile(width: Float64Array1D, session: Int32Array1D) -> BoolArray1D:
    """Bars whose average true range is far above that of the sessions before.

    Parameters
    ----------
    width
        (n,) average true range, NaN where there is none yet.
    session
        (n,) ascending.

    Returns
    -------
    (n,) bool: above `VOLATILE_RATIO` times the usual, the median over the last `USUAL_SESSIONS`
    earlier sessions of each one's median. Where fewer than `LEAST_SESSIONS` are known, true: the
    higher cost.
    """
    opens = session_opens(session)
    ends = np.append(opens[1:], len(session))
    limit = VOLATILE_RATIO * _usual(_medians(width, opens, ends))
    return _above(width, limit, opens, ends)


@njit(cache=True)
def _above(
    width: Float64Array1D, limit: Float64Array1D, first: Int64Array1D, end: Int64Array1D
) -> BoolArray1D:
    """Whether each bar is not at most its stretch's limit: so too where either is missing."""
    found = np.empty(len(width), dtype=np.bool_)
    for i in range(len(first)):
        for t in range(first[i], end[i]):
            found[t] = not width[t] <= limit[i]
    return found


@njit(cache=True)
def _medians(values: Float64Array1D, first: Int64Array1D, end: Int64Array1D) -> Float64Array1D:
    """Median of what is known of each stretch, NaN where nothing is."""
    found = np.full(len(first), np.nan)
    for i in range(len(first)):
        stretch = values[first[i] : end[i]]
        known = stretch[~np.isnan(stretch)]
        if len(known):
            found[i] = np.median(known)
    return found


@njit(cache=True)
def _usual(of_session: Float64Array1D) -> Float64Array1D:
    """Median of the sessions before each one that is known, NaN where too few are."""
    found = np.full(len(of_session), np.nan)
    for i in range(len(of_session)):
        before = of_session[max(i - USUAL_SESSIONS, 0) : i]
        known = before[~np.isnan(before)]
        if len(known) >= LEAST_SESSIONS:
            found[i] = np.median(known)
    return found
