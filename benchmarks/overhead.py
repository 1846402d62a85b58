"""What a run costs beside its work: Snakemake, the launcher, and the start of every job.

    python benchmarks/overhead.py ./pipeline run --symbols DEMO --horizons 20

Runs the command in this folder with a hook in every Python process, which writes its CPU seconds
when it ends, and what they were when the job opened its log: by then it has started Python, read
what Snakemake hands over, and imported all that it needs. Printed is a line a script; processes
that are no job (the launcher, Snakemake, the summary at the end) are start-up as a whole. CPU
seconds of processes that are not Python's are in the total alone.
"""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

HOOK = """
import atexit, json, os, sys, time

_opened = []

def _note_log(event, arguments):
    if event == "open" and not _opened and str(arguments[0]).endswith(".log"):
        _opened.append(time.process_time())

def _write():
    cost = {"script": sys.argv[0], "opened": (_opened or [None])[0], "cpu_s": time.process_time()}
    with open(os.path.join(FOLDER, f"{os.getpid()}-{time.monotonic_ns()}.json"), "w") as file:
        json.dump(cost, file)

sys.addaudithook(_note_log)
atexit.register(_write)
"""

JOB = re.compile(r"\.snakemake/scripts/tmp\w+\.(\w+)\.py$")


def measured(command: list[str], folder: Path) -> tuple[list[dict], float]:
    """Run the command; what each Python process wrote, and CPU seconds of all processes."""
    (folder / "sitecustomize.py").write_text(f"FOLDER = {str(folder)!r}\n{HOOK}")
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path})
    if done.returncode:
        sys.exit(done.returncode)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = [json.loads(one.read_text()) for one in folder.glob("*.json")]
    return found, used.ru_utime + used.ru_stime


def main() -> None:
    command = sys.argv[1:]
    if not command or command[0] in ("-h", "--help"):
        print(__doc__)
        return
    with tempfile.TemporaryDirectory() as name:
        processes, total = measured(command, Path(name))
    rows: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in processes:
        job = JOB.search(one["script"])
        kind = job[1] if job else f"({Path(one['script']).name})"
        start = one["opened"] if job and one["opened"] is not None else one["cpu_s"]
        rows[kind].append((one["cpu_s"], start))
    print(f"{'process':28} {'count':>5} {'CPU s':>9} {'start-up':>9}")
    for kind, costs in sorted(rows.items(), key=lambda row: -sum(cost for cost, _ in row[1])):
        cpu, start = (sum(column) for column in zip(*costs, strict=True))
        print(f"{kind:28} {len(costs):5} {cpu:9.1f} {start:9.1f}")
    starts = sum(start for costs in rows.values() for _, start in costs)
    print(f"{'all processes':28} {len(processes):5} {total:9.1f} {starts:9.1f}")
    print(f"start-up is {starts / total:.1%} of the CPU")


if __name__ == "__main__":
    main()
