"""What the launcher shows of Snakemake's events; tests/workflow runs it for real."""

import logging
import os
from types import SimpleNamespace

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from mlfactory import failures, running
from mlfactory.runtime import REPORTED_BY_LOG
from snakemake_logger_plugin_mlfactory import FOUND, LogHandler


@pytest.fixture
def handler(tmp_path, monkeypatch):
    """The logger of a run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(os.environ, REPORTED_BY_LOG, "1")
    return LogHandler(SimpleNamespace(dryrun=False), None)


def record(text="", level=logging.INFO, **fields):
    made = logging.LogRecord("snakemake", level, "", 0, text, None, None)
    made.__dict__.update(fields)
    return made


def test_lock_of_another_run_is_one_line(handler, capsys, monkeypatch):
    monkeypatch.setattr(running, "going", lambda: 123)
    text = "LockException:\nError: Directory cannot be locked. Please make\nsure that no other"
    handler.emit(record(text, logging.ERROR))
    assert capsys.readouterr().err == (
        "error: another run is going on in this folder (process 123); wait for its end or stop it "
        "with Ctrl-C, or: kill -INT 123; then run again\n"
    )


def test_file_that_no_rule_makes_is_one_line(handler, capsys):
    text = "MissingRuleException:\nNo rule to produce results/MES/x (if you use input functions)."
    handler.emit(record(text, logging.ERROR))
    assert capsys.readouterr().err.startswith("error: no rule makes results/MES/x; check the name")


def start(handler, number, message, **resources):
    fields = {"jobid": number, "rule_name": "fit_boosting", "rule_msg": message}
    fields |= {"threads": 1, "resources": resources}
    handler.emit(record(event=LogEvent.JOB_INFO, log=[f"job{number}.log"], **fields))


def finish(handler, number):
    handler.emit(record(event=LogEvent.JOB_FINISHED, job_id=number))


def test_named_target_is_no_job(handler, capsys):
    stats = {"fit_boosting": 1, "all": 1, "total": 2}
    handler.emit(record(event=LogEvent.RUN_INFO, stats=stats))
    start(handler, 1, "fit DEMO")
    finish(handler, 1)
    fields = {"jobid": 2, "rule_name": "all", "rule_msg": None}
    handler.emit(record(event=LogEvent.JOB_INFO, log=[], **fields))
    finish(handler, 2)
    first, second = capsys.readouterr().out.splitlines()
    assert first == "1 job to run"
    assert second.startswith("1/1 fit DEMO (")


def test_what_was_found_is_said_before_the_jobs_and_not_where_there_are_none(
    handler, capsys, monkeypatch
):
    monkeypatch.setenv(FOUND, "DEMO: 3 rows\nDEMO: train: 1 row\n")
    handler.emit(record("Nothing to be done (all requested files are present)."))
    assert capsys.readouterr().out == "nothing to do: every file is there and up to date\n"
    handler.emit(record(event=LogEvent.RUN_INFO, stats={"fit_boosting": 1, "total": 1}))
    assert capsys.readouterr().out.splitlines() == [
        *("DEMO: 3 rows", "DEMO: train: 1 row", "1 job to run"),
    ]


def test_job_of_a_null_begins_with_its_number(handler, capsys):
    handler.emit(record(event=LogEvent.RUN_INFO, stats={"fit_boosting": 1}))
    start(handler, 1, "fit SPY nulls/session_shift/0/xgboost h20 fold 1")
    finish(handler, 1)
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("1/1 null 0: fit SPY xgboost h20 fold 1 (")


def fail(handler, number, **more):
    fields = {"jobid": number, "rule_name": "fit_boosting", **more}
    handler.emit(record("", logging.ERROR, event=LogEvent.JOB_ERROR, **fields))


def stop(handler):
    text = "Terminating processes on user request, this might take some time."
    handler.emit(record(text))


KILLED = "error: fit DEMO: ended without a word; was it killed, perhaps for memory?; log: job1.log"
ON = "to go on: ./pipeline run --quick"


def test_dry_run_shows_its_jobs_by_stage_and_changes_nothing(handler, capsys):
    handler.common_settings.dryrun = True
    failures.save_stop()
    handler.emit(record(event=LogEvent.RUN_INFO, stats={"fit_boosting": 2, "total": 2}))
    start(handler, 1, "fit DEMO h5")
    start(handler, 2, "fit DEMO h20")
    handler.close()
    assert capsys.readouterr().out.splitlines() == [
        "oof             2 jobs  fit DEMO h5, and 1 more such",
        "total           2 jobs",
    ]
    assert failures.last_lines() == ["the last run was stopped by Ctrl-C"]


def test_dry_run_with_time_limits_shows_what_is_asked_of_a_scheduler(handler, capsys):
    handler.common_settings.dryrun = True
    for number in (1, 2):
        start(handler, number, "fit DEMO h5", runtime=120, mem_mb=4000, gpu=0)
    handler.close()
    assert capsys.readouterr().out.splitlines()[2:] == [
        "of each is asked:",
        "fit_boosting     2 jobs  120 min, 4000 MB, threads 1",
    ]


@pytest.fixture(autouse=True)
def typed(monkeypatch):
    monkeypatch.setenv(failures.TO_GO_ON, "./pipeline run --quick")


def test_error_is_said_at_once_and_again_at_the_end_with_the_way_on(handler, capsys):
    start(handler, 1, "fit DEMO")
    start(handler, 2, "fit MES")
    fail(handler, 1)
    assert capsys.readouterr().err.splitlines() == [KILLED]
    finish(handler, 2)
    handler.close()
    assert capsys.readouterr().err.splitlines() == [KILLED, ON]


def test_error_that_was_the_last_word_is_said_once(handler, capsys):
    start(handler, 1, "fit DEMO")
    fail(handler, 1)
    handler.close()
    assert capsys.readouterr().err.splitlines() == [KILLED, ON]


def test_run_that_ends_well_says_nothing_of_going_on(handler, capsys):
    start(handler, 1, "fit DEMO")
    finish(handler, 1)
    handler.close()
    assert capsys.readouterr().err == ""


def test_jobs_that_end_by_ctrl_c_are_no_failures(handler, capsys):
    for number in (1, 2):
        start(handler, number, "fit DEMO")
    fail(handler, 1)
    stop(handler)
    fail(handler, 2)
    handler.close()
    assert failures.last_lines() == ["the last run was stopped by Ctrl-C"]
    assert ON not in capsys.readouterr().err


def test_failure_before_ctrl_c_stays_one(handler, tmp_path):
    (tmp_path / "job1.log").write_text("2026-01-01 ERROR fit: error: no\n")
    start(handler, 1, "fit DEMO")
    fail(handler, 1)
    stop(handler)
    handler.close()
    assert "error: fit DEMO: no" in failures.last_lines()


def test_job_that_fails_and_then_ends_well_is_no_failure(handler, capsys):
    """A scheduler's profile submits a failed job again."""
    start(handler, 1, "fit DEMO")
    fail(handler, 1)
    assert failures.load().rule == "fit_boosting"
    start(handler, 1, "fit DEMO")
    finish(handler, 1)
    handler.close()
    said = capsys.readouterr()
    assert said.err.splitlines() == [KILLED]
    assert "once more: fit DEMO" in said.out
    assert failures.last_lines() == []


@pytest.mark.parametrize(
    ("msg", "word"),
    [
        (
            "SLURM-job '7' failed, SLURM status is: 'OUT_OF_MEMORY'. ",
            "SLURM ended it: OUT_OF_MEMORY",
        ),
        (
            "SLURM sbatch failed. The error message was 'sbatch: error: invalid partition\n"
            "sbatch: error: Batch job submission failed'.\n    sbatch call:\n        sbatch",
            "SLURM does not take it: invalid partition; Batch job submission failed",
        ),
    ],
)
def test_what_slurm_did_to_a_job_is_said_with_its_log(handler, capsys, msg, word):
    start(handler, 1, "fit DEMO")
    fail(handler, 1, rule_msg=msg, log=["job1.log", "slurm.log"])
    assert capsys.readouterr().err == f"error: fit DEMO: {word}; log: slurm.log\n"


def test_job_that_failed_by_itself_on_slurm_has_its_own_word(handler, tmp_path, capsys):
    (tmp_path / "job1.log").write_text("2026-01-01 ERROR fit: error: no\n")
    start(handler, 1, "fit DEMO")
    fail(handler, 1, rule_msg="SLURM status is: 'FAILED'.", log=["job1.log", "slurm.log"])
    assert capsys.readouterr().err == "error: fit DEMO: no; log: job1.log\n"


def test_of_two_that_failed_the_one_that_never_ended_well_is_the_failure(handler, capsys):
    for number, message in ((1, "fit DEMO"), (2, "fit MES")):
        start(handler, number, message)
        fail(handler, number)
    start(handler, 1, "fit DEMO")
    finish(handler, 1)
    capsys.readouterr()
    handler.close()
    assert "fit MES" in capsys.readouterr().err
    assert "fit MES" in failures.load().error


def test_clock_that_was_set_back_is_one_line(handler, capsys):
    text = (
        "WorkflowError in rule split_bars:\nOutput results/DEMO/a has older modification time "
        "(2026-11-28 11:39:36) than input results/DEMO/b (2026-11-29 11:39:23). This could indicate"
    )
    handler.emit(record(text, logging.ERROR))
    assert capsys.readouterr().err == (
        "error: results/DEMO/a seems older than results/DEMO/b, of which it is made: the clock was "
        "set back meanwhile; run again\n"
    )


@pytest.mark.parametrize("text", ["", '{"fit": 1', "[1, 2]", "\x00"])
def test_durations_that_a_kill_left_half_are_not_read(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(os.environ, REPORTED_BY_LOG, "1")
    kept = tmp_path / ".snakemake/mlfactory/durations.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(text)
    assert LogHandler(SimpleNamespace(dryrun=False), None).progress.usual_s == {}
