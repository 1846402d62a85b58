"""From probabilities to positions: which side, and how many contracts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import ndtr

from mlfactory._numba import njit
from mlfactory._typing import Float64Array1D, Float64Array2D, Int32Array1D, Int64Array1D
from mlfactory.quality import LONG, SHORT

KINDS = ("expected_value", "p_difference")


def edge(
    p: Float64Array2D, kind: str, *, barriers: Mapping[str, Any], cost: Float64Array1D
) -> Float64Array1D:
    """What speaks for a position at each bar's end; its sign is the side.

    Parameters
    ----------
    p
        (n, 3) probabilities in label order, NaN where there are none.
    kind
        ``expected_value``: what the position is expected to earn after costs, in average true
        ranges, a neutral end counted as nothing; 0 where neither side is expected to earn any.
        ``p_difference``: p_long - p_short; with a farther upper barrier it is below 0 on average.
    barriers
        ``k_up`` and ``k_down`` of the labels.
    cost
        (n,) round-trip costs in average true ranges.

    Returns
    -------
    (n,) float64, NaN where ``p`` is.
    """
    if kind == "p_difference":
        return p[:, LONG] - p[:, SHORT]
    return _expected_value(p, float(barriers["k_up"]), float(barriers["k_down"]), cost)


@njit(cache=True)
def _expected_value(
    p: Float64Array2D, k_up: float, k_down: float, cost: Float64Array1D
) -> Float64Array1D:
    n = len(p)
    value = np.empty(n)
    for i in range(n):
        gain = p[i, LONG] * k_up - p[i, SHORT] * k_down
        left = abs(gain) - cost[i]
        if left <= 0.0:
            value[i] = 0.0
        else:  # also where it is missing
            value[i] = left if gain > 0.0 else -left
    return value


def side(edge: Float64Array1D, threshold: float | None) -> Int32Array1D:
    """1 long, -1 short, 0 neither, (n,): the edge's sign where it is beyond the threshold.

    ``threshold``: at least 0; None: no trade is better than any.
    """
    if threshold is None:
        return np.zeros(len(edge), dtype=np.int32)
    return (edge > threshold).astype(np.int32) - (edge < -threshold)


def bet_size(p: Float64Array2D, side: Int32Array1D) -> Float64Array1D:
    """Signed size in [-1, 1] of the bet on each bar's side, by how sure its class is.

    Parameters
    ----------
    p
        (n, 3) probabilities in label order.
    side
        (n,) 1, -1 or 0.

    Returns
    -------
    (n,) float64: side (2 Phi(z) - 1) with z = (p - 1/3) / sqrt(p (1 - p)), not below 0; 0 without
    a side. Source: Lopez de Prado, Advances in Financial Machine Learning, 2018, section 10.3.
    """
    chosen = np.where(side > 0, p[:, LONG], p[:, SHORT])
    chosen = np.clip(np.where(side == 0, 1 / 3, chosen), 1e-9, 1 - 1e-9)
    z = (chosen - 1 / 3) / np.sqrt(chosen * (1 - chosen))
    return side * np.maximum(2 * ndtr(z) - 1, 0.0)


@njit(cache=True)
def average_active(size: Float64Array1D, exit_bar: Int32Array1D) -> Float64Array1D:
    """The mean size of all bets that are active at each bar's end, the bar's own among them.

    Parameters
    ----------
    size
        (n,) signed sizes; 0: no bet.
    exit_bar
        (n,) the bar that each bet ends in, at whose end it is no longer active; -1: no bet.

    Returns
    -------
    (n,) float64, 0 where the bar itself has no bet. Source: Lopez de Prado, Advances in Financial
    Machine Learning, 2018, section 10.4.
    """
    n = len(size)
    ending_size = np.zeros(n + 1)
    ending = np.zeros(n + 1, dtype=np.int64)
    total, count = 0.0, 0
    average = np.zeros(n)
    for t in range(n):
        total -= ending_size[t]
        count -= ending[t]
        if size[t] == 0.0 or exit_bar[t] <= t:
            continue
        total += size[t]
        count += 1
        ending_size[exit_bar[t]] += size[t]
        ending[exit_bar[t]] += 1
        average[t] = total / count
    return average


def contracts(
    p: Float64Array2D,
    side: Int32Array1D,
    rows: Int64Array1D,
    exit_bar: Int32Array1D,
    *,
    size: str,
    max_contracts: int,
) -> Int32Array1D:
    """Signed whole contracts that each bar's signal wants.

    Parameters
    ----------
    p, side, rows
        (m, 3) probabilities; 1, -1 or 0, (m,); and their bars.
    exit_bar
        (n,) see `average_active`.
    size
        ``one``: one contract. ``probability``: the mean size of the active bets, in steps of one
        contract of ``max_contracts``; none where the mean is of the other side, or rounds to 0.
    max_contracts
        See ``size``.

    Returns
    -------
    (n,) int32, 0 where there is no signal.
    """
    wanted = np.zeros(len(exit_bar), dtype=np.int32)
    if size == "one":
        wanted[rows] = side
        return wanted
    bets = np.zeros(len(exit_bar))
    bets[rows] = bet_size(p, side)
    sized = np.round(average_active(bets, exit_bar)[rows] * max_contracts)
    wanted[rows] = np.where(np.sign(sized) == side, sized, 0)
    return wanted
