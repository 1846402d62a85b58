"""Kill a run of the workflow at a random moment, and look at what it left.

Used by the tests and by benchmarks/kills.py.
"""

import os
import random
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field

import psutil
from clone import contents, environment

TABLES = ("results/**/*.parquet", "results/**/*.json")
VICTIMS = ("a job", "the run", "everything")
"""One job; launcher and Snakemake without their jobs; all of them."""

_JOB_ENDED = re.compile(r"^(\d+)/(\d+) ")


@dataclass
class Kill:
    """Who is killed and when: so many jobs after the start of a call, and seconds later."""

    victim: str
    jobs: int
    seconds: float
    working: list[str] = field(default_factory=list)
    """The scripts of the jobs that were at work then."""


def drawn(generator: random.Random, most_jobs: int) -> Kill:
    """A moment by chance."""
    return Kill(
        generator.choice(VICTIMS), generator.randint(0, most_jobs), generator.uniform(0, 2.5)
    )


def kill(folder, planned: Kill, command) -> int:
    """Run the command and kill what is planned; its status, 0 where it ended before."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        tree = psutil.Process(process.pid)
        begun = threading.Event()
        reader = threading.Thread(target=_read, args=[process.stdout, planned.jobs, begun])
        reader.start()
        while not begun.wait(0.05) and process.poll() is None:
            pass
        time.sleep(planned.seconds)
        while process.poll() is None and not _shot(tree, planned):
            time.sleep(0.05)
        process.wait()
        reader.join()
    return process.returncode


def _read(lines, jobs: int, begun: threading.Event) -> None:
    """Set the event when so many jobs have ended; read on, so that the call can write."""
    for line in lines:
        ended = _JOB_ENDED.match(line)
        if line.endswith("jobs to run\n") and jobs == 0:
            begun.set()
        if ended and int(ended[1]) >= jobs:
            begun.set()


def _shot(tree: psutil.Process, planned: Kill) -> bool:
    """Kill the victims with one signal each, Snakemake first; whether there were any."""
    try:
        below = tree.children(recursive=True)
        jobs = [one for one in below if _is_job(one.name(), one.cmdline())]
        of_jobs = {one.pid for job in jobs for one in (job, *job.parents())}
    except psutil.NoSuchProcess:
        return False
    run = [tree, *(one for one in below if one.pid not in of_jobs or _is_snakemake(one))]
    victims = {"a job": jobs[:1], "the run": run, "everything": [tree, *below]}[planned.victim]
    for victim in victims:
        try:
            os.kill(victim.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    planned.working = [_words(job) for job in jobs]
    return bool(victims)


def _is_job(name, words) -> bool:
    """Whether a process is a script of the workflow, and not the shell that waits for it."""
    return name.startswith("python") and any(".snakemake/scripts/" in word for word in words)


def _is_snakemake(process: psutil.Process) -> bool:
    try:
        return any(word.endswith("bin/snakemake") for word in process.cmdline())
    except psutil.NoSuchProcess:
        return False


def _words(job: psutil.Process) -> str:
    """The name of a job's script."""
    try:
        found = re.search(r"scripts/tmp\w+\.(\w+)\.py", " ".join(job.cmdline()))
    except psutil.NoSuchProcess:
        return "ended"
    return found[1] if found else "?"


def jobs_of(folder) -> list[psutil.Process]:
    """The living jobs of a copy of the workflow."""
    scripts = f"{folder}/.snakemake/scripts/"
    return [
        one
        for one in psutil.process_iter(["cmdline"])
        if any(scripts in word for word in one.info["cmdline"] or ())
    ]


def differing(folder, whole) -> list[str]:
    """The tables that are there under their names and not those of an undisturbed run."""
    ours, theirs = contents(folder, *TABLES), contents(whole, *TABLES)
    return [name for name in ours if ours[name] != theirs.get(name)]


def missing(folder, whole) -> list[str]:
    """The tables of an undisturbed run that are not there."""
    return sorted(contents(whole, *TABLES).keys() - contents(folder, *TABLES).keys())


def leftovers(folder) -> list[str]:
    """Temporary files of writes that were killed."""
    found = [*folder.glob("results/**/.*.part"), *folder.glob("results/**/.*.old")]
    return [str(path.relative_to(folder)) for path in found]
