from small_report import audit

from mlfactory.report import checks
from mlfactory.report._base import Chip


def test_every_check_is_a_row_with_its_outcome_and_limits(evidence):
    table = checks.section(evidence).blocks[0]
    assert table.title == "What was checked: 9 pass, 1 warn"
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["psi test"] == (Chip("warn", "fair"), "0.4", "b", "1", "above 0.25", "never")
    assert rows["label share"][1:] == ("0.9", "h5", "", "below 0.5", "below 0.01")
    assert rows["labels that reach over a border"][:2] == (Chip("pass", "good"), "0")


def test_features_that_drift_most_come_first():
    assert checks.drifting(audit([5])) == [("b", 0.12, 0.4), ("a", 0.05, 0.02)]


def test_sentence_counts_the_features_that_drift_far(evidence):
    chart = checks.section(evidence).blocks[1]
    assert "1 of 2 features are beyond it in test" in chart.shows


def test_labels_stand_by_horizon_as_shares(evidence):
    table = checks.section(evidence).blocks[2]
    assert table.rows[0] == ("h5", "90.00%", "10.00%", "0.40%", "1.00%", "40.00%", "7.00%")
