import numpy as np
import pytest
from scipy.stats import norm
from small_report import made_up_scores

from mlfactory import evidence_levels
from mlfactory.verdicts import CLASS_PRIOR, DIRECTION, INFORMATION, Verdict, verdict


def score(value, error):
    reach = 1.959964 * error
    return {"value": value, "low": value - reach, "high": value + reach}


def model(gain, error, null_values, null_error, key=DIRECTION):
    drawn = [{key: score(v, null_error), CLASS_PRIOR: score(v, null_error)} for v in null_values]
    prior = {CLASS_PRIOR: score(gain, error)}
    return prior | {key: score(gain, error), "nulls": {"session_shift": drawn}}


def test_p_value_is_the_larger_of_baseline_and_null():
    one = model(0.03, 0.01, [0.0], 0.01)
    found = evidence_levels.p_value(one, DIRECTION, 0.95)
    assert found == pytest.approx(norm.sf(3 / np.sqrt(2)), rel=1e-4)
    far = model(0.03, 0.01, [-0.05], 0.01)
    assert evidence_levels.p_value(far, DIRECTION, 0.95) == pytest.approx(norm.sf(3), rel=1e-4)


def test_many_draws_count_with_their_spread_and_few_with_their_errors():
    values = [0.0, 0.01, -0.01, 0.005, -0.005]
    found = evidence_levels.p_value(model(0.03, 0.01, values, 9.0), DIRECTION, 0.95)
    error = np.hypot(0.01, np.std(values, ddof=1))
    assert found == pytest.approx(norm.sf(0.03 / error), rel=1e-4)
    two = evidence_levels.p_value(model(0.03, 0.01, [0.0, 0.0], 0.02), DIRECTION, 0.95)
    assert two == pytest.approx(norm.sf(0.03 / np.hypot(0.01, 0.02 / np.sqrt(2))), rel=1e-4)


def test_gain_over_volatility_and_clock_must_be_one_over_the_class_prior_too():
    one = model(0.03, 0.005, [-0.1], 0.001, key=INFORMATION)
    assert evidence_levels.p_value(one, INFORMATION, 0.95) < 0.001
    one[CLASS_PRIOR] = score(0.0, 0.01)
    assert evidence_levels.p_value(one, INFORMATION, 0.95) == pytest.approx(0.5)


def test_without_a_null_or_an_interval_nothing_is_judged():
    assert evidence_levels.p_value(model(0.03, 0.01, [], 0.01), DIRECTION, 0.95) is None
    one = model(0.03, 0.01, [0.0], 0.01)
    one[DIRECTION] = {"value": 0.03, "low": None, "high": None}
    assert evidence_levels.p_value(one, DIRECTION, 0.95) is None
    without = made_up_scores(["a"], 0)
    assert evidence_levels.lines(without, 5) == [
        "h5: a: beyond volatility+clock: no null to judge by; direction: no null to judge by"
    ]


def test_null_draw_without_an_interval_reaches_anywhere():
    one = model(0.03, 0.001, [0.0], 0.001)
    one["nulls"]["session_shift"][0][DIRECTION] = {"value": 0.0, "low": None, "high": None}
    assert evidence_levels.p_value(one, DIRECTION, 0.95) == pytest.approx(0.5)


def test_more_models_make_the_same_gain_less_of_an_evidence():
    def p_of(n):
        models = {str(i): model(0.0, 0.01, [0.0], 0.01) for i in range(n - 1)}
        models["best"] = model(0.03, 0.01, [0.0], 0.01)
        scores = {"models": models, "settings": {"bootstrap": {"confidence": 0.95}}}
        return evidence_levels.corrected(scores, DIRECTION)["best"]

    assert p_of(5) == pytest.approx(5 * p_of(1))
    assert p_of(1) < 0.05 < p_of(5)


def test_correction_makes_nothing_evidence_that_was_none():
    """On gains around the border: whatever is evidence is above baseline and null by the rule."""
    generator = np.random.default_rng(0)
    called = 0
    for _ in range(300):
        one = model(generator.normal(0.03, 0.01), 0.01, [generator.normal(0, 0.01)], 0.01)
        p = evidence_levels.p_value(one, DIRECTION, 0.95)
        evidence = evidence_levels.is_evidence(one, DIRECTION, p)
        called += evidence
        assert not evidence or verdict(one, DIRECTION) == Verdict.BOTH
    assert 0 < called < 300


def test_markets_without_anything_to_find_are_called_so():
    """Ten models of one null market, correlated: any evidence in at most 5 % of markets."""
    generator = np.random.default_rng(4)
    wrong = 0
    for _ in range(400):
        common = generator.normal(0, 0.008)
        models = {
            str(i): model(
                common + generator.normal(0, 0.006), 0.01, [generator.normal(0, 0.01)], 0.01
            )
            for i in range(10)
        }
        scores = {"models": models, "settings": {"bootstrap": {"confidence": 0.95}}}
        after = evidence_levels.corrected(scores, DIRECTION)
        wrong += any(
            evidence_levels.is_evidence(one, DIRECTION, after[name]) for name, one in models.items()
        )
    assert wrong / 400 < 0.05


def test_lines_say_claim_null_p_value_and_what_it_comes_to():
    first, _ = evidence_levels.lines(made_up_scores(["a", "b"], 1), 20)
    assert first.startswith("h20: a: beyond volatility+clock 0.0100, null 0.0000, p 0.0")
    assert first.endswith("after all models: evidence")
