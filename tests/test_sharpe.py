"""The Sharpe ratio's statistics against published figures; docs/statistics.md cites them."""

import math

import numpy as np
import pytest

from mlfactory.multiple_testing import holm
from mlfactory.sharpe import (
    Moments,
    deflated,
    expected_maximum,
    minimum_track_record,
    moments,
    probabilistic,
    standard_error,
)

FUND = Moments(n=24, ratio=0.036 / 0.079, skewness=-2.448, kurtosis=10.164)
"""The hedge fund of Bailey and Lopez de Prado 2012: 24 months."""

BACKTEST = Moments(n=1250, ratio=2.5 / math.sqrt(250), skewness=-3.0, kurtosis=10.0)
"""The strategy of Bailey and Lopez de Prado 2014: five years of days, an annual ratio of 2.5."""


def test_probabilistic_ratio_is_the_papers():
    assert probabilistic(FUND) == pytest.approx(0.913, abs=5e-4)
    assert probabilistic(FUND._replace(skewness=0.0, kurtosis=3.0)) == pytest.approx(
        0.981, abs=5e-4
    )


@pytest.mark.parametrize(
    ("periods", "skewness", "kurtosis", "years"),
    [(250, 0.0, 3.0, 2.73), (52, 0.0, 3.0, 2.83), (12, 0.0, 3.0, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_minimum_track_record_is_the_papers(periods, skewness, kurtosis, years):
    """Years after which an annual ratio of 2 is above 1 with 95 % confidence."""
    of = Moments(n=0, ratio=2 / math.sqrt(periods), skewness=skewness, kurtosis=kurtosis)
    found = minimum_track_record(of, 1 / math.sqrt(periods)) / periods
    assert found == pytest.approx(years, abs=6e-3)
    assert minimum_track_record(of, 3 / math.sqrt(periods)) is None


def test_track_record_of_the_minimum_length_has_just_that_confidence():
    sessions = minimum_track_record(FUND, 0.1, confidence=0.9)
    assert probabilistic(FUND._replace(n=sessions), 0.1) == pytest.approx(0.9)


@pytest.mark.parametrize(("trials", "highest", "probability"), [(100, 0.1132, 0.9004)])
def test_deflated_ratio_is_the_papers(trials, highest, probability):
    """100 trials whose annual ratios have a variance of 1/2."""
    assert expected_maximum(trials, 0.5 / 250) == pytest.approx(highest, abs=5e-5)
    found = deflated(BACKTEST, trials=trials, variance=0.5 / 250)
    assert found == pytest.approx(probability, abs=5e-5)


def test_fewer_trials_deflate_less_as_in_the_paper():
    """After 46 trials the same ratio would have passed at 95 %."""
    assert deflated(BACKTEST, trials=46, variance=0.5 / 250) == pytest.approx(0.9505, abs=5e-5)
    assert deflated(BACKTEST, trials=1, variance=0.5 / 250) == probabilistic(BACKTEST)
    many = [deflated(BACKTEST, trials=n, variance=0.5 / 250) for n in range(1, 200)]
    assert (np.diff(many) < 0).all()


def test_expected_maximum_is_that_of_normal_draws():
    draws = np.random.default_rng(0).normal(scale=0.3, size=(20_000, 50)).max(axis=1)
    assert expected_maximum(50, 0.09) == pytest.approx(draws.mean(), rel=0.02)


@pytest.mark.parametrize(
    ("ratio", "n", "published"), [(0.50, 60, 0.137), (1.00, 60, 0.158), (3.00, 60, 0.303)]
)
def test_standard_error_of_independent_normal_returns_is_los(ratio, n, published):
    """Lo 2002, table 1: independent returns; drawn often, as one sample's moments are not exact."""
    generator = np.random.default_rng(1)
    found = [standard_error(generator.normal(ratio, 1.0, size=n)) for _ in range(600)]
    assert np.mean(found) == pytest.approx(published, rel=0.06)


def test_standard_error_counts_autocorrelation():
    """Another implementation of Newey and West gives this figure; independence 0.058."""
    generator = np.random.default_rng(0)
    returns = generator.standard_t(5, size=300) * 0.01 + 0.001
    returns[1:] += 0.4 * returns[:-1]
    assert standard_error(returns) == pytest.approx(0.0644861105506, rel=1e-9)
    ratios = []
    for _ in range(400):
        noise = generator.normal(size=601)
        x = noise[1:] + 0.6 * noise[:-1] + 0.2
        ratios.append(x.mean() / x.std())
    x = generator.normal(size=601)
    wide = standard_error(x[1:] + 0.6 * x[:-1] + 0.2)
    assert wide == pytest.approx(np.std(ratios), rel=0.15)
    assert wide > 1.2 / math.sqrt(600)


def test_moments_are_those_of_the_sample_and_none_of_a_constant():
    found = moments(np.array([1.0, 2.0, 3.0, 10.0]))
    assert found.n == 4
    assert found.ratio == pytest.approx(4 / np.std([1, 2, 3, 10], ddof=1))
    assert found.skewness > 0
    assert moments(np.zeros(50)) is None
    assert moments(np.array([1.0, 2.0])) is None


def test_holm_by_hand():
    """Of .01, .04, .03, .005 at 5 % the first and last are rejected."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.01, 0.04, 0.03, 0.005, 0.2, 0.9]) == pytest.approx(
        [0.05, 0.12, 0.12, 0.03, 0.4, 0.9]
    )
    assert holm([0.7, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_errs_no_more_often_than_it_says():
    p = np.random.default_rng(5).random((4000, 8))
    wrong = np.mean([min(holm(row)) <= 0.1 for row in p])
    assert 0.08 < wrong < 0.12
