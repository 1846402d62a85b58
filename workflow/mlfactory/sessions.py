"""Where sessions begin in a table of bars."""

import numpy as np

from mlfactory._typing import Int64Array1D


def session_opens(session: np.ndarray) -> Int64Array1D:
    """Rows at which a session begins, ascending, of the session of each row, (n,) in order.

    >>> session_opens(np.array([7, 7, 9, 9, 9, 10]))
    array([0, 2, 5])
    """
    changes = np.flatnonzero(session[1:] != session[:-1]) + 1
    return np.append(0, changes) if len(session) else changes
