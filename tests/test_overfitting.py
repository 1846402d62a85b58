import math
from itertools import combinations

import numpy as np
import pytest

from mlfactory.data_snooping import stationary_bootstrap, superior_predictive_ability
from mlfactory.overfitting import logits, probability_of_overfitting


def naive_logits(returns, blocks):
    """Each way to take half of the blocks, with lists."""
    parts = [list(part) for part in np.array_split(np.arange(len(returns)), blocks)]

    def ratio(rows, column):
        x = [returns[row][column] for row in rows]
        mean = sum(x) / len(x)
        deviation = math.sqrt(sum((v - mean) ** 2 for v in x) / len(x))
        return mean / deviation if deviation else 0.0

    out = []
    for inside in combinations(range(blocks), blocks // 2):
        first = [row for b in inside for row in parts[b]]
        second = [row for b in range(blocks) if b not in inside for row in parts[b]]
        columns = range(len(returns[0]))
        in_sample = [ratio(first, c) for c in columns]
        best = in_sample.index(max(in_sample))
        later = sorted(ratio(second, c) for c in columns)
        rank = 1 + later.index(ratio(second, best))
        out.append(math.log(rank / (len(columns) + 1 - rank)))
    return out


def test_logits_equal_the_slow_twin():
    returns = np.random.default_rng(3).normal(size=(47, 6))
    assert logits(returns, 6).tolist() == pytest.approx(naive_logits(returns.tolist(), 6))


def test_choice_among_equals_is_worth_nothing_and_that_of_a_better_one_is():
    noise = [np.random.default_rng(seed).normal(size=(200, 12)) for seed in range(30)]
    assert np.mean([probability_of_overfitting(x) for x in noise]) == pytest.approx(0.5, abs=0.1)
    better = [x + np.r_[0.5, np.zeros(11)] for x in noise]
    assert np.mean([probability_of_overfitting(x) for x in better]) < 0.02


def test_choice_that_reverses_is_overfitted():
    """What earned in one half of the time lost in the other."""
    sign = np.repeat([1.0, -1.0], 50)
    returns = np.random.default_rng(0).normal(size=(100, 2)) * 0.1
    returns += np.outer(sign, [1.0, -1.0])
    assert probability_of_overfitting(returns) > 0.9


def test_configurations_that_are_the_same_are_half_and_half():
    one = np.random.default_rng(0).normal(size=(60, 1))
    assert probability_of_overfitting(np.repeat(one, 3, axis=1)) == 0.5


def test_nothing_is_said_of_few_sessions_or_one_configuration():
    x = np.random.default_rng(0).normal(size=(60, 3))
    assert probability_of_overfitting(x[:39]) is None
    assert probability_of_overfitting(x[:, :1]) is None
    assert superior_predictive_ability(x[:39]) is None
    assert superior_predictive_ability(np.zeros((60, 3))) is None


CASES = {
    (1, 200, 8, 0.0, 0.0): (0.2308, 0.4130, 0.46695),
    (2, 200, 8, 0.3, 0.25): (0.0786, 0.14365, 0.1597),
    (3, 500, 15, 0.2, 0.12): (0.1629, 0.24405, 0.2749),
    (4, 120, 4, 0.0, 0.4): (0.0002, 0.0002, 0.0002),
    (5, 300, 10, -0.2, -0.3): (0.0082, 0.01295, 0.01615),
}
"""p-values of the package arch 8.0.0 (20,000 resamples), whose test does not studentise: on
configurations that all have the same long-run variance that makes no difference."""


def market(seed, n, k, phi, best):
    """Autoregressive gains, the first better and the last worse; variances made equal."""
    noise = np.random.default_rng(seed).normal(size=(n, k))
    x = np.zeros((n, k))
    for t in range(n):
        x[t] = (phi * x[t - 1] if t else 0.0) + noise[t]
    x[:, 0] += best
    x[:, -1] -= 0.5
    block = round(math.sqrt(n))
    centred = x - x.mean(axis=0)
    variance = (centred**2).mean(axis=0)
    for lag in range(1, n):
        kept = 1 - 1 / block
        weight = (1 - lag / n) * kept**lag + lag / n * kept ** (n - lag)
        variance += 2 * weight * (centred[lag:] * centred[:-lag]).sum(axis=0) / n
    return x / np.sqrt(variance)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_superior_predictive_ability_is_that_of_another_implementation(case):
    block = round(math.sqrt(case[1]))
    found = superior_predictive_ability(market(*case), samples=2000, mean_block=block, seed=3)
    for value, expected in zip(found.values(), CASES[case], strict=True):
        error = math.sqrt(expected * (1 - expected) / 2000)
        assert abs(value - expected) < 3.5 * error + 0.005
    assert list(found) == ["lower", "consistent", "upper"]


def test_superior_predictive_ability_finds_what_is_there_and_not_what_is_not():
    found = {0.0: [], 0.3: []}
    for best, values in found.items():
        for seed in range(40):
            x = np.random.default_rng(seed).normal(size=(120, 6))
            x[:, 2] += best
            values.append(superior_predictive_ability(x, samples=200)["consistent"])
    assert np.mean(np.array(found[0.0]) <= 0.1) < 0.25
    assert np.mean(np.array(found[0.3]) <= 0.1) > 0.6


def test_stationary_bootstrap_has_blocks_of_the_length_asked_for():
    rows = stationary_bootstrap(400, 8.0, 300, 1)
    assert rows.shape == (300, 400)
    goes_on = (np.diff(rows, axis=1) % 400 == 1).mean()
    assert goes_on == pytest.approx(1 - 1 / 8 * (1 - 1 / 400), abs=0.005)
    assert np.bincount(rows.ravel(), minlength=400).std() / 300 < 0.15
