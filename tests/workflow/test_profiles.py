"""What a profile lets run at once."""

import json

import pytest
from clone import call, copy_workflow

LIMITS = """
import json, sys
from snakemake.cli import main
from snakemake.scheduling.job_scheduler import JobScheduler

def schedule(scheduler):
    limits = {k: scheduler.resources[k] for k in ("_cores", "gpu") if k in scheduler.resources}
    print(json.dumps(limits))
    return True

JobScheduler.schedule = schedule
main(sys.argv[1:])
"""
"""Snakemake, which says what may be used at once and runs nothing."""


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        (["--cores", "3"], {"_cores": 3}),
        (["--profile", "profiles/gpu", "--cores", "3"], {"_cores": 3, "gpu": 2}),
        (
            ["--profile", "profiles/gpu", "--resources", "gpu=4", "--cores", "3"],
            {"_cores": 3, "gpu": 4},
        ),
    ],
)
def test_jobs_that_ask_for_a_gpu_are_limited_where_the_profile_says_so(tmp_path, options, limits):
    folder = copy_workflow(tmp_path / "workflow")
    done = call(folder, "python", "-c", LIMITS, "bars", *options)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == limits
