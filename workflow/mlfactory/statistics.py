"""Intervals: the session-block bootstrap."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from mlfactory._typing import Float64Array1D, Float64Array2D, Int64Array1D


def block_numbers(session: np.ndarray, block_sessions: int) -> Int64Array1D:
    """The block of each row, (n,): ``block_sessions`` successive sessions, counted from 0."""
    _, number = np.unique(session, return_inverse=True)
    return number // block_sessions


def bootstrap_counts(n_blocks: int, samples: int, seed: int) -> Float64Array2D:
    """How often each block is drawn in each sample, (1 + samples, n_blocks).

    The first line is the data itself: every block once. Source: Efron and Tibshirani, An
    Introduction to the Bootstrap, 1993; blocks keep what overlaps and clusters together.
    """
    generator = np.random.default_rng(seed)
    draws = generator.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), size=samples)
    return np.vstack([np.ones(n_blocks), draws])


def block_sums(block: Int64Array1D, values: np.ndarray) -> np.ndarray:
    """Sums of ``values`` (n,) or (n, k) over each block."""
    return np.add.reduceat(values, np.flatnonzero(np.r_[True, np.diff(block) != 0]), axis=0)


@dataclass(frozen=True)
class Resamples:
    """How often each block of rows is drawn in each resample.

    Attributes
    ----------
    sessions
        Sessions in a block.
    block
        (n,) the block of each row.
    counts
        (1 + samples, blocks), see `bootstrap_counts`.
    """

    sessions: int
    block: Int64Array1D
    counts: Float64Array2D

    @property
    def n_blocks(self) -> int:
        """How many blocks there are."""
        return int(self.counts.shape[1])

    @property
    def about(self) -> dict[str, int]:
        """What stands beside an interval: ``block_sessions`` and ``blocks``."""
        return {"block_sessions": self.sessions, "blocks": self.n_blocks}

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sums of (n,) or (n, k) values in each resample, (1 + samples,) or (1 + samples, k)."""
        return self.counts @ block_sums(self.block, values)

    def mean(self, values: Float64Array1D) -> Float64Array1D:
        """Means of (n,) values in each resample, (1 + samples,)."""
        return self.sums(values) / self.sums(np.ones(len(values)))


LEAST_BLOCKS = 10
"""Blocks below which a bootstrap over them says nothing; the shortest length is always taken."""


def resamples(
    session: np.ndarray, block_sessions: int | Sequence[int], *, samples: int, seed: int
) -> list[Resamples]:
    """Resamples by blocks of each length, the shortest first.

    Parameters
    ----------
    session
        (n,) the session of each row, ascending.
    block_sessions
        Lengths in sessions; one that leaves fewer than 10 blocks is passed over, but for the
        shortest.
    samples, seed
        See `bootstrap_counts`.
    """
    lengths = sorted(np.atleast_1d(block_sessions).tolist())
    numbers = [block_numbers(session, length) for length in lengths]
    return [
        Resamples(length, block, bootstrap_counts(int(block[-1]) + 1, samples, seed))
        for i, (length, block) in enumerate(zip(lengths, numbers, strict=True))
        if i == 0 or block[-1] + 1 >= LEAST_BLOCKS
    ]


def wider(found: Sequence[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Of several sets of intervals the widest of each name, the first where they are as wide."""
    return {
        name: max((one[name] for one in found), key=lambda ends: ends["high"] - ends["low"])
        for name in found[0]
    }


def stretch(confidence: float, blocks: Int64Array1D | int) -> Float64Array1D:
    """How many times farther from the value than percentiles the ends of an interval lie.

    Plain percentiles of few blocks cover too seldom: resampled blocks vary less than blocks newly
    drawn, by 1 - 1 / blocks, and a mean over its own standard error has Student's tails. Stretched,
    the interval of a mean of blocks is Student's. Source: Hesterberg, What Teachers Should Know
    About the Bootstrap, The American Statistician 69(4), 371-386, 2015, on both; there a farther
    percentile is taken instead, which resamples of fewer than six blocks do not have.

    Examples
    --------
    >>> stretch(0.95, np.array([3, 11, 250])).round(3)
    array([2.689, 1.192, 1.007])
    >>> float(stretch(0.95, 1))  # of a single block nothing is known
    1.0
    """
    n = np.maximum(blocks, 2)
    level = (1 + confidence) / 2
    wider = stdtrit(n - 1, level) / ndtri(level) * np.sqrt(n / (n - 1))
    return np.where(np.asarray(blocks) < 2, 1.0, wider)


def sum_interval(parts: Float64Array2D, confidence: float, blocks: int) -> dict[str, float]:
    """Value and interval of a sum of absolute values, which chance can only raise.

    Resamples of such a sum lie above it, so that its percentiles may leave it out. Here the
    parts themselves are taken to lie about their means as their resamples lie about them: no
    sum of absolute values is farther from the truth than the sum of the parts' own distances.

    Parameters
    ----------
    parts
        (1 + samples, k) of the parts with their signs, the first line of the data itself.
    confidence, blocks
        See `stretch`.

    Returns
    -------
    ``value``, and ``low`` and ``high`` at that distance from it, ``low`` not below 0. It holds the
    truth at least as often as ``confidence``, and just as often where the truth is 0. Source: the
    bootstrap of a vector of means, Bickel and Freedman, Some Asymptotic Theory for the Bootstrap,
    1981; the triangle inequality.
    """
    value = float(np.abs(parts[0]).sum())
    farther = np.quantile(np.abs(parts[1:] - parts[0]).sum(axis=1), confidence)
    distance = float(stretch(confidence, blocks) * farther)
    return {"value": value, "low": max(0.0, value - distance), "high": value + distance}


def interval(
    samples: Float64Array1D, confidence: float, blocks: int, error: float = 1.0
) -> dict[str, float]:
    """Value and stretched percentile interval from a statistic's values, the first of the data.

    NaN samples (a resample without one of the classes) are left out. ``confidence`` and ``blocks``:
    see `stretch`. ``error`` is how many times what resampling says the standard error is.
    """
    tail, wider = (1 - confidence) / 2, error * float(stretch(confidence, blocks))
    drawn = samples[1:][np.isfinite(samples[1:])]
    value = float(samples[0])
    ends = np.quantile(drawn, (tail, 1 - tail)) if len(drawn) else (np.nan, np.nan)
    low, high = (value + wider * (float(end) - value) for end in ends)
    return {"value": value, "low": low, "high": high}
