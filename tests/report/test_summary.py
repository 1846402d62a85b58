import pytest
from small_report import small_evidence

from mlfactory.report import summary
from mlfactory.report._base import Chip, number


def score(low, nulls):
    """A model's scores: a gain whose interval begins at ``low``, and nulls .004 to each side."""
    gain = {"value": 0.01, "low": low, "high": 0.02}
    intervals = [
        {
            "value": v,
            "low": None if v is None else v - 0.004,
            "high": None if v is None else v + 0.004,
        }
        for v in nulls
    ]
    return {"gain": gain, "nulls": {"session_shift": [{"gain": null} for null in intervals]}}


@pytest.mark.parametrize(
    ("low", "nulls", "text", "tone"),
    [
        (0.005, [-0.003], "above baseline and null", "good"),
        (0.005, [0.002], "above baseline, not null", "flat"),
        (0.005, [-0.003, 0.002], "above baseline, not null", "flat"),
        (0.005, [-0.003, 0.002, 0.002, 0.004, 0.001], "above baseline and null", "good"),
        (0.005, [-0.003, 0.002, 0.002, 0.006, 0.001], "above baseline, not null", "flat"),
        (-0.001, [-0.006], "above null, not baseline", "fair"),
        (-0.004, [-0.003], "above neither", "flat"),
        (0.005, [], "above baseline, no null drawn", "fair"),
        (-0.005, [], "not above baseline", "flat"),
        (0.005, [None], "above baseline, no null drawn", "fair"),
        (None, [0.0], "cannot be measured", "flat"),
    ],
)
def test_few_null_draws_count_with_their_intervals_five_with_the_highest(low, nulls, text, tone):
    assert summary.verdict(score(low, nulls), "gain") == Chip(text, tone)


@pytest.mark.parametrize(
    ("low", "text"), [(0.001, "above baseline and null"), (-0.001, "not above the class prior")]
)
def test_gain_over_a_baseline_that_is_worse_than_the_class_prior_counts_for_nothing(low, text):
    scores = score(0.005, [])
    scores[summary.INFORMATION] = scores["gain"]
    scores["gain_class_prior"] = {"value": 0.0, "low": low, "high": 0.01}
    null = {"value": -0.003, "low": -0.005, "high": -0.001}
    scores["nulls"]["session_shift"] = [{summary.INFORMATION: null}]
    assert summary.verdict(scores, summary.INFORMATION).text == text


def test_score_stands_beside_its_interval_and_the_mean_of_its_nulls():
    shown = summary.measured(score(0.005, [-0.003, 0.001]), "gain")
    assert shown == "0.0100 [0.0050, 0.0200], null \N{MINUS SIGN}0.0010"
    assert summary.measured(score(0.005, []), "gain").endswith(", no null")


def test_nothing_has_no_sign():
    assert number(-0.00001) == "0.0000"
    assert number(None) == "n/a"


def test_without_a_null_nothing_is_claimed(tmp_path):
    first, *_ = summary.section(small_evidence(tmp_path / "results", n_nulls=0)).blocks
    assert {row[1].text for row in first.rows} == {"unknown: no null drawn"}


def test_page_begins_with_a_line_for_each_horizon_and_question(evidence):
    first, note, *_ = summary.section(evidence).blocks
    assert [row[0] for row in first.rows] == [
        *("h5: beyond volatility and clock", "h5: direction"),
        *("h20: beyond volatility and clock", "h20: direction"),
    ]
    assert first.rows[0][1] == Chip("3 of 3 models", "good")
    assert "k-fold" in note.text
    assert "test labels are unread" in note.text
