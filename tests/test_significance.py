"""p-values of gains against known distributions and Student's tests of another package."""

import numpy as np
import pytest
from scipy import stats

from mlfactory import ledger, significance, verdicts
from mlfactory.multiple_testing import LEVEL, holm
from mlfactory.statistics import interval, resamples

CONFIDENCE = 0.95
CASES = [(key, kind) for key in verdicts.QUESTIONS for kind in verdicts.rivals(key)]


def score(values, seed=0, samples=500):
    """A mean of one value a session with its interval, as scores have it."""
    (drawn,) = resamples(np.arange(len(values)), 1, samples=samples, seed=seed)
    return interval(drawn.mean(values), CONFIDENCE, drawn.n_blocks) | drawn.about


def rejected(p_of, sessions, markets=600):
    """How often a p-value is at most 5 % and 50 %, over markets in which there is nothing."""
    generator = np.random.default_rng(7)
    found = np.array([p_of(generator.normal(size=(6, sessions))) for _ in range(markets)])
    return np.mean(found <= 0.05), np.mean(found <= 0.5)


def test_p_value_above_zero_is_students():
    x = np.random.default_rng(1).normal(0.3, 1.0, size=80)
    mine = significance.p_above_zero(score(x, samples=20_000), CONFIDENCE)
    theirs = stats.ttest_1samp(x, 0.0, alternative="greater").pvalue
    assert mine == pytest.approx(theirs, rel=0.15)


def test_p_value_above_one_null_is_students_of_two_samples():
    generator = np.random.default_rng(2)
    x, null = generator.normal(0.4, 1.0, size=80), generator.normal(size=80)
    x *= null.std() / x.std()
    found = [score(one, samples=20_000) for one in (x, null)]
    mine = significance.p_above_null(found[0], found[1:], CONFIDENCE)
    statistic = stats.ttest_ind(x, null).statistic  # here with the degrees of freedom of one
    assert mine == pytest.approx(stats.t.sf(statistic, 79), rel=0.15)


def test_few_blocks_have_the_tails_of_student():
    for blocks in (4, 12, 200):
        found = significance.p_above_zero(made(3.0, error=1.0, blocks=blocks), CONFIDENCE)
        assert found == pytest.approx(stats.t.sf(3.0, blocks - 1), rel=1e-3)


@pytest.mark.parametrize("end", ["low", "high"])
def test_error_is_that_of_the_longer_half_of_the_interval(end):
    skewed, wide = made(1.0), made(1.0, error=0.3)
    skewed[end] = wide[end]
    one, other = (significance.p_above_zero(x, CONFIDENCE) for x in (skewed, wide))
    assert one == pytest.approx(other)


def test_null_whose_interval_is_wider_than_the_score_counts_with_it():
    found = significance.p_above_null(made(1.0), [made(0.0, error=0.5)], CONFIDENCE)
    assert found == pytest.approx(stats.t.sf(1.0 / (0.5 * np.sqrt(2)), 99), rel=1e-3)


@pytest.mark.parametrize(
    ("draws", "sessions"), [(0, 2), (0, 3), (0, 5), (0, 60), (1, 60), (2, 60), (5, 60)]
)
def test_nothing_is_significant_as_often_as_it_says_or_less_often(draws, sessions):
    def p_of(x):
        found = [score(row, samples=300) for row in x[: draws + 1]]
        if not draws:
            return significance.p_above_zero(found[0], CONFIDENCE)
        return significance.p_above_null(found[0], found[1:], CONFIDENCE)

    low, half = rejected(p_of, sessions=sessions)
    assert 0.02 < low < 0.07
    assert 0.4 < half < 0.56


def test_fits_that_differ_between_draws_count_where_intervals_do_not_show_them():
    """Draws at -1, 0, 1 with tiny intervals: a score of 1.5 is no surprise."""
    of = made(1.5, error=0.005, blocks=1000)
    drawn = [made(v, error=0.005, blocks=1000) for v in (-1.0, 0.0, 1.0)]
    spread = significance.p_above_null(of, drawn, CONFIDENCE)
    assert spread == pytest.approx(stats.norm.sf(1.5 / np.sqrt(4 / 3)), rel=0.01)
    assert significance.p_above_null(of, drawn[1:2], CONFIDENCE) < 1e-6


def test_draw_whose_interval_is_not_known_may_lie_anywhere():
    of, unknown = made(1.0), made(0.0) | {"low": None, "high": None}
    assert significance.p_above_null(of, [unknown], CONFIDENCE) == 1.0
    assert significance.p_above_null(of, [unknown] * 5, CONFIDENCE) < 0.05
    assert significance.p_above_zero(made(1.0, error=0.0), CONFIDENCE) == 1.0


def made(value, error=0.1, blocks=100):
    half = stats.t.isf((1 - CONFIDENCE) / 2, blocks - 1) * error
    return {"value": value, "low": value - half, "high": value + half, "blocks": blocks}


def model(gains=1.0, blocks=100, **nulls):
    """Gains, and by kind of null the values of its draws."""
    keys = (verdicts.CLASS_PRIOR, *verdicts.QUESTIONS)
    of_nulls = {
        kind: [{key: made(v, blocks=blocks) for key in keys} for v in values]
        for kind, values in nulls.items()
    }
    return {key: made(gains, blocks=blocks) for key in keys} | {"nulls": of_nulls}


def judged(models, trials=None):
    significance.judge(models, confidence=CONFIDENCE, trials=trials or {})
    return models


@pytest.mark.parametrize(("key", "kind"), CASES)
def test_gain_is_no_more_significant_than_over_the_worst_that_it_must_beat(key, kind):
    good = model(session_shift=[0.0], sign_flip=[0.0])
    before, _ = significance.p_value(good, key, CONFIDENCE)
    assert before < 1e-6
    good["nulls"][kind][0][key] = made(0.95)
    p, decides = significance.p_value(good, key, CONFIDENCE)
    assert p > 0.3
    assert decides == kind


def test_gain_over_volatility_and_clock_alone_is_not_significant():
    good = model(session_shift=[0.0])
    good[verdicts.CLASS_PRIOR] = made(-0.1)
    p, decides = significance.p_value(good, verdicts.INFORMATION, CONFIDENCE)
    assert p > 0.5
    assert decides == "class_prior"
    assert significance.p_value(good, verdicts.DIRECTION, CONFIDENCE)[0] < 1e-6


@pytest.mark.parametrize(
    "found",
    [
        model(session_shift=[0.0]) | {"nulls": {"session_shift": [], "free_shift": []}},
        {key: one | {"blocks": 1} for key, one in model().items() if key != "nulls"}
        | {"nulls": model(session_shift=[0.0])["nulls"]},
    ],
    ids=["no null", "one block"],
)
def test_without_a_null_or_blocks_there_is_no_p_value_and_no_evidence(found):
    judged({"a": found})
    for key in verdicts.QUESTIONS:
        assert found[key]["p_value"] is None
        assert found[key]["p_holm"] is None
        assert found[key]["evidence"] is False


def test_gain_without_an_interval_has_no_p_value_and_others_are_corrected_without_it():
    models = {"a": model(session_shift=[0.0]), "b": model(session_shift=[0.0])}
    models["a"][verdicts.DIRECTION] |= {"low": None, "high": None}
    judged(models)
    assert models["a"][verdicts.DIRECTION]["p_value"] is None
    known = [m[k] for m in models.values() for k in verdicts.QUESTIONS if m[k]["p_value"]]
    assert [one["p_holm"] for one in known] == holm([one["p_value"] for one in known])
    assert len(known) == 3


def test_correction_is_for_both_gains_of_all_models_and_for_trials():
    gains = {"a": 0.33, "b": 0.3, "voting": 0.1}
    models = {name: model(gain, session_shift=[-0.2]) for name, gain in gains.items()}
    judged(models, trials={"a": 3, "b": 5, "voting": 8})
    flat = [m[key] for m in models.values() for key in verdicts.QUESTIONS]
    assert [one["trials"] for one in flat] == [3, 3, 5, 5, 8, 8]
    after = [min(1.0, one["trials"] * one["p_value"]) for one in flat]
    assert [one["p_holm"] for one in flat] == pytest.approx(holm(after))
    assert all(one["p_holm"] > one["p_value"] for one in flat)


def test_one_good_model_is_evidence_and_the_same_among_many_is_not():
    def good():
        return model(0.3, session_shift=[-0.2], sign_flip=[-0.2])

    def poor():
        return model(-0.1, session_shift=[-0.2], sign_flip=[-0.2])

    alone = judged({"a": good()})["a"]
    among = judged({"a": good()} | {str(i): poor() for i in range(30)})["a"]
    searched = judged({"a": good()}, trials={"a": 50})["a"]
    assert alone[verdicts.DIRECTION]["evidence"]
    for crowded in (among, searched):
        assert not crowded[verdicts.DIRECTION]["evidence"]
        assert crowded[verdicts.DIRECTION]["p_value"] == alone[verdicts.DIRECTION]["p_value"]


def test_any_of_ten_models_of_a_null_market_is_evidence_in_few_markets():
    """Models that err alike, as those of one market do, and one draw of the null each."""
    generator, wrong = np.random.default_rng(4), 0
    for _ in range(400):
        common = generator.normal(0, 0.08)
        models = {
            str(i): model(
                common + generator.normal(0, 0.06), session_shift=[generator.normal() / 10]
            )
            for i in range(10)
        }
        judged(models)
        wrong += any(m[key]["evidence"] for m in models.values() for key in verdicts.QUESTIONS)
    assert wrong / 400 < 0.05


def test_nothing_that_fails_by_intervals_becomes_evidence():
    generator = np.random.default_rng(3)
    below = 0
    for _ in range(400):
        gains, nulls = generator.normal(0.3, 0.2), generator.normal(0, 0.1, size=2)
        one = model(gains, blocks=400, session_shift=nulls)
        judged({"a": one})
        for key in verdicts.QUESTIONS:
            fails = verdicts.verdict(one, key) != verdicts.Verdict.BOTH
            assert not (fails and one[key]["evidence"])
            below += fails and one[key]["p_holm"] < LEVEL
    assert below > 10


def test_trials_of_a_shared_search_are_counted_over_all_runs(tmp_path):
    path = tmp_path / ledger.NAME
    for name, n in (("a_h20_foldfull", 4), ("a_h20_fold0", 7), ("a_h5_foldfull", 9)):
        study = {"study": {"name": f"tuning_{name}"}, "trials": [{"number": i} for i in range(n)]}
        ledger.add(study, path)
    again = {"study": {"name": "tuning_a_h20_foldfull", "seed": 2}, "trials": [{"number": 0}]}
    ledger.add(again, path)
    lines, members = ledger.read(path), {"both": ["a", "b"], "other": ["c"]}
    found = significance.shared_trials(lines, ["a", "b"], 20, members)
    assert found == {"a": 5, "b": 1, "both": 6, "other": 1}
    assert significance.shared_trials(lines, [], 20, {}) == {}
