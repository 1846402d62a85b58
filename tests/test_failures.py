import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlfactory import failures, runtime
from mlfactory.config import ROOT
from mlfactory.errors import UserError


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


JOB = """
from types import SimpleNamespace
from mlfactory import runtime
from mlfactory.errors import UserError

runtime.setup(SimpleNamespace(log=["job.log"], rule="clean_bars"))
raise {error}
"""


def fail(error, **variables):
    """Let a job end with an error; what it showed."""
    run = subprocess.run(
        [sys.executable, "-c", JOB.format(error=error)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow")} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    return run.stderr


def test_users_mistake_is_the_last_line_of_the_log_and_one_line_on_the_screen():
    shown = fail('UserError("MES_1m.parquet: is empty; export it again")')
    line = "error: MES_1m.parquet: is empty; export it again"
    assert failures.error_of("job.log", "clean_bars") == line
    assert shown == f"{line}; log: job.log\n"


def test_other_error_is_one_line_with_its_rule_and_type():
    shown = fail('ValueError("first\\nsecond")')
    line = "error: rule clean_bars: ValueError: first second"
    assert failures.error_of("job.log", "clean_bars") == line
    assert shown == f"{line}; log: job.log\n"
    assert "Traceback" in Path("job.log").read_text()


def test_screen_is_left_to_who_shows_the_log():
    assert fail('UserError("no")', **{runtime.REPORTED_BY_LOG: "1"}) == ""
    assert failures.error_of("job.log", "clean_bars") == "error: no"


def test_job_that_was_killed_left_no_error(tmp_path):
    (tmp_path / "job.log").write_text("2026-01-01 INFO fit: fitting\n")
    assert "killed" in failures.error_of("job.log", "fit_boosting")
    assert "killed" in failures.error_of("none.log", "fit_boosting")


def test_failure_is_kept_until_it_is_cleared(tmp_path):
    (tmp_path / "job.log").write_text("one\ntwo\n")
    failure = failures.Failure("fit_boosting", "fit DEMO", "job.log", "error: no")
    assert failures.load() is None
    failures.save(failure)
    assert failures.load() == failure
    assert failures.in_lines(failure)[-2:] == ["    one", "    two"]
    failures.clear()
    failures.clear()
    assert failures.load() is None


def test_failure_file_that_is_not_whole_is_named():
    failures.FILE.parent.mkdir(parents=True)
    failures.FILE.write_text('{"rule": "fit"')
    with pytest.raises(UserError, match=r"failure\.json: is not whole"):
        failures.load()
