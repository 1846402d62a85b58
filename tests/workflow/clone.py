"""A copy of the workflow in a temporary folder, and how it is run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = (
    *("Snakefile", "pipeline", "pyproject.toml", "README.md"),
    *("requirements.lock", "requirements-slurm.lock"),
)
FOLDERS = ("config", "envs", "profiles", "rules", "workflow")
BIN = Path(sys.executable).parent
OOF = "results/DEMO/oof/{}_h20_fold0.parquet"
"""One fold's predictions, by model."""


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
    dry = snakemake(folder, "--dry-run", *arguments, config=config)
    assert dry.returncode == 0, dry.stderr[-3000:]
    text = dry.stdout + dry.stderr
    table = re.findall(r"^(\w+)\s+(\d+)$", text, re.MULTILINE)
    jobs = {name: int(count) for name, count in table if name not in ("total", "all")}
    return jobs, re.findall(r"^Job \d+: (.*)$", text, re.MULTILINE)


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
