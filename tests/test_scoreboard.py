import sys

import pytest
from small_report import made_up_scores

from mlfactory import cli
from mlfactory.scoreboard import backtest_line, scoreboard
from mlfactory.verdicts import model_verdicts, verdict_line


def lines(width=None, **more):
    scores = made_up_scores(["lightgbm", "voting"], 1)
    for key, change in more.items():
        for model in scores["models"].values():
            values = model[key].items()
            model[key] = {k: v if isinstance(v, str) else v + change for k, v in values}
    return scoreboard(scores, "DEMO", 20, width=width).splitlines()


def test_table_has_a_line_a_model_and_ends_with_the_verdict():
    found = lines()
    assert found[0].startswith("DEMO h20: out-of-fold, 600 rows (effective 90)")
    assert [line.split("  ")[0] for line in found[1:4]] == ["model", "lightgbm", "voting"]
    assert found[-1] == verdict_line(made_up_scores(["lightgbm", "voting"], 1), 20)
    verdicts = model_verdicts(made_up_scores(["lightgbm", "voting"], 1), 20)
    assert found[-1 - len(verdicts) : -1] == verdicts
    assert len(verdicts) == 3


def test_only_the_leading_table_has_a_verdict_a_model():
    scores = made_up_scores(["lightgbm"], 1)
    walked = scores | {"settings": scores["settings"] | {"refit": {"retrain_sessions": 4}}}
    text = scoreboard(scores | {"walk_forward": walked}, "DEMO", 20)
    assert text.count("h20 lightgbm: ") == 1
    assert text.index("h20 lightgbm: ") < text.index("DEMO h20: out-of-fold")
    assert text.count(verdict_line(scores, 20)) == 2


def test_worse_baseline_is_said_once():
    said = [line for line in lines(gain_volatility_clock_prior=0.1) if "is worse than" in line]
    assert len(said) == 1
    assert not [line for line in lines() if "is worse than" in line]


def test_narrow_terminal_gets_a_line_a_score():
    found = lines(80)
    assert max(map(len, found)) <= 80
    at = found.index("voting")
    assert found[at + 1].split() == [
        *("log-loss", ".9000", "[.8960,", ".9050]", "null", ".9000"),
    ]
    assert [line[:2] for line in found[at + 1 : at + 6]] == 5 * ["  "]
    words = " ".join(" ".join(found).split())
    assert verdict_line(made_up_scores(["lightgbm", "voting"], 1), 20) in words


def test_wide_terminal_gets_the_same_as_none():
    assert lines(400) == lines()


@pytest.mark.parametrize(("terminal", "wide"), [(False, None), (True, 80)])
def test_width_counts_on_a_terminal_only(monkeypatch, terminal, wide):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert cli._width() == wide


def one_traded(trades, net, verdict="no evidence"):
    return {"trades": trades, "net": net, "verdict": verdict}


def test_line_on_the_backtest_names_those_that_trade_most():
    models = {"a": one_traded(3, -1.5), "b": one_traded(0, 0.0, "not traded")}
    assert backtest_line({"samples": {"test": models}}, 5) == (
        "h5: backtest of test after costs: 1 of 2 models trade (a 3 trades, net -1.50); "
        "evidence: none"
    )
    many = models | {name: one_traded(n, 1.0, "evidence") for n, name in enumerate("cdef", 4)}
    line = backtest_line({"samples": {"test": many}}, 5)
    assert "(most trades: f 7 trades, net 1.00, e 6 trades, net 1.00, d 5 trades" in line
    assert line.endswith("evidence: c, d, e, f")
    assert backtest_line({"samples": {"oof": models}}, 5) is None
