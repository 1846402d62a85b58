"""Regime: how unusual volatility and volume are, and whether moves persist or revert."""

import numpy as np

from mlfactory._typing import Float64Array1D
from mlfactory.features._base import (
    TIE,
    Feature,
    Inputs,
    lag,
    log_return,
    ratio,
    rolling_correlation,
    rolling_mean,
    rolling_percentile,
    rolling_std,
    sign,
)

TSTAT_BARS = (20, 60)

FEATURES = (
    *(
        Feature(
            f"trend_tstat_{n}",
            n + 1,
            "own: t-statistic",
            "standard errors",
            f"mean / sample standard deviation x sqrt({n}) of {n} one-bar log returns; 0 if flat",
        )
        for n in TSTAT_BARS
    ),
    Feature(
        "sign_agreement_20",
        21,
        "own",
        "fraction",
        "mean of the signs of the last 20 one-bar log returns, turned by their sum's sign",
        bounded=True,
    ),
    Feature(
        "volatility_percentile_200",
        220,
        "own",
        "fraction",
        "share of the 199 earlier values of historical_volatility_20 below the present one",
        bounded=True,
    ),
    *(
        Feature(
            f"volatility_ratio_{fast}_{slow}",
            slow + 1,
            "own",
            "ratio",
            f"standard deviation of {fast} one-bar log returns / of {slow}; 1 if flat",
        )
        for fast, slow in ((10, 60), (20, 200))
    ),
    Feature(
        "volume_percentile_200",
        200,
        "own",
        "fraction",
        "share of the 199 earlier volumes below the present one; equal ones count half",
        bounded=True,
    ),
    Feature(
        "autocorrelation_60",
        62,
        "own",
        "correlation",
        "of one-bar log returns with those one bar before, 60 pairs; 0 if flat",
        bounded=True,
    ),
    Feature(
        "absolute_autocorrelation_60",
        62,
        "own",
        "correlation",
        "of absolute one-bar log returns with those one bar before, 60 pairs; 0 if constant",
        bounded=True,
    ),
    Feature(
        "variance_ratio_100",
        105,
        "own: Lo and MacKinlay 1988, overlapping",
        "ratio",
        "variance of 100 five-bar log returns / (5 x that of one-bar ones); 1 if flat",
    ),
)


def compute(inputs: Inputs) -> dict[str, Float64Array1D]:
    """Columns of ``FEATURES``, each of shape (n,)."""
    returns = log_return(inputs.close)
    std = {n: rolling_std(returns, n, 1) for n in (10, 20, 60, 200)}
    t_statistics = {
        f"trend_tstat_{n}": np.sqrt(n) * ratio(rolling_mean(returns, n), std[n], 0.0, TIE)
        for n in TSTAT_BARS
    }
    return t_statistics | {
        "sign_agreement_20": _sign_agreement(returns, 20),
        "volatility_percentile_200": rolling_percentile(std[20], 200, TIE),
        "volatility_ratio_10_60": ratio(std[10], std[60], 1.0, TIE),
        "volatility_ratio_20_200": ratio(std[20], std[200], 1.0, TIE),
        "volume_percentile_200": rolling_percentile(inputs.volume, 200, 0.0),
        "autocorrelation_60": rolling_correlation(returns, lag(returns, 1), 60),
        "absolute_autocorrelation_60": rolling_correlation(
            np.abs(returns), np.abs(lag(returns, 1)), 60
        ),
        "variance_ratio_100": _variance_ratio(inputs.close, returns, 5, 100),
    }


def _sign_agreement(returns: Float64Array1D, window: int) -> Float64Array1D:
    total = rolling_mean(returns, window) * window
    return sign(total) * rolling_mean(sign(returns), window)


def _variance_ratio(
    close: Float64Array1D, returns: Float64Array1D, bars: int, window: int
) -> Float64Array1D:
    long_variance = rolling_std(log_return(close, bars), window, 1) ** 2
    short_variance = rolling_std(returns, window, 1) ** 2
    return ratio(long_variance, bars * short_variance, 1.0, TIE * TIE)
