"""Whether the best of several configurations beats a benchmark by more than the best of luck."""

import numpy as np

from mlfactory._typing import Float64Array1D, Float64Array2D, Int64Array2D

SAMPLES = 1000
LEAST_SESSIONS = 40


def stationary_bootstrap(n: int, mean_block: float, samples: int, seed: int) -> Int64Array2D:
    """Row numbers of resamples, (samples, n): blocks of geometric length, wrapped at the end.

    Source: Politis and Romano, The Stationary Bootstrap, JASA 89(428), 1994.
    """
    generator = np.random.default_rng(seed)
    rows = np.empty((samples, n), dtype=np.int64)
    rows[:, 0] = generator.integers(0, n, samples)
    for column in range(1, n):
        anew = generator.random(samples) < 1 / mean_block
        jump = generator.integers(0, n, samples)
        rows[:, column] = np.where(anew, jump, (rows[:, column - 1] + 1) % n)
    return rows


def superior_predictive_ability(
    gains: Float64Array2D, *, samples: int = SAMPLES, mean_block: float | None = None, seed: int = 0
) -> dict[str, float] | None:
    """Hansen's test of whether any configuration is better than the benchmark.

    Parameters
    ----------
    gains
        (sessions, configurations): what each earned more than the benchmark.
    samples, seed
        Of the stationary bootstrap.
    mean_block
        Sessions in a block on average; None: the square root of their number.

    Returns
    -------
    p-values, 1 where none is better than the benchmark: ``lower`` takes configurations worse than
    the benchmark as no rivals, ``consistent`` those that are clearly worse, ``upper`` none (White's
    reality check, with studentised gains).
    None below `LEAST_SESSIONS`, or where nothing varies. Sources: Hansen, A Test for Superior
    Predictive Ability, Journal of Business and Economic Statistics 23(4), 2005; White, A Reality
    Check for Data Snooping, Econometrica 68(5), 2000.
    """
    gains = gains[:, gains.std(axis=0) > 0]
    n = len(gains)
    if n < LEAST_SESSIONS or not gains.shape[1]:
        return None
    block = mean_block or np.sqrt(n)
    mean = gains.mean(axis=0)
    deviation = np.sqrt(_long_run_variance(gains, block))
    rows = stationary_bootstrap(n, block, samples, seed)
    drawn = np.array([gains[chosen].mean(axis=0) for chosen in rows])
    statistic = max(float((np.sqrt(n) * mean / deviation).max()), 0.0)
    clearly_worse = mean < -deviation * np.sqrt(2 * np.log(np.log(n)) / n)
    centres = {
        "lower": np.maximum(mean, 0.0),
        "consistent": np.where(clearly_worse, 0.0, mean),
        "upper": mean,
    }
    found = {}
    for name, centre in centres.items():
        luck = (np.sqrt(n) * (drawn - centre) / deviation).max(axis=1)
        found[name] = float(np.mean(np.maximum(luck, 0.0) >= statistic))
    return found


def _long_run_variance(gains: Float64Array2D, block: float) -> Float64Array1D:
    """Variance of sqrt(n) times the mean under the stationary bootstrap, (configurations,).

    Source: Politis and Romano, 1994, equation 7.
    """
    n = len(gains)
    centred = gains - gains.mean(axis=0)
    variance = (centred**2).mean(axis=0)
    for lag in range(1, n):
        kept = (1 - 1 / block) ** lag
        weight = (1 - lag / n) * kept + lag / n * (1 - 1 / block) ** (n - lag)
        covariance = (centred[lag:] * centred[:-lag]).sum(axis=0) / n
        variance = variance + 2 * weight * covariance
    return np.maximum(variance, 1e-300)
