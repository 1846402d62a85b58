"""A copy of the workflow in a temporary folder, and how it is run."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from functools import cache
from pathlib import Path

from snakemake import cli as snakemake_cli

ROOT = Path(__file__).parents[2]
PARTS = (
    *("Snakefile", "pipeline", "pyproject.toml", "README.md"),
    *("requirements.lock", "requirements-slurm.lock"),
)
FOLDERS = ("config", "envs", "profiles", "rules", "workflow")
BIN = Path(sys.executable).parent
OOF = "results/DEMO/oof/{}_h20_fold0.parquet"
"""One fold's predictions, by model."""

SMALLEST = """symbols: [DEMO]
horizons: [5]
models: [lightgbm]
ensembles: []
folds: {n_splits: 2}
features: {timeframes: [1h]}
splits: {embargo_sessions: 1, min_sessions: {train: 5, val: 1, test: 1}}
walk_forward: {enabled: false}
scores: {samples: 100}
nulls: {session_shift: 0, probe: {shifts: 2, sign_flips: 0}}
synthetic: {DEMO: {months: 1}}
"""
"""The configuration of the smallest run that has every stage but ensembles and nulls."""


def copy_workflow(folder):
    """Everything that the workflow needs, compiled kernels too, so that a test may edit it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.egg-info"))
    for name in PARTS:
        shutil.copy2(ROOT / name, folder / name)
    (folder / "data/raw").mkdir(parents=True)
    return folder


def environment(folder):
    """Variables that make a process use the copy's package and this test's environment."""
    return {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder / "workflow"),
        "MLFACTORY_VENV": str(BIN.parent),
        "XDG_CACHE_HOME": str(folder / ".cache"),
    }


def call(folder, *command, timeout=1200):
    """Run a command in the copy; the finished process with its text."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def snakemake(folder, *arguments, config="config/test.yaml", cores=2):
    """Run the copy's workflow on the tests' configuration, or on the files that are named."""
    configs = [config] if isinstance(config, str) else config
    return call(folder, "snakemake", "--configfile", *configs, "--cores", cores, *arguments)


def planned(folder, *arguments, config="config/test.yaml"):
    """What a dry run would do: {rule: number of jobs}, and the wildcards of each planned job."""
    configs = [config] if isinstance(config, str) else config
    status, text = forked(folder, "--configfile", *configs, "--cores", 2, "--dry-run", *arguments)
    assert status == 0, text[-3000:]
    table = re.findall(r"^(\w+)\s+(\d+)$", text, re.MULTILINE)
    jobs = {name: int(count) for name, count in table if name not in ("total", "all")}
    return jobs, re.findall(r"^Job \d+: (.*)$", text, re.MULTILINE)


def forked(folder, *arguments):
    """The exit status of Snakemake in the copy, and what it shows, in a child of this process.

    The child has Snakemake's modules and plugins, whose import is most of a dry run, but not the
    package's.
    """
    load_plugins()
    with tempfile.TemporaryFile("w+") as shown:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = _as_snakemake(folder, [str(part) for part in arguments], shown)
            except BaseException:
                traceback.print_exc(file=shown)
            finally:
                shown.flush()
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        shown.seek(0)
        return status, shown.read()


@cache
def load_plugins():
    """Import what Snakemake imports late: its plugins, and what it opens files with."""
    snakemake_cli.get_argument_parser()
    for name in ("nbformat", "smart_open"):
        importlib.import_module(name)


def _as_snakemake(folder, arguments, shown):
    os.dup2(shown.fileno(), 1)
    os.dup2(shown.fileno(), 2)
    sys.stdout = sys.stderr = shown
    os.environ.update(environment(folder))
    os.chdir(folder)
    for name in [name for name in sys.modules if "mlfactory" in name]:
        del sys.modules[name]
    ours = str(ROOT / "workflow")
    sys.path[:] = [str(folder / "workflow"), *(path for path in sys.path if path != ours)]
    try:
        snakemake_cli.main(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def contents(folder, *patterns):
    """The bytes of every file that matches, by relative path; a fit's record less its cost."""
    files = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    return {str(path.relative_to(folder)): _content(path) for path in files if path.is_file()}


def _content(path):
    if path.name != "training_metrics.json":
        return path.read_bytes()
    record = json.loads(path.read_text())
    record.pop("cost", None)  # ensembles have none
    return json.dumps(record).encode()
