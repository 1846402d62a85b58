"""The Sharpe ratio, how sure it is, and what the best of many trials would show by chance.

Every ratio here is per session; times the square root of a year's sessions it is annual.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import kurtosis, skew

from mlfactory._typing import Float64Array1D

EULER = 0.5772156649015329


class Moments(NamedTuple):
    """What the formulas need of a sample of returns.

    Attributes
    ----------
    n
        Sessions.
    ratio
        Mean over standard deviation.
    skewness, kurtosis
        Third and fourth standardised moments; the kurtosis of a normal distribution is 3.
    """

    n: int
    ratio: float
    skewness: float
    kurtosis: float


def moments(returns: Float64Array1D) -> Moments | None:
    """Moments of (n,) returns by session; None below three, or where they do not vary."""
    if len(returns) < 3 or np.std(returns) == 0:
        return None
    return Moments(
        len(returns),
        float(np.mean(returns) / np.std(returns, ddof=1)),
        float(skew(returns)),
        float(kurtosis(returns, fisher=False)),
    )


def standard_error(returns: Float64Array1D) -> float:
    """Standard error of the ratio of (n,) returns that may be autocorrelated and not normal.

    The asymptotic variance of mean over standard deviation, with Newey and West's weights over
    4 (n / 100)^(2/9) lags. For independent normal returns it is sqrt((1 + ratio^2 / 2) / n).
    Sources: Lo, The Statistics of Sharpe Ratios, Financial Analysts Journal 58(4), 2002; Newey and
    West, Econometrica 55(3), 1987; the number of lags: Review of Economic Studies 61(4), 1994.
    """
    z = (returns - returns.mean()) / returns.std()
    ratio = returns.mean() / returns.std()
    return error_of_mean(z - 0.5 * ratio * (z**2 - 1))


def error_of_mean(values: Float64Array1D) -> float:
    """Standard error of the mean of (n,) values of mean 0 that may be autocorrelated.

    Newey and West's weights over 4 (n / 100)^(2/9) lags; sources as in `standard_error`.
    """
    n = len(values)
    lags = min(int(4 * (n / 100) ** (2 / 9)), n - 1)
    variance = float(values @ values) / n
    for lag in range(1, lags + 1):
        weight = 1 - lag / (lags + 1)
        variance += 2 * weight * float(values[lag:] @ values[:-lag]) / n
    return math.sqrt(max(variance, 0.0) / n)


def _deviation(of: Moments) -> float:
    """The ratio's standard error times sqrt(n - 1), for independent returns of these moments."""
    inside = 1 - of.skewness * of.ratio + (of.kurtosis - 1) / 4 * of.ratio**2
    return math.sqrt(max(inside, 1e-12))


def probabilistic(of: Moments, benchmark: float = 0.0) -> float:
    """The probability that the true ratio is above ``benchmark``.

    Source: Bailey and Lopez de Prado, The Sharpe Ratio Efficient Frontier, Journal of Risk 15(2),
    2012, equation 11.
    """
    return float(ndtr((of.ratio - benchmark) * math.sqrt(of.n - 1) / _deviation(of)))


def expected_maximum(trials: int, variance: float) -> float:
    """The highest ratio to be expected of this many trials none of which is worth anything.

    Parameters
    ----------
    trials
        How many; 0 for one or none.
    variance
        Of the trials' ratios.

    Notes
    -----
    Source: Bailey and Lopez de Prado, The Deflated Sharpe Ratio, Journal of Portfolio Management
    40(5), 2014, equation 1.
    """
    if trials < 2:
        return 0.0
    low, high = ndtri(1 - 1 / trials), ndtri(1 - 1 / (trials * math.e))
    return float(math.sqrt(variance) * ((1 - EULER) * low + EULER * high))


def deflated(of: Moments, *, trials: int, variance: float) -> float:
    """The probability that the true ratio is above 0, after choosing the best of many trials.

    The probabilistic ratio against `expected_maximum`. Source: as there, equation 2.
    """
    return probabilistic(of, expected_maximum(trials, variance))


def minimum_track_record(
    of: Moments, benchmark: float = 0.0, confidence: float = 0.95
) -> float | None:
    """Sessions after which the ratio, if it stays, is above ``benchmark`` with this confidence.

    None where it is not above ``benchmark``. Source: Bailey and Lopez de Prado, 2012, equation 13.
    """
    if of.ratio <= benchmark:
        return None
    wanted = float(ndtri(confidence)) / (of.ratio - benchmark)
    return 1 + _deviation(of) ** 2 * wanted**2
