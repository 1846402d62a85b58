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

words = {"symbol": "MES", "null": "", "model": "svm", "horizon": "20", "fold": "1"}
runtime.setup(SimpleNamespace(log=["job.log"], rule="fit_classical", wildcards=words))
raise {error}
"""


THE_JOB = "rule fit_classical, symbol MES, model svm, horizon 20, fold 1"


def fail(error="", job=JOB, **variables):
    """Let a job end with an error; what it showed."""
    run = subprocess.run(
        [sys.executable, "-c", job.replace("{error}", error)],
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
    assert failures.error_of("job.log", "clean MES") == line.replace("error:", "error: clean MES:")
    assert shown == f"{line}; log: job.log\n"


def test_other_error_is_one_line_with_its_job_and_type():
    shown = fail('ValueError("first\\nsecond")')
    words = "ValueError: first second"
    assert failures.error_of("job.log", "clean MES") == f"error: clean MES: {words}"
    assert shown == f"error: {THE_JOB}: {words}; log: job.log\n"
    assert "Traceback" in Path("job.log").read_text()


def test_fit_that_runs_out_of_memory_is_one_line_with_its_model_fold_and_the_way_out():
    shown = fail('MemoryError("Unable to allocate 3 GiB")')
    words = "memory ran out (MemoryError: Unable to allocate 3 GiB); run fewer jobs at once by "
    words += "--cores, or make the model smaller in config/models/svm.yaml; a cluster"
    assert shown.startswith(f"error: {THE_JOB}: {words}")
    assert shown.count("\n") == 1
    assert failures.error_of("job.log", "fit MES svm").startswith(f"error: fit MES svm: {words}")


def test_job_that_fits_nothing_has_no_model_to_make_smaller():
    job = JOB.replace("fit_classical", "backtest_predictions").replace("{error}", "MemoryError")
    assert "memory ran out (MemoryError); run fewer jobs at once by --cores; a cl" in fail(job=job)


def test_screen_is_left_to_who_shows_the_log():
    assert fail('UserError("no")', **{runtime.REPORTED_BY_LOG: "1"}) == ""
    assert failures.error_of("job.log", "clean MES") == "error: clean MES: no"


def test_job_that_was_killed_left_no_error(tmp_path):
    (tmp_path / "job.log").write_text("2026-01-01 INFO fit: fitting\n")
    for log in ("job.log", "none.log"):
        error = failures.error_of(log, "fit MES")
        assert error.startswith("error: fit MES: ended without a word; was it killed")
        assert failures.Failure("fit_boosting", "fit MES", log, error).is_without_a_word()


def test_failure_is_kept_until_it_is_cleared(tmp_path):
    (tmp_path / "job.log").write_text("one\ntwo\n")
    failure = failures.Failure("fit_boosting", "fit DEMO", "job.log", "error: no")
    assert failures.load() is None
    failures.save(failure)
    assert failures.load() == failure
    assert failures.in_lines(failure)[-2:] == ["    one", "    two"]
    assert failures.last_lines() == failures.in_lines(failure)
    failures.clear()
    failures.clear()
    assert failures.last_lines() == []


def test_empty_log_of_a_failed_job_is_called_empty(tmp_path):
    (tmp_path / "job.log").touch()
    failure = failures.Failure("fit_boosting", "fit DEMO", "job.log", "error: no")
    assert failures.in_lines(failure)[-1] == "job.log is empty"


def test_stop_is_kept_until_it_is_cleared():
    failures.save_stop()
    assert failures.last_lines() == ["the last run was stopped by Ctrl-C"]
    failures.clear()
    assert failures.last_lines() == []


def test_failure_file_that_is_not_whole_is_named():
    failures.FILE.parent.mkdir(parents=True)
    failures.FILE.write_text('{"rule": "fit"')
    with pytest.raises(UserError, match=r"failure\.json: is not whole"):
        failures.load()


def test_half_a_file_is_never_left_where_none_can_be_written(monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(failures, "atomic", full)
    failures.save(failures.Failure("fit_boosting", "fit DEMO", "job.log", "error: no"))
    assert failures.load() is None


def test_snakemakes_own_trouble_with_the_disk_is_one_line():
    text = (
        "Traceback (most recent call last):\n\n  File ...\n\nOSError: [Errno 28] No space left on "
        "device: '.snakemake/locks'\n\nDuring handling ...\n"
    )
    line = failures.of_system(text)
    assert line.startswith("error: Snakemake cannot keep its books: [Errno 28] No space left")
    assert "\n" not in line
    assert failures.of_system("ValueError: [Errno 28] in a file") == ""
