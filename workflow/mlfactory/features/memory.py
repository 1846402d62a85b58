"""From which bar on a file must be read for a row to be complete."""

import numpy as np
import pandas as pd

from mlfactory.features import catalog
from mlfactory.sessions import session_opens


def first_bar_needed(
    bars: pd.DataFrame, row: int, chosen: catalog.FeatureSet = catalog.DEFAULT
) -> int | None:
    """The last opening of a session from which on the bars suffice for a complete row.

    Parameters
    ----------
    bars
        Table of schema BARS.
    row
        The row that is to be complete.

    Returns
    -------
    The opening's row number; None where the bars before ``row`` are too few.
    """
    session = bars["session"].to_numpy()[: row + 1]
    opens = session_opens(session)
    by_sessions = len(opens) - 1 - catalog.warmup_sessions(chosen)
    by_bars = int(np.searchsorted(opens, row - catalog.warmup_bars(chosen), side="right")) - 1
    needed = min(by_sessions, by_bars)
    return int(opens[needed]) if needed >= 0 else None
