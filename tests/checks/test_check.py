import pytest

from mlfactory import config
from mlfactory.checks.check import AT_LEAST, Check, content, judged, refuse
from mlfactory.errors import UserError

SHIPPED = config.load([])["checks"]
LIMITS = {
    "psi_test": {"warn": 0.25, "fail": 1.0},
    "label_share": {"warn": 0.5, "fail": 0.1},
    "psi_val": {"warn": None, "fail": None},
}


@pytest.mark.parametrize(
    ("measure", "values", "of", "outcome", "beyond"),
    [
        ("psi_test", {"a": 0.1, "b": 0.25}, "b", "pass", 0),
        ("psi_test", {"a": 0.3, "b": 0.26, "c": 0.0}, "a", "warn", 2),
        ("psi_test", {"a": 0.3, "b": 1.5}, "b", "fail", 1),
        ("label_share", {"h5": 0.9, "h20": 0.5}, "h20", "pass", 0),
        ("label_share", {"h5": 0.9, "h20": 0.4}, "h20", "warn", 1),
        ("label_share", {"h5": 0.05, "h20": 0.4}, "h5", "fail", 1),
        ("psi_val", {"a": 99.0}, "a", "pass", 0),
    ],
)
def test_worst_value_is_judged_on_the_side_that_is_worse(measure, values, of, outcome, beyond):
    check = judged("features", measure, values, LIMITS)
    assert (check.of, check.outcome, check.beyond) == (of, outcome, beyond)
    assert check.value == values[of]


@pytest.mark.parametrize("measure", SHIPPED)
@pytest.mark.parametrize("limit", ["warn", "fail"])
def test_each_configured_limit_decides_what_becomes_of_its_measure(measure, limit):
    """On either side of a limit the outcome differs; without it the value passes."""
    alone = {measure: {"warn": None, "fail": None, limit: 0.4}}
    outcomes = [judged("labels", measure, {"h5": v}, alone).outcome for v in (0.3, 0.5)]
    assert outcomes == ([limit, "pass"] if measure in AT_LEAST else ["pass", limit])
    never = {measure: {"warn": None, "fail": None}}
    assert judged("labels", measure, {"h5": 0.3}, never).outcome == "pass"


def test_warning_does_not_stop_the_run_and_is_counted():
    checks = [judged("features", "psi_test", {"a": 0.3}, LIMITS)]
    refuse(checks, "MES")
    assert content(checks)["counts"] == {"pass": 0, "warn": 1, "fail": 0}


def test_failure_stops_the_run_in_one_line_with_value_limit_and_key():
    checks = [
        judged("labels", "label_share", {"h5": 0.05, "h20": 0.01}, LIMITS),
        judged("features", "psi_test", {"a": 2.0}, LIMITS),
    ]
    with pytest.raises(UserError) as error:
        refuse(checks, "MES")
    assert str(error.value) == (
        "MES: label_share of h20 is 0.01, below the limit 0.1 (2 checks fail); look at the data, "
        "or change checks.label_share.fail"
    )


def test_leak_stops_the_run_whatever_the_limits_say():
    leak = Check("leaks", "labels that reach over a border", "h5", 3.0, None, 0.0, "fail", 1)
    with pytest.raises(UserError, match="border in h5: 3, and there must be none; the code leaks"):
        refuse([leak], "MES")
