"""Slow obvious twins of the feature kernels, and small markets to compute features from."""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from mlfactory.features._base import Inputs, inputs

BAR = pd.Timedelta("5min")


def market(
    seed: int,
    *,
    sessions: int = 14,
    bars_a_session: int = 78,
    zone: str = "America/New_York",
    opening: str = "09:30",
    tick: float = 0.25,
    hole_share: float = 0.02,
    flat_share: float = 0.03,
    roll_sessions: tuple[int, ...] = (),
    half_days: tuple[int, ...] = (),
    holes: tuple[tuple[int, int, int], ...] = (),
) -> pd.DataFrame:
    """Bars on a tick grid with holes, flat bars, session gaps and rolls; tick 0 for no grid.

    ``half_days`` are sessions that end early; ``holes`` are (session, first bar, end) without bars.
    Daylight saving begins with the sixth session.
    """
    rng = np.random.default_rng(seed)
    days = pd.bdate_range("2024-03-04", periods=sessions)
    lengths = [
        bars_a_session // 2 - 1 if i in half_days else bars_a_session for i in range(sessions)
    ]
    frames = [_session(rng, d, n, zone, opening) for d, n in zip(days, lengths, strict=True)]
    place = np.concatenate(
        [np.column_stack([np.full(n, i), np.arange(n)]) for i, n in enumerate(lengths)]
    )
    bars = pd.concat(frames, ignore_index=True)
    bars = _prices(rng, bars, tick, flat_share)
    bars["contract"] = np.searchsorted(np.array(roll_sessions), bars.pop("number"), side="right")
    bars["contract"] = "C" + bars["contract"].astype(str)
    for contract in range(1, len(roll_sessions) + 1):
        later = bars["contract"] >= f"C{contract}"
        shift = np.round(0.011 * bars["close"].iloc[0] * contract / 0.25) * 0.25
        bars.loc[later, ["open", "high", "low", "close"]] += shift
    keep = rng.random(len(bars)) >= hole_share
    for session, first, end in holes:
        keep &= (place[:, 0] != session) | (place[:, 1] < first) | (place[:, 1] >= end)
    return bars[keep].reset_index(drop=True)


def _session(
    rng: np.random.Generator, day: pd.Timestamp, bars: int, zone: str, opening: str
) -> pd.DataFrame:
    start = (day + pd.Timedelta(f"{opening}:00")).tz_localize(zone).tz_convert("UTC")
    times = start.as_unit("ns") + BAR * np.arange(bars)
    return pd.DataFrame(
        {
            "datetime": times,
            "session": np.int32((day - pd.Timestamp(0)).days),
            "session_open": times[0],
            "session_close": times[-1] + BAR,
            "segment": np.int32(0),
            "number": (day - pd.Timestamp("2024-03-04")).days // 7 * 5 + day.weekday(),
            "scale": np.where(np.arange(bars) == 0, 4.0, 1.0) * np.exp(0.4 * rng.normal()),
        }
    )


def _prices(
    rng: np.random.Generator, bars: pd.DataFrame, tick: float, flat_share: float
) -> pd.DataFrame:
    n, scale = len(bars), bars.pop("scale").to_numpy()
    moves = 5e-4 * scale * rng.normal(size=(3, n))
    moves[:, rng.random(n) < flat_share] = 0.0
    close = 5000.0 * np.exp(np.cumsum(moves[0]))
    open_ = np.concatenate([[5000.0], close[:-1]]) * np.exp(0.3 * moves[1])
    high = np.maximum(open_, close) * np.exp(0.5 * np.abs(moves[1]))
    low = np.minimum(open_, close) * np.exp(-0.5 * np.abs(moves[2]))
    for name, values in {"open": open_, "high": high, "low": low, "close": close}.items():
        bars[name] = np.round(values / tick) * tick if tick else values
    bars["volume"] = np.round(np.exp(rng.normal(5.0, 1.0, n)) + 1.0, 3)
    bars["n_raw"] = np.int32(5)
    return bars


def inputs_of(**columns: list[float]) -> Inputs:
    """Inputs of a few literal bars from 2024-03-04 14:30 UTC; what is not given follows close."""
    close = np.array(columns["close"], dtype=np.float64)
    n = len(close)
    bars = pd.DataFrame({name: columns.get(name, close) for name in ("open", "high", "low")})
    bars["close"], bars["volume"] = close, columns.get("volume", np.ones(n))
    bars["datetime"] = pd.Timestamp("2024-03-04 14:30", tz="UTC").as_unit("ns") + BAR * np.arange(n)
    bars["session"] = np.array(columns.get("session", np.zeros(n)), dtype=np.int32)
    bars["session_open"] = bars.groupby("session")["datetime"].transform("first")
    bars["session_close"] = bars.groupby("session")["datetime"].transform("last") + BAR
    bars["segment"], bars["contract"] = np.int32(0), None
    return inputs(bars, "America/New_York", BAR.as_unit("ns").value)


def at(market_inputs: Inputs, time: str) -> Inputs:
    """The same bars, the first one opening at ``time`` (UTC)."""
    shift = pd.Timestamp(time, tz="UTC").as_unit("ns").value - market_inputs.time_ns[0]
    return replace(market_inputs, time_ns=market_inputs.time_ns + shift)


def windows(values: np.ndarray, window: int):
    """(row, window that ends there) of each full window."""
    for t in range(window - 1, len(values)):
        yield t, values[t - window + 1 : t + 1]


def over_windows(function, window: int, *arrays: np.ndarray) -> np.ndarray:
    result = np.full(len(arrays[0]), np.nan)
    for t in range(window - 1, len(arrays[0])):
        result[t] = function(*(a[t - window + 1 : t + 1] for a in arrays))
    return result


def skew(values: np.ndarray) -> float:
    return 0.0 if np.ptp(values) < 1e-12 else float(stats.skew(values))


def kurtosis(values: np.ndarray) -> float:
    return 0.0 if np.ptp(values) < 1e-12 else float(stats.kurtosis(values))


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    flat = np.ptp(x) < 1e-12 or np.ptp(y) < 1e-12
    return 0.0 if flat else float(np.corrcoef(x, y)[0, 1])


def percentile(values: np.ndarray) -> float:
    earlier, last = values[:-1], values[-1]
    return float(np.mean((earlier < last) + 0.5 * (earlier == last)))


def regression(values: np.ndarray) -> tuple[float, float, float]:
    time = np.arange(len(values))
    slope, intercept = np.polyfit(time, values, 1)
    residual = values - slope * time - intercept
    deviation = residual[-1] / np.sqrt((residual**2).sum() / (len(values) - 2))
    return slope, 1.0 - (residual**2).sum() / ((values - values.mean()) ** 2).sum(), deviation


def aroon(high: np.ndarray, low: np.ndarray) -> float:
    bars_since_high = int(np.argmax(high[::-1]))
    bars_since_low = int(np.argmin(low[::-1]))
    return 100.0 * (bars_since_low - bars_since_high) / (len(high) - 1)


def supertrend(middle: np.ndarray, close: np.ndarray, half: np.ndarray) -> tuple[float, float]:
    """Line and direction at the end of one window: final bands first, then the walk over them."""
    upper, lower = list(middle + half), list(middle - half)
    for i in range(1, len(close)):
        if upper[i] >= upper[i - 1] and close[i - 1] <= upper[i - 1]:
            upper[i] = upper[i - 1]
        if lower[i] <= lower[i - 1] and close[i - 1] >= lower[i - 1]:
            lower[i] = lower[i - 1]
    up = close[0] >= middle[0]
    for i in range(1, len(close)):
        if up and close[i] < lower[i]:
            up = False
        elif not up and close[i] > upper[i]:
            up = True
    return (lower[-1], 1.0) if up else (upper[-1], -1.0)


def run(signs: np.ndarray) -> float:
    count = 0
    for value in signs[::-1]:
        if value != signs[-1]:
            break
        count += 1
    return float(signs[-1] * count)
