"""Runs that are killed at random moments: what they leave is whole, and the next call goes on."""

import random
import shutil
import sys
import time

import killing
import pytest
from clone import call, copy_workflow

GUARD = """
import pathlib, sys


def look(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        with open(pathlib.Path(__file__).with_name("reached.log"), "a") as file:
            print(event, arguments, file=file)
        raise OSError("no network here")


sys.addaudithook(look)
"""
"""Every Python process of the copy imports it: it forbids and remembers what reaches out."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An undisturbed run, without a network."""
    folder = copy_workflow(tmp_path_factory.mktemp("whole") / "workflow")
    (folder / "kills.yaml").write_text(killing.OVERLAY)
    (folder / "workflow/sitecustomize.py").write_text(GUARD)
    done = killing.run(folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture
def fresh(whole, tmp_path):
    """A copy of the workflow, its kernels compiled, in which nothing has run."""
    ignored = shutil.ignore_patterns("results", ".snakemake")
    return shutil.copytree(whole, tmp_path / "fresh", symlinks=True, ignore=ignored)


def test_run_reaches_for_no_network(whole, fresh):
    assert not (whole / "workflow/reached.log").exists()
    reach = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    assert "no network here" in call(fresh, sys.executable, "-c", reach).stderr
    assert (fresh / "workflow/reached.log").exists(), "what reaches out is seen"


def test_run_that_is_killed_five_times_ends_with_the_tables_of_an_undisturbed_one(whole, fresh):
    generator = random.Random(8)
    for victim in (*killing.VICTIMS, "the run", "a job"):
        moment = killing.Kill(victim, generator.randint(0, 3), generator.uniform(0, 1.5))
        assert killing.kill(fresh, moment) != 0, moment
        deadline = time.monotonic() + 10
        while killing.jobs_of(fresh) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert killing.jobs_of(fresh) == [], "a killed run's jobs end"
        assert killing.differing(fresh, whole) == [], moment
    again = killing.run(fresh)
    assert again.returncode == 0, again.stderr[-3000:]
    assert killing.differing(fresh, whole) == []
    assert killing.missing(fresh, whole) == []
    assert killing.leftovers(fresh) == []
    assert killing.run(fresh).stdout.startswith("nothing to do")
