import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score, roc_auc_score

import naive
from mlfactory import metrics
from mlfactory.statistics import (
    block_numbers,
    block_sums,
    bootstrap_counts,
    interval,
    resamples,
    stretch,
    sum_interval,
    wider,
)


@pytest.mark.parametrize("seed", range(4))
def test_weighted_auc_equals_its_naive_twin_and_scikit_learn(seed):
    generator = np.random.default_rng(seed)
    positive = generator.random(40) < 0.4
    score = generator.integers(0, 12, 40).astype(float)
    block = np.sort(generator.integers(0, 6, 40))
    weights = np.vstack([np.ones(6), generator.integers(0, 3, (3, 6))])
    got = metrics.block_weighted_auc(positive, score, block, weights)
    np.testing.assert_allclose(got, [naive.auc(positive, score, w[block]) for w in weights])
    assert got[0] == pytest.approx(roc_auc_score(positive, score))


def test_auc_is_missing_without_both_outcomes():
    both = np.array([True, True])
    auc = metrics.block_weighted_auc(both, np.array([1.0, 2]), np.array([0, 1]), np.ones((1, 2)))
    assert np.isnan(auc[0])


def test_log_losses_are_the_negative_log_of_what_happened():
    p = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]])
    np.testing.assert_allclose(metrics.log_losses(np.int8([1, 0]), p), -np.log([0.5, 0.1]))


def test_direction_loss_leaves_neutral_rows_out():
    losses = metrics.direction_log_losses(np.int8([0, 1, 2]), np.array([0.25, 0.9, 0.25]))
    np.testing.assert_allclose(losses, [-np.log(0.75), 0, -np.log(0.25)])


def test_macro_f1_equals_scikit_learns():
    generator = np.random.default_rng(1)
    p, y = generator.dirichlet(np.ones(3), 60), generator.integers(0, 3, 60)
    assert metrics.macro_f1(y, p) == pytest.approx(f1_score(y, p.argmax(axis=1), average="macro"))


def test_calibration_error_is_zero_for_frequencies_and_large_for_boasts():
    y = np.int8([0] * 25 + [1] * 50 + [2] * 25)
    honest = np.tile([0.25, 0.5, 0.25], (100, 1))
    boast = np.tile([0.0, 1.0, 0.0], (100, 1))
    for p, expected in ((honest, 0.0), (boast, (0.25 + 0.5 + 0.25) / 3)):
        bins = metrics.calibration_bins(y, p)
        sums = np.zeros((1, 30))
        np.add.at(sums[0], bins, p - np.eye(3)[y])
        gaps = metrics.calibration_gaps(sums, np.array([100.0]))
        assert np.abs(gaps).sum() == pytest.approx(expected)


def test_blocks_are_successive_sessions():
    session = np.array([7, 7, 8, 11, 11, 12])
    assert block_numbers(session, 1).tolist() == [0, 0, 1, 2, 2, 3]
    assert block_numbers(session, 2).tolist() == [0, 0, 0, 1, 1, 1]
    np.testing.assert_array_equal(block_sums(np.array([0, 0, 1]), np.array([1.0, 2, 4])), [3, 4])


def test_bootstrap_interval_covers_the_mean_of_clustered_rows_as_often_as_it_says():
    generator = np.random.default_rng(5)
    covered = by_row = 0
    for seed in range(200):
        sessions = np.repeat(np.arange(40), 10)
        values = generator.normal(size=40)[sessions] + 0.3 * generator.normal(size=400)
        covered += _covers_zero(values, sessions, seed)
        by_row += _covers_zero(values, np.arange(400), seed)
    assert 0.88 <= covered / 200 <= 0.99
    assert by_row / 200 < 0.7


def _covers_zero(values, session, seed):
    block = block_numbers(session, 1)
    counts = bootstrap_counts(block[-1] + 1, 200, seed)
    ones = np.ones(len(values))
    means = (counts @ block_sums(block, values)) / (counts @ block_sums(block, ones))
    bounds = interval(means, 0.95, block[-1] + 1)
    assert bounds["value"] == pytest.approx(values.mean())
    return bounds["low"] <= 0 <= bounds["high"]


def test_interval_of_few_blocks_is_students_and_covers_as_often_as_it_says():
    generator = np.random.default_rng(6)
    for n in (2, 3, 11):
        (drawn,) = resamples(np.arange(n), 1, samples=500, seed=0)
        held = {"stretched": 0, "plain": 0}
        for _ in range(1000):
            samples = drawn.mean(generator.normal(size=n))
            for kind, blocks in (("stretched", n), ("plain", 10**9)):
                bounds = interval(samples, 0.95, blocks)
                held[kind] += bounds["low"] <= 0 <= bounds["high"]
        assert held["plain"] < 920
        assert 925 <= held["stretched"] <= 975
    values = generator.normal(size=40)
    (drawn,) = resamples(np.arange(40), 1, samples=20_000, seed=0)
    ends = interval(drawn.mean(values), 0.95, 40)
    student = stats.t.interval(0.95, 39, values.mean(), stats.sem(values))
    assert [ends["low"], ends["high"]] == pytest.approx(student, abs=0.02)
    assert stretch(0.95, 1) == 1


def _calibration(tilt, seed, sessions=30, per=60):
    """The interval of predictions whose log-odds are ``tilt`` times the true ones."""
    generator = np.random.default_rng(seed)
    block = np.repeat(np.arange(sessions), per)
    odds = np.log([0.4, 0.2, 0.4]) + 0.4 * np.outer(generator.normal(size=len(block)), [-1, 0, 1])
    truth, p = (np.exp(a * odds) / np.exp(a * odds).sum(axis=1, keepdims=True) for a in (1, tilt))
    y = (truth.cumsum(axis=1) < generator.random(len(block))[:, None]).sum(axis=1).clip(0, 2)
    bins = metrics.calibration_bins(y, p)

    def parts(gap):
        sums = np.zeros((sessions, 30))
        np.add.at(sums, (block[:, None], bins), gap)
        counts = bootstrap_counts(sessions, 100, seed)
        return metrics.calibration_gaps(counts @ sums, counts.sum(axis=1) * per)

    wanted = np.abs(parts(p - truth)[0]).sum()
    return parts(p - np.eye(3)[y]), wanted


def test_calibration_error_of_true_probabilities_has_an_interval_from_0_as_often_as_it_says():
    held = by_percentiles = 0
    for seed in range(100):
        parts, wanted = _calibration(1.0, seed)
        assert wanted == pytest.approx(0, abs=1e-12)
        bounds = sum_interval(parts, 0.95, 30)
        held += bounds["low"] == 0
        by_percentiles += interval(np.abs(parts).sum(axis=1), 0.95, 30)["low"] <= 0
    assert 90 <= held <= 99
    assert by_percentiles == 0


@pytest.mark.parametrize("tilt", [1.15, 2.0])
def test_calibration_error_of_tilted_probabilities_is_held_with_its_point(tilt):
    bounds, wanted = zip(*(_calibration(tilt, seed) for seed in range(40)), strict=True)
    bounds = [sum_interval(parts, 0.95, 30) for parts in bounds]
    assert all(b["low"] <= b["value"] <= b["high"] for b in bounds)
    held = [b["low"] <= w <= b["high"] for b, w in zip(bounds, wanted, strict=True)]
    assert sum(held) >= 38
    assert tilt < 2 or all(b["low"] > 0.03 for b in bounds)


def test_longer_blocks_widen_the_interval_of_what_clusters_over_days():
    generator = np.random.default_rng(0)
    session = np.repeat(np.arange(100), 4)
    weekly = np.repeat(generator.normal(size=20), 20)
    values = weekly + 0.1 * generator.normal(size=400)
    given = {"samples": 500, "seed": 1}
    one, five = resamples(session, [5, 1], **given)
    assert (one.sessions, five.sessions) == (1, 5)
    ends = [interval(drawn.mean(values), 0.95, drawn.n_blocks) for drawn in (one, five)]
    assert ends[1]["high"] - ends[1]["low"] > 1.5 * (ends[0]["high"] - ends[0]["low"])
    assert wider([{"score": e} for e in ends])["score"] is ends[1]
    assert wider([{"score": e} for e in ends[::-1]])["score"] is ends[1]


def test_length_that_leaves_few_blocks_is_passed_over_but_for_the_shortest():
    session = np.arange(49)
    found = resamples(session, [1, 5, 7], samples=10, seed=1)
    assert [drawn.sessions for drawn in found] == [1, 5]
    assert [d.sessions for d in resamples(session, [30, 40], samples=10, seed=1)] == [30]
    assert [d.sessions for d in resamples(session, 1, samples=10, seed=1)] == [1]
