"""Whether a market is volatile, which is when a fill costs more; known at each bar's end."""

import numpy as np
import pandas as pd

from mlfactory._typing import BoolArray1D, Float64Array1D, Int32Array1D

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
    by_session = pd.Series(width).groupby(session).median()
    usual = by_session.rolling(USUAL_SESSIONS, min_periods=LEAST_SESSIONS).median().shift(1)
    limit = VOLATILE_RATIO * usual.reindex(session).to_numpy()
    return ~(width <= limit) | np.isnan(limit)
