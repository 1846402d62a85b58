"""Runs that are killed at random moments and interrupted: what they leave is whole."""

import random
import re
import shutil
import signal
import subprocess
import sys
import time

import killing
import pytest
from clone import call, contents, environment

from mlfactory import ledger, looks

OPTIONS = ("--configfile", "config/test.yaml", "--horizons", "5")
RUN = ("./pipeline", "run", *OPTIONS, "--cores")
OTHER = ("_h20:", '"horizon": 20')
"""What is in a line that the other horizon of the finished run has left in the ledger."""


@pytest.fixture(scope="module")
def whole(finished, tmp_path_factory):
    """The tables of an undisturbed run of one horizon on two cores.

    They are those of the finished run, but for what reads all horizons: it is made of this one.
    """
    folder = tmp_path_factory.mktemp("whole") / "workflow"
    shutil.copytree(finished, folder, symlinks=True)
    for noted in (ledger.of_symbol("DEMO"), looks.of_symbol("DEMO")):
        lines = (folder / noted).read_text().splitlines(keepends=True)
        own = [line for line in lines if not any(words in line for words in OTHER)]
        assert 2 * len(own) == len(lines)
        (folder / noted).write_text("".join(own))
    done = call(folder, *RUN, "2")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "assess" in done.stdout
    for path in sorted(folder.glob("results/DEMO/**/*h20*"), reverse=True):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


@pytest.fixture
def fresh(finished, tmp_path):
    """A copy of the workflow, its kernels compiled, in which nothing has run."""
    ignored = shutil.ignore_patterns("results", ".snakemake", "ledger")
    return shutil.copytree(finished, tmp_path / "fresh", symlinks=True, ignore=ignored)


def test_run_reaches_for_no_network(finished, fresh):
    assert not (finished / "workflow/reached.log").exists()
    reach = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    assert "no network here" in call(fresh, sys.executable, "-c", reach).stderr
    assert (fresh / "workflow/reached.log").exists(), "what reaches out is seen"


def interrupt(folder):
    """Press Ctrl-C after a fit of a run on one core, and look at what is said then and before."""
    predicted = set(folder.glob("results/DEMO/oof/*"))
    process = subprocess.Popen(
        (*RUN, "1"),
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 300
    while set(folder.glob("results/DEMO/oof/*")) == predicted and time.monotonic() < deadline:
        time.sleep(0.2)
    status = call(folder, "./pipeline", "status", *OPTIONS)
    assert re.search(r"^a run is going on \(process \d+\)$", status.stdout, re.M)
    process.send_signal(signal.SIGINT)
    _, shown = process.communicate(timeout=120)
    assert "stopped; the same command resumes" in shown.splitlines()
    assert process.returncode == 130
    status = call(folder, "./pipeline", "status", *OPTIONS)
    assert status.stdout.splitlines()[-2:] == [
        "the last run was stopped by Ctrl-C",
        "to go on: ./pipeline run --configfile config/test.yaml --horizons 5",
    ]


def test_run_that_is_killed_and_interrupted_ends_on_one_core_with_the_tables_of_a_whole_one_on_two(
    whole, fresh
):
    generator = random.Random(8)
    for victim in (*killing.VICTIMS, "a job", "everything"):
        moment = killing.Kill(victim, generator.randint(0, 3), generator.uniform(0, 1.5))
        assert killing.kill(fresh, moment, (*RUN, "2")) != 0, moment
        deadline = time.monotonic() + 10
        while killing.jobs_of(fresh) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert killing.jobs_of(fresh) == [], "a killed run's jobs end"
        assert killing.differing(fresh, whole) == [], moment
    interrupt(fresh)
    assert killing.differing(fresh, whole) == []
    assert killing.missing(fresh, whole) != []
    again = call(fresh, *RUN, "1")
    assert again.returncode == 0, again.stderr[-3000:]
    assert len(contents(fresh, *killing.TABLES)) > 50
    assert killing.differing(fresh, whole) == []
    assert killing.missing(fresh, whole) == []
    assert killing.leftovers(fresh) == []
    assert not (fresh / "workflow/reached.log").exists()
    assert call(fresh, *RUN, "1").stdout.startswith("nothing to do")
