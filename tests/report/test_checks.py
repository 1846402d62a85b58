from dataclasses import replace

import yaml
from small_report import audit

from mlfactory.config import ROOT
from mlfactory.report import checks
from mlfactory.report._base import Chip


def row_of(measure, table):
    """The row of a check."""
    return next(row for row in table.rows if row[0] == checks.PHRASES[measure])


def test_every_check_is_a_row_with_its_outcome_and_limits(evidence):
    table = checks.section(evidence).blocks[0]
    assert table.title == "What was checked: 9 pass, 1 warn"
    assert row_of("psi_test", table)[1:4] == (Chip("warn", "fair"), "0.4", "b")
    assert row_of("psi_test", table)[4:] == (
        *("1 of 2; 1 of the 3 that models read", "above 0.25 / never"),
    )
    assert row_of("label_share", table)[2:] == ("0.9", "h5", "", "below 0.5 / below 0.01")
    leaks = {row[0]: row[1:] for row in table.rows}
    assert leaks["labels that reach over a border"][:2] == (Chip("pass", "good"), "0")


def test_features_that_drift_most_come_first():
    assert checks.drifting(audit([5])) == [("b", 0.12, 0.4), ("a", 0.05, 0.02)]


def test_sentence_counts_the_features_that_drift_far(evidence):
    chart = checks.section(evidence).blocks[1]
    assert "1 of 2 features are beyond it in test" in chart.shows


def test_labels_stand_by_horizon_as_shares(evidence):
    table = checks.section(evidence).blocks[2]
    assert table.rows[0] == ("h5", "90.00%", "10.00%", "0.40%", "1.00%", "40.00%", "7.00%")


def test_features_that_models_read_are_counted_and_bold(evidence):
    part = evidence.horizons[0]
    fits = [{"importance": {"a": 0.6, "c": 0.4}}] * 2
    one = replace(evidence, horizons=(replace(part, records={"lightgbm": fits}),))
    rows, chart, _ = checks.section(one).blocks
    assert row_of("psi_test", rows)[4] == "1 of 2; 0 of the 2 that models read"
    assert "1 of 2 features are beyond it in test, 0 of the 2 that models read" in chart.shows
    assert chart.figures[0].data[0]["y"] == ["b", "<b>a</b>"]


def test_every_check_of_the_config_has_its_phrase():
    schema = yaml.safe_load((ROOT / "config/config.schema.yaml").read_text())
    assert checks.PHRASES.keys() == schema["properties"]["checks"]["properties"].keys()
