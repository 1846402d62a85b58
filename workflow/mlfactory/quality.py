"""How clean a label's path was, in units of its own barriers: what quality weights are made of."""

import math

import numpy as np

from mlfactory._numba import njit
from mlfactory._typing import Float64Array1D, Int8Array1D, Int32Array1D, Int64Array1D

SHORT, NEUTRAL, LONG = 0, 1, 2
SPEED, MAE, MFE, PAIN_TO_GAIN, DRAWDOWN = 0.20, 0.25, 0.20, 0.20, 0.15
"""What each component counts in the score; together 1."""


@njit(cache=True, fastmath={"reassoc", "nsz"})
def depth_sum(price: Float64Array1D, entry: float, per_up: float, per_down: float) -> float:
    """Sum over prices of how far they are above the entry, times ``per_up``, or below it."""
    total = 0.0
    for row in range(len(price)):
        move = price[row] - entry
        total += max(move, 0.0) * per_up - min(move, 0.0) * per_down
    return total


@njit(cache=True)
def speed_scores(most_bars: int, horizon: int) -> Float64Array1D:
    """How near to one and a half horizons labels of 0 to ``most_bars`` bars last, in (0, 1].

    Returns
    -------
    (most_bars + 1,): exp(-((bars - 1.5 horizon) / (1.5 horizon))^2).
    """
    ideal = 1.5 * horizon
    scores = np.empty(most_bars + 1)
    for bars in range(most_bars + 1):
        scores[bars] = math.exp(-(((bars - ideal) / ideal) ** 2))
    return scores


@njit(cache=True)
def score(speed: float, pain: float, gain: float, depth: float) -> float:
    """The quality of one path, in [0, 1]; higher is better.

    Parameters
    ----------
    speed
        Of `speed_scores`, by how long the label lasted.
    pain, gain
        Worst adverse and best favourable excursion as shares of their barriers; above 1 counts
        as 1. Not both 0.
    depth
        Mean over the path's time of the adverse distance from the entry, as a share of its barrier.

    Returns
    -------
    .20 speed + .25 (1 - pain) + .20 gain + .20 gain / (gain + pain) + .15 (1 - depth).
    """
    pain, gain, depth = min(pain, 1.0), min(gain, 1.0), min(depth, 1.0)
    return (
        SPEED * speed
        + MAE * (1.0 - pain)
        + MFE * gain
        + PAIN_TO_GAIN * gain / (gain + pain)
        + DRAWDOWN * (1.0 - depth)
    )


@njit(cache=True)
def path_quality(
    close: Float64Array1D,
    width: Float64Array1D,
    first_raw: Int64Array1D,
    raw_close: Float64Array1D,
    outcome: Int8Array1D,
    decided: Int32Array1D,
    exit_price: Float64Array1D,
    highest: Float64Array1D,
    lowest: Float64Array1D,
    held: Int32Array1D,
    k_up: float,
    k_down: float,
    horizon: int,
) -> Float64Array1D:
    """The quality score of every bar's path; it depends on nothing after the row that decided.

    A long label's pain is its lowest price towards the lower barrier, its gain the highest
    towards the upper one, its depth the time it spent below the entry and how far; a short
    label's the reverse. A label that met its barrier has gain 1. A neutral label has no side:
    its pain is the nearest that it came to either barrier, its gain how near to the entry it
    ended, its depth how far from the entry it was, on either side.

    Parameters
    ----------
    close
        (n,) entry prices.
    width
        (n,) the unit of the barriers, price units.
    first_raw
        (n + 1,) the first raw row of each bar.
    raw_close
        Closes of the raw rows; all but the one that decided, which counts with the exit price.
        # ASSUME raw rows are equally long: absent minutes count for nothing.
    outcome, decided, exit_price, highest, lowest, held
        (n,) class, deciding raw row, exit price, extreme prices up to the exit, and bars held.
    k_up, k_down
        Distances of the barriers from the entry in units of ``width``.
    horizon
        In bars.

    Returns
    -------
    (n,) float64 in [0, 1], NaN where there is no class. Source: the excursions are those of
    Sweeney, Campaign Trading, 1996, here as shares of the label's own barriers, so that no other
    row is looked at; the sum is our own.
    """
    out = np.full(len(close), np.nan)
    speed = speed_scores(held.max(), horizon)
    for t in range(len(close)):
        kind = outcome[t]
        if kind != SHORT and kind != NEUTRAL and kind != LONG:
            continue
        per_up, per_down = 1.0 / (k_up * width[t]), 1.0 / (k_down * width[t])
        up = (highest[t] - close[t]) * per_up
        down = (close[t] - lowest[t]) * per_down
        move = exit_price[t] - close[t]
        ended = max(move, 0.0) * per_up - min(move, 0.0) * per_down
        if kind == LONG:
            pain, gain, per_up, ended = down, up, 0.0, 0.0
        elif kind == SHORT:
            pain, gain, per_down, ended = up, down, 0.0, 0.0
        else:
            pain, gain = max(up, down), 1.0 - ended
        start, stop = first_raw[t + 1], decided[t]
        depth = depth_sum(raw_close[start:stop], close[t], per_up, per_down) + ended
        out[t] = score(speed[held[t]], pain, gain, depth / (stop + 1 - start))
    return out
