"""Runs that are killed at random moments: what they leave is whole, and the next call goes on."""

import random
import shutil
import time

import killing
import pytest
from clone import copy_workflow


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An undisturbed run."""
    folder = copy_workflow(tmp_path_factory.mktemp("whole") / "workflow")
    (folder / "kills.yaml").write_text(killing.OVERLAY)
    done = killing.run(folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture
def fresh(whole, tmp_path):
    """A copy of the workflow, its kernels compiled, in which nothing has run."""
    ignored = shutil.ignore_patterns("results", ".snakemake")
    return shutil.copytree(whole, tmp_path / "fresh", symlinks=True, ignore=ignored)


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
