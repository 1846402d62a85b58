import pytest
from small_report import gain_and_nulls, made_up_scores

from mlfactory import verdicts


@pytest.mark.parametrize(
    ("low", "nulls", "text"),
    [
        (0.005, [-0.003], "above baseline and null"),
        (0.005, [0.002], "above baseline, not null"),
        (0.005, [-0.003, 0.002], "above baseline, not null"),
        (0.005, [-0.003, 0.002, 0.002, 0.004, 0.001], "above baseline and null"),
        (0.005, [-0.003, 0.002, 0.002, 0.006, 0.001], "above baseline, not null"),
        (-0.001, [-0.006], "above null, not baseline"),
        (-0.004, [-0.003], "above neither"),
        (0.005, [], "above baseline, no null drawn"),
        (-0.005, [], "not above baseline"),
        (0.005, [None], "above baseline, no null drawn"),
        (None, [0.0], "cannot be measured"),
    ],
)
def test_few_null_draws_count_with_their_intervals_five_with_the_highest(low, nulls, text):
    assert verdicts.verdict(gain_and_nulls(low, nulls), "gain") == text


@pytest.mark.parametrize("null", [[-0.003], []], ids=["null", "no null"])
@pytest.mark.parametrize("top", [0.005, 0.05], ids=["below", "within"])
def test_gain_over_a_baseline_that_is_worse_than_the_class_prior_is_none(null, top):
    scores = gain_and_nulls(top, null)
    scores[verdicts.INFORMATION] = scores["gain"]
    drawn = scores["nulls"]["session_shift"]
    scores["nulls"]["session_shift"] = [{verdicts.INFORMATION: n["gain"]} for n in drawn]
    scores[verdicts.CLASS_PRIOR] = {"value": 0.0, "low": -0.001, "high": 0.01}
    assert verdicts.verdict(scores, verdicts.INFORMATION) == "not above the class prior"
    scores[verdicts.CLASS_PRIOR]["low"] = 0.001
    assert verdicts.verdict(scores, verdicts.INFORMATION).startswith("above baseline")


def test_line_counts_the_models_that_pass_and_says_the_rule():
    scores = made_up_scores(["a", "b"], 1)
    scores["models"]["b"]["direction_gain"]["low"] = -0.001
    assert verdicts.verdict_line(scores, 20) == (
        "h20: evidence after all corrections: 2 of 2 models beyond volatility+clock, 2 of 2 in "
        "direction; above baseline and null before them: 2 and 1 (rule: the whole interval above "
        "0, over the class prior too, and above its null's; see the report)"
    )
    assert "above the highest of its 5 nulls" in verdicts.verdict_line(made_up_scores("a", 5), 20)
    assert verdicts.verdict_line(made_up_scores("a", 0), 5).startswith("h5: no null was drawn")


def test_each_model_has_a_verdict_of_claim_nulls_p_values_and_evidence():
    scores = made_up_scores(["a", "voting"], 1)
    for m in scores["models"].values():
        m["nulls"]["sign_flip"] = m["nulls"]["session_shift"]
    one = scores["models"]["a"]
    found = {"p_value": 0.0123, "decided_by": "sign_flip", "p_holm": 0.246, "evidence": False}
    one[verdicts.DIRECTION] |= found
    found = {"p_value": 0.0004, "decided_by": "class_prior", "p_holm": 0.0016, "evidence": True}
    one[verdicts.INFORMATION] |= found
    head, a, voting = verdicts.model_verdicts(scores, 20)
    assert head.startswith("h20: p: the chance of so high a gain if there were none over what it")
    assert head.endswith("the same corrected (Holm) for the 4 gains of this horizon")
    assert a == (
        "h20 a: evidence of volatility+clock; volatility+clock 0.0100 [0.0060, 0.0150], shifted "
        "labels 0.0000, p below 0.001 by the class prior, gain over it 0.0100 [0.0060, 0.0150], "
        "after all 0.002; direction 0.0100 [0.0060, 0.0150], shifted labels 0.0000, flipped signs "
        "0.0000, p 0.012 by flipped signs, after all 0.246"
    )
    assert voting.startswith("h20 voting: ")
    one[verdicts.INFORMATION] |= {"evidence": False}
    assert verdicts.sentence(one).startswith("no evidence; ")
    one[verdicts.DIRECTION] |= {"p_value": None, "trials": 60}
    assert verdicts.sentence(one).endswith("direction cannot be measured")
    one[verdicts.INFORMATION]["trials"] = 50
    head = verdicts.model_verdicts(scores, 20)[0]
    searched = "and up to 50 trials of a search on the scored rows"
    assert head.endswith(f"the 3 gains of this horizon {searched}")
    assert verdicts.model_verdicts(made_up_scores(["a"], 0), 20) == []


def test_baseline_that_is_worse_than_the_class_prior_is_named():
    scores = made_up_scores(["a"], 1)
    assert verdicts.worse_baseline(scores, 20) is None
    scores["models"]["a"][verdicts.INFORMATION]["value"] += 0.05
    assert verdicts.worse_baseline(scores, 20) == (
        "h20: the volatility+clock baseline (0.960) is worse than the class prior (0.910) on "
        "these rows: read the gain over the class prior"
    )


def test_flipped_signs_are_nulls_of_direction_alone_and_free_shifts_of_nothing():
    high = {"value": 1.0, "low": 0.9, "high": 1.1}
    kinds = {
        "session_shift": [],
        "free_shift": [{verdicts.DIRECTION: high, verdicts.INFORMATION: high}],
        "sign_flip": [{verdicts.DIRECTION: high, verdicts.INFORMATION: high}],
    }
    assert verdicts.nulls({"nulls": kinds}, verdicts.DIRECTION) == [high]
    assert verdicts.nulls({"nulls": kinds}, verdicts.INFORMATION) == []


def test_probe_stands_beside_the_distribution_of_its_nulls():
    (gain, auc) = verdicts.probe_lines(made_up_scores(["a"], 1), 20)
    assert gain == (
        "h20: probe (ridge): direction gain 0.0100; nulls: session shift 0.0095, "
        "highest of 20 0.0190 (p 0.524)"
    )
    assert "AUC 0.010" in auc
    assert verdicts.probe_lines({"models": {}}, 20) == []
