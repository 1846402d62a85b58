"""Slow obvious twins of the kernels and joins between raw rows and bars."""

import numpy as np
import pandas as pd


def outlier_flags(log_open, log_high, log_low, log_close, fresh, least_mad, window, mads):
    flags, excursions, good = [], [], None
    for i in range(len(log_close)):
        references = [log_open[i]] if fresh[i] else [log_close[i - 1], good]
        excursion = min(max(abs(log_high[i] - r), abs(log_low[i] - r)) for r in references)
        flag = False
        if len(excursions) >= window:
            before = np.array(excursions[-window:])
            median = np.median(before)
            mad = np.median(np.abs(before - median))
            flag = excursion > median + mads * max(mad, least_mad[i])
        flags.append(flag)
        excursions.append(excursion)
        if fresh[i] or not flag:
            good = log_close[i]
    return np.array(flags)


def bars(rows: pd.DataFrame, interval: pd.Timedelta) -> list[tuple]:
    """Open time, OHLC, volume and rows of each bar, one row at a time."""
    made: dict[pd.Timestamp, list] = {}
    for row in rows.itertuples():
        steps = (row.datetime - row.session_open) // interval
        made.setdefault(row.session_open + steps * interval, []).append(row)
    return [
        (
            start,
            held[0].open,
            max(r.high for r in held),
            min(r.low for r in held),
            held[-1].close,
            sum(r.volume for r in held),
            len(held),
        )
        for start, held in made.items()
    ]
