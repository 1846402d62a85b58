import io
import re
from pathlib import Path

import pytest

from mlfactory import cli, failures, gone, running
from mlfactory.config import ROOT
from mlfactory.errors import UserError
from mlfactory.stages import STAGES, rules_of, stage_of
from mlfactory.status import status_lines

HEAD = "output_file\tdate\trule\tlog-file(s)\tstatus\tplan"


def summary(*rows):
    lines = [f"{rule}.out\t-\t{rule}\t-\t{status}\t{plan}" for rule, status, plan in rows]
    return "\n".join([HEAD, *lines])


DONE, PENDING = "no update", "update pending"


def test_stages_come_in_the_order_of_the_data_with_why_a_file_is_made():
    text = summary(
        ("score_models", "missing", PENDING),
        ("fit_boosting", "params changed", PENDING),
        ("fit_classical", "ok", DONE),
        ("fit_boosting", "params changed", PENDING),
        ("stack_predictions", "ok", PENDING),
        ("clean_bars", "ok", DONE),
    )
    assert [line.split(maxsplit=1) for line in status_lines(text)][:-1] == [
        ["bars", "1 file: 1 done"],
        ["oof", "3 files: 1 done, 2 to make (settings or code changed)"],
        ["stack", "1 file: 1 to make (follows from the above)"],
        ["scores", "1 file: 1 to make (missing)"],
    ]
    assert list(status_lines(text))[-1] == "2 of 6 files are there and up to date: 4 to make"


def test_finished_workflow_has_nothing_to_do():
    (_, last) = status_lines(summary(("clean_bars", "ok", DONE)))
    assert last == "1 of 1 files are there and up to date: nothing to do"


def test_missing_file_that_a_run_would_leave_out_is_not_called_done_and_says_how_to_make_it():
    rows = (("label_bars", "missing", DONE), ("label_bars", "ok", DONE), ("clean_bars", "ok", DONE))
    _, labels, last = status_lines(summary(*rows))
    assert labels.split(maxsplit=1)[1] == (
        "2 files: 1 done, 1 gone, never made here: ./pipeline rerun labels makes them"
    )
    assert last == "2 of 3 files are there and up to date: 1 gone"


@pytest.fixture
def shown(tmp_path, monkeypatch, capsys):
    """What ``status`` shows in a folder whose last run was stopped, of a summary's rows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(failures.TO_GO_ON, "./pipeline run")
    failures.save_stop()

    def show(*rows, options=()):
        monkeypatch.setattr("sys.stdin", io.StringIO(summary(*rows)))
        cli.main(["status", *options])
        return capsys.readouterr().out.splitlines()

    return show


def test_status_ends_with_what_stopped_the_last_run_and_the_way_on(shown):
    assert shown(("clean_bars", "missing", PENDING))[-2:] == [
        "the last run was stopped by Ctrl-C",
        "to go on: ./pipeline run",
    ]


def test_status_beside_a_living_run_names_it_and_no_way_on(shown, monkeypatch):
    monkeypatch.setattr(running, "going", lambda: 7)
    assert shown(("clean_bars", "missing", PENDING))[-2:] == [
        "0 of 1 files are there and up to date: 1 to make",
        "a run is going on (process 7)",
    ]


def test_where_nothing_is_to_do_nothing_is_said_of_a_stop_or_of_going_on(shown):
    assert shown(("clean_bars", "ok", DONE))[-1].endswith("up to date: nothing to do")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ((), "DEMO, horizons 5, 10, 15, 20, in results/"),
        (("--horizons", "20", "--targets", "report"), "DEMO, horizon 20, in results/: report"),
        (("--configfile", str(ROOT / "config/quick.yaml")), "DEMO, horizon 20, in results/quick/"),
    ],
)
def test_status_begins_with_what_it_is_about(shown, options, line):
    assert shown(("clean_bars", "ok", DONE), options=options)[0] == line


def test_what_is_there_is_said_where_snakemake_cannot_say_what_is_missing(monkeypatch, capsys):
    made = [("results/DEMO/bars.json", "clean_bars"), ("results/MES/bars.json", "clean_bars")]
    monkeypatch.setattr(gone, "made_by", lambda: ((Path(name), rule) for name, rule in made))
    cli.main(["made"])
    assert [line.split() for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["bars", "1", "file", "there"]
    ]
    cli.main(["made", "--symbols", "ES"])
    assert capsys.readouterr().out.splitlines() == [
        "ES, horizons 5, 10, 15, 20, in results/",
        "nothing is made yet",
    ]


def test_every_rule_that_makes_files_is_in_one_stage():
    text = "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    rules = re.findall(r"^rule (\w+):", text, re.MULTILINE)
    rules += re.findall(r"^use rule \w+ as (\w+) with:", text, re.MULTILINE)
    listed = [rule for rules in STAGES.values() for rule in rules]
    assert sorted(listed) == sorted(rules)


def test_stage_and_rules_name_each_other():
    assert rules_of("bars") == ("clean_bars",)
    assert stage_of("clean_bars") == "bars"
    with pytest.raises(UserError, match="'feature' is no stage; did you mean features"):
        rules_of("feature")
