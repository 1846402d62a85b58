"""Whether the configuration that was best where it was chosen is any good elsewhere."""

from itertools import combinations

import numpy as np

from mlfactory._typing import Float64Array1D, Float64Array2D

BLOCKS = 10
"""Stretches of sessions: 252 ways to take half of them."""

LEAST_SESSIONS = 40
"""Below which a stretch has fewer than four sessions, and nothing is said."""


def logits(returns: Float64Array2D, blocks: int = BLOCKS) -> Float64Array1D:
    """Where, out of sample, the configuration stands that is best in sample.

    Parameters
    ----------
    returns
        (sessions, configurations) profits, in order of time.
    blocks
        An even number of stretches; each half of them is once the sample.

    Returns
    -------
    One for each way: log of rank / (configurations + 1 - rank) of the chosen one's Sharpe ratio out
    of sample, 1 the worst; below 0 it is in the worse half. Source: Bailey, Borwein, Lopez de Prado
    and Zhu, The Probability of Backtest Overfitting, Journal of Computational Finance 20(4), 2017.
    """
    parts = np.array_split(np.arange(len(returns)), blocks)
    sums = np.array([returns[part].sum(axis=0) for part in parts])
    squares = np.array([(returns[part] ** 2).sum(axis=0) for part in parts])
    sizes = np.array([len(part) for part in parts])

    def ratio(chosen: list[int]) -> Float64Array1D:
        n = sizes[chosen].sum()
        mean = sums[chosen].sum(axis=0) / n
        variance = np.maximum(squares[chosen].sum(axis=0) / n - mean**2, 0.0)
        return np.where(variance > 0, mean / np.sqrt(np.where(variance > 0, variance, 1.0)), 0.0)

    found = []
    for inside in combinations(range(blocks), blocks // 2):
        outside = [block for block in range(blocks) if block not in inside]
        best = int(np.argmax(ratio(list(inside))))
        out_of_sample = ratio(outside)
        below = np.sum(out_of_sample < out_of_sample[best])
        equal = np.sum(out_of_sample == out_of_sample[best])
        rank = below + (equal + 1) / 2
        found.append(np.log(rank / (returns.shape[1] + 1 - rank)))
    return np.array(found)


def probability_of_overfitting(returns: Float64Array2D, blocks: int = BLOCKS) -> float | None:
    """The share of ways in which the best in sample is in the worse half out of sample.

    0.5 where the choice is worth nothing. None below two configurations or `LEAST_SESSIONS`. A
    `logits` of exactly 0 counts half.
    """
    if returns.shape[1] < 2 or len(returns) < LEAST_SESSIONS:
        return None
    found = logits(returns, blocks)
    return float(np.mean(found < 0) + np.mean(found == 0) / 2)
