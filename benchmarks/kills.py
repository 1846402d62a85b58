"""Runs that are killed at random moments, each gone on with by a second call.

    PYTHONPATH=tests/workflow python benchmarks/kills.py [--kills 50] [--seed 0]

Each kill has a fresh copy of the workflow: one synthetic month, one horizon, one model, two folds,
to the report. Killed is a job, the run without its jobs, or everything, after a random number of
jobs and up to 2.5 seconds. Printed is, for each, which scripts were at work, whether a table that
was there then was another than an undisturbed run's (half), how the next call ended, and how many
of its tables are other or missing. Exit status 1 if any is.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import killing
from clone import SMALLEST, call, copy_workflow

RUN = ("./pipeline", "run", "--configfile", "kills.yaml", "--cores", "2")
HEAD = f"{'victim':10}  {'jobs':>4}  {'+s':>4}  {'status':>6}  {'half':>4}  {'next':>4}  "
HEAD += f"{'other':>5}  {'missing':>7}  {'left':>4}  {'s':>4}  at work"


def undisturbed(folder: Path) -> int:
    """Make the whole run; the number of its jobs."""
    copy_workflow(folder)
    (folder / "kills.yaml").write_text(SMALLEST)
    done = call(folder, *RUN)
    if done.returncode:
        sys.exit(done.stderr)
    return sum("(" in line and "/" in line.split(" ")[0] for line in done.stdout.splitlines())


def outcome(moment: killing.Kill, whole: Path, folder: Path) -> bool:
    """Kill a run and go on with it; print the line, and tell whether all is well."""
    started = time.monotonic()
    ignored = shutil.ignore_patterns("results", ".snakemake")
    shutil.copytree(whole, folder, symlinks=True, ignore=ignored)
    status = killing.kill(folder, moment, RUN)
    half = killing.differing(folder, whole)
    again = call(folder, *RUN)
    other, missing = killing.differing(folder, whole), killing.missing(folder, whole)
    left = killing.leftovers(folder)
    print(
        f"{moment.victim:10}  {moment.jobs:4}  {moment.seconds:4.1f}  {status:6}  {len(half):4}  "
        f"{again.returncode:4}  {len(other):5}  {len(missing):7}  {len(left):4}  "
        f"{time.monotonic() - started:4.0f}  {' '.join(moment.working)}",
        flush=True,
    )
    return not (half or again.returncode or other or missing or left)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    generator = random.Random(options.seed)
    well = 0
    with tempfile.TemporaryDirectory() as name:
        whole = Path(name) / "whole"
        jobs = undisturbed(whole)
        print(f"{jobs} jobs undisturbed; {options.kills} kills, seed {options.seed}\n{HEAD}")
        for number in range(options.kills):
            folder = Path(name) / str(number)
            well += outcome(killing.drawn(generator, jobs - 1), whole, folder)
            shutil.rmtree(folder)
    print(f"{well} of {options.kills} kills left nothing half-written and were gone on with")
    sys.exit(well < options.kills)


if __name__ == "__main__":
    main()
