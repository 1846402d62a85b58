"""Time: the clock of the exchange, of the session, and of three trading centres.

Hours, minutes and weekdays are those of the bar's opening. Scheduled session times are known
beforehand, so nothing here looks ahead.
"""

import numpy as np
import pandas as pd

from mlfactory._typing import Float64Array1D, Int64Array1D
from mlfactory.features._base import Feature, Inputs

MINUTE_NS = 60_000_000_000
LAST_MINUTES = 60.0
_THURSDAY = 3
"""The weekday of 1970-01-01."""

# ASSUME cash hours on weekdays; the centres' holidays and half days are not looked up.
CENTRES = {
    "tokyo": ("Asia/Tokyo", 9 * 60, 15 * 60),
    "london": ("Europe/London", 8 * 60, 16 * 60 + 30),
    "new_york": ("America/New_York", 9 * 60 + 30, 16 * 60),
}
CYCLES = {"hour": 24, "minute": 60, "weekday": 7}

FEATURES = (
    *(
        Feature(
            f"{cycle}_{function}",
            1,
            "own",
            "fraction",
            f"{function}(2 pi {cycle} / {period}), exchange time",
            constant_ok=True,
            bounded=True,
        )
        for cycle, period in CYCLES.items()
        for function in ("sin", "cos")
    ),
    Feature(
        "minutes_since_open", 1, "own", "minutes", "from the session's opening to the bar's opening"
    ),
    Feature(
        "minutes_to_close",
        1,
        "own",
        "minutes",
        "from the bar's end to the session's scheduled close, at most 60",
        constant_ok=True,
        bounded=True,
    ),
    Feature(
        "session_middle",
        1,
        "own",
        "fraction",
        "4 f (1 - f), f = elapsed fraction of the session at the bar's middle",
        constant_ok=True,
        bounded=True,
    ),
    *(
        Feature(
            f"{centre}_hours",
            1,
            "own",
            "flag",
            f"1 if the bar opens in the cash hours of {zone}, else 0",
            constant_ok=True,
            bounded=True,
        )
        for centre, (zone, _, _) in CENTRES.items()
    ),
    Feature(
        "closure_length",
        2,
        "own",
        "log minutes",
        "ln(1 + minutes between the previous bar's end and this bar's opening)",
        constant_ok=True,
    ),
)


def compute(inputs: Inputs) -> dict[str, Float64Array1D]:
    """Columns of ``FEATURES``, each of shape (n,)."""
    return _cycles(inputs) | _session(inputs) | _centres(inputs.time_ns) | _closure(inputs)


def _cycles(x: Inputs) -> dict[str, Float64Array1D]:
    clock, columns = _clock(x.time_ns, x.timezone), {}
    for cycle, period in CYCLES.items():
        angle = 2.0 * np.pi * np.arange(period) / period
        columns[f"{cycle}_sin"] = np.sin(angle).round(12)[clock[cycle]] + 0.0
        columns[f"{cycle}_cos"] = np.cos(angle).round(12)[clock[cycle]] + 0.0
    return columns


def _clock(time_ns: Int64Array1D, zone: str) -> dict[str, Int64Array1D]:
    """What a zone's clocks show: ``hour``, ``minute``, and ``weekday`` counted from Monday."""
    local = pd.DatetimeIndex(time_ns, tz=zone).tz_localize(None)
    minutes = local.asi8 // MINUTE_NS
    hours = minutes // 60
    return {"hour": hours % 24, "minute": minutes % 60, "weekday": (hours // 24 + _THURSDAY) % 7}


def _session(x: Inputs) -> dict[str, Float64Array1D]:
    since_open = (x.time_ns - x.session_open_ns) / MINUTE_NS
    to_close = (x.session_close_ns - x.time_ns - x.bar_ns) / MINUTE_NS
    length = x.session_close_ns - x.session_open_ns
    elapsed = (x.time_ns - x.session_open_ns + x.bar_ns // 2) / length
    return {
        "minutes_since_open": since_open,
        "minutes_to_close": np.clip(to_close, 0.0, LAST_MINUTES),
        "session_middle": 4.0 * elapsed * (1.0 - elapsed),
    }


def _centres(time_ns: Int64Array1D) -> dict[str, Float64Array1D]:
    columns = {}
    for centre, (zone, opening, closing) in CENTRES.items():
        clock = _clock(time_ns, zone)
        minute = clock["hour"] * 60 + clock["minute"]
        open_now = (minute >= opening) & (minute < closing) & (clock["weekday"] < 5)
        columns[f"{centre}_hours"] = open_now.astype(np.float64)
    return columns


def _closure(x: Inputs) -> dict[str, Float64Array1D]:
    closed = np.diff(x.time_ns) - x.bar_ns
    length = np.log1p(np.maximum(closed, 0) / MINUTE_NS)
    return {"closure_length": np.concatenate([[np.nan], length])[: len(x.time_ns)]}
