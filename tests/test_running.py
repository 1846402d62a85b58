import subprocess
import sys
import time

import psutil
import pytest

from mlfactory import lifetime, running
from mlfactory.config import ROOT

JOB = """
import sys, time
from types import SimpleNamespace
from mlfactory import runtime

runtime.setup(SimpleNamespace(log=["job.log"], rule="fit"))
print("working", flush=True)
time.sleep(60)
"""
RUN = f"""
import subprocess, sys
from mlfactory import running

running.hold()
job = subprocess.Popen([sys.executable, "-c", {JOB!r}])
print(job.pid, flush=True)
input()
"""
HOLD = "from mlfactory import running; running.hold(); print('held', flush=True); input()"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "workflow"))


@pytest.fixture
def other():
    """Another process that holds."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.fixture
def locked():
    """Snakemake's lock, as a run writes it."""
    running.LOCKS.mkdir(parents=True)
    (running.LOCKS / "0.output.lock").write_text("results/DEMO/bars.parquet\n")


def take_off():
    return subprocess.run(
        [sys.executable, "-m", "mlfactory.running"], capture_output=True, text=True, check=True
    ).stderr


def test_living_runs_lock_stays_and_names_its_process(other, locked):
    assert running.going() == other.pid
    assert not running.was_killed()
    assert take_off() == ""
    assert running.is_locked()
    assert f"another run is going on in this folder (process {other.pid})" in running.refusal()
    assert f"or: kill -INT {other.pid};" in running.refusal()


def test_killed_runs_lock_is_taken_off_and_said(other, locked):
    other.kill()
    other.wait()
    assert running.going() is None
    assert running.was_killed()
    assert take_off() == "the last run was killed; its lock is taken off\n"
    assert not running.is_locked()
    assert take_off() == ""


def test_process_that_only_looks_is_no_run(other):
    assert running.going() is None
    assert not running.was_killed()


def test_process_that_ends_by_itself_leaves_nothing(other):
    other.communicate("\n")
    assert running.others() == []
    assert list(running.HOLDERS.iterdir()) == []


def test_lock_that_nobody_seems_to_hold_is_left_to_the_user(locked):
    assert "snakemake --unlock" in running.refusal()


def test_job_ends_with_the_run_that_is_killed():
    with subprocess.Popen(
        [sys.executable, "-c", RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        job = psutil.Process(int(run.stdout.readline()))
        assert run.stdout.readline() == "working\n"
        time.sleep(0.6)
        assert job.is_running()
        run.kill()
        psutil.wait_procs([job], timeout=10)
        assert not job.is_running() or job.status() == psutil.STATUS_ZOMBIE


def test_job_that_no_run_has_started_goes_on(monkeypatch):
    monkeypatch.delenv(lifetime.RUN, raising=False)
    with subprocess.Popen([sys.executable, "-c", JOB], stdout=subprocess.PIPE, text=True) as job:
        assert job.stdout.readline() == "working\n"
        time.sleep(0.6)
        assert job.poll() is None
        job.kill()


def test_job_on_another_machine_goes_on_without_the_lock(monkeypatch, tmp_path):
    """Its file system may not tell it that the run holds the file."""
    monkeypatch.setenv(lifetime.RUN, f"login-node:{tmp_path / 'not held'}")
    with subprocess.Popen([sys.executable, "-c", JOB], stdout=subprocess.PIPE, text=True) as job:
        assert job.stdout.readline() == "working\n"
        time.sleep(0.6)
        assert job.poll() is None
        job.kill()
