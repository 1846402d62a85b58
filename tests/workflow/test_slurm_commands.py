"""What profiles/slurm submits for each rule, with a stand-in for sbatch; no cluster is needed."""

import importlib.util
import re
import shutil
import subprocess

import pytest
import yaml
from clone import copy_workflow, environment

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("snakemake_executor_plugin_slurm") is None,
    reason="Snakemake's SLURM executor is missing: pip install -r requirements-slurm.lock",
)

LESS = """symbols: [DEMO]
horizons: [20]
models: [logistic, lightgbm, gru]
ensembles: [voting, blend]
recipes: {blend: {type: blending}}
folds: {n_splits: 2}
"""
EVERYTHING = f"""{LESS}
walk_forward: {{nulls: 0, val_and_test: true}}
nulls: {{session_shift: 1, sign_flip: 1}}
tuning: {{scope: fold}}
"""
"""An overlay whose jobs are of all rules, but for the search for barriers."""

SEARCHED = f"{LESS}labels: {{search: {{enabled: true}}}}"

SBATCH = """#!/bin/sh
for word; do printf '%s\\0' "$word"; done >> "$SUBMITTED"
printf '\\n' >> "$SUBMITTED"
[ -z "$REFUSED" ] && echo 1
"""
"""Notes how it is called; a job then has a number, or is refused."""

AT_ONCE = """
import os
import sys
from pathlib import Path
from snakemake.cli import main
from snakemake.scheduling.job_scheduler import JobScheduler

def schedule(scheduler):
    jobs = [job for job in scheduler.workflow.dag.needrun_jobs() if not job.is_local]
    for path in map(Path, (path for job in jobs for path in job.input)):
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.truncate(path, int(os.environ.get("BYTES", 0)))
    for job in jobs:
        scheduler._executor.run_job(job)
    scheduler._executor.shutdown()
    return True

JobScheduler.schedule = schedule
main(sys.argv[1:])
"""
"""Snakemake, but each job is submitted at once; what it reads is there, of so many bytes."""


@pytest.fixture
def submit(tmp_path):
    """Run Snakemake with the profile and stand-ins; what sbatch was called with, call by call."""
    folder = copy_workflow(tmp_path / "workflow")
    tools, submitted = tmp_path / "tools", tmp_path / "submitted"
    tools.mkdir()
    (tools / "sbatch").write_text(SBATCH)
    for name in ("squeue", "scontrol", "sacct", "sacctmgr", "sinfo", "sshare", "scancel"):
        (tools / name).write_text("#!/bin/sh\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    variables = environment(folder) | {"SUBMITTED": str(submitted)}
    variables["PATH"] = f"{tools}:{variables['PATH']}"

    def run(overlay, *targets, snakemake=("python", "-c", AT_ONCE), **more):
        (folder / "mine.yaml").write_text(overlay)
        submitted.write_text("")
        options = ("--profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "1")
        done = subprocess.run(
            [*snakemake, *targets, *options, "--configfile", "mine.yaml"],
            cwd=folder,
            env=variables | more,
            capture_output=True,
            text=True,
        )
        assert done.returncode == int("REFUSED" in more), done.stderr[-3000:]
        return [line.split("\0") for line in submitted.read_text().split("\0\n")[:-1]]

    run.folder = folder
    return run


def rule_and_request(words):
    """The rule of a submitted job, and (partition, MB, minutes, GPUs, cores)."""
    text = " ".join(words)
    rule = re.search(r"--target-jobs '?(\w+):", text)[1]
    gpus = re.search(r"--gpus=(\d+)", text)
    request = (
        words[words.index("-p") + 1],
        int(words[words.index("--mem") + 1]),
        int(words[words.index("-t") + 1]),
        int(gpus[1]) if gpus else 0,
        int(re.search(r"--cpus-per-task=(\d+)", text)[1]),
    )
    return rule, request


DEFAULT = ("cpu", 4000, 60, 0, 1)
MORE = {
    **dict.fromkeys(("fit_boosting", "fit_boosting_full"), ("cpu", 4000, 120, 0, 1)),
    **dict.fromkeys(("fit_classical", "fit_classical_full"), ("cpu", 4000, 120, 0, 1)),
    **dict.fromkeys(("fit_neural", "fit_neural_full"), ("gpu", 8000, 240, 1, 1)),
    "tune_boosting": ("cpu", 4000, 480, 0, 1),
    "tune_classical": ("cpu", 4000, 480, 0, 1),
    "tune_neural": ("gpu", 8000, 720, 1, 1),
    "walk_forward_boosting": ("cpu", 4000, 240, 0, 1),
    "walk_forward_classical": ("cpu", 4000, 240, 0, 1),
    "walk_forward_neural": ("gpu", 8000, 720, 1, 1),
    "walk_on_boosting": ("cpu", 4000, 240, 0, 1),
    "walk_on_classical": ("cpu", 4000, 240, 0, 1),
    "walk_on_neural": ("gpu", 8000, 720, 1, 1),
}


def rules_with_jobs(folder):
    """Every rule that makes files, of all rule files."""
    text = "\n".join(path.read_text() for path in folder.glob("rules/*.smk"))
    return set(re.findall(r"^rule (\w+):", text, re.MULTILINE)) | set(
        re.findall(r"^use rule \w+ as (\w+) with:", text, re.MULTILINE)
    )


def test_every_rule_is_submitted_with_its_partition_memory_time_and_gpus(submit):
    submitted = submit(EVERYTHING) + submit(SEARCHED, "results/DEMO/barriers_h20.json")
    requests = {}
    for words in submitted:
        rule, request = rule_and_request(words)
        requests.setdefault(rule, set()).add(request)
        assert ".snakemake/slurm_logs/" in words[words.index("--output") + 1]
        assert words[words.index("-D") + 1] == str(submit.folder)
        assert not {"-A", "--account"} & set(words)
    assert requests.keys() == rules_with_jobs(submit.folder)
    assert requests == {rule: {MORE.get(rule, DEFAULT)} for rule in requests}


def use_gpu(folder, model, value):
    path = folder / f"config/models/{model}.yaml"
    text, found = re.subn(r"use_gpu: \w+", f"use_gpu: {value}", path.read_text())
    assert found == 1
    path.write_text(text)


def test_memory_grows_with_what_a_job_reads(submit):
    """16 times its size, from 250 MB on."""
    target = "results/DEMO/splits/train.parquet"
    for size_mb, asked in ((100, 4000), (400, 2 * 16 * 400)):
        (words,) = (
            words
            for words in submit(LESS, target, BYTES=str(size_mb * 10**6))
            if rule_and_request(words)[0] == "split_bars"
        )
        assert rule_and_request(words)[1][1] == pytest.approx(asked, rel=0.1)
        shutil.rmtree(submit.folder / "results")


def test_job_goes_where_its_models_file_asks_for(submit):
    """A boosting model that is to use a GPU gets one; a neural one that is not waits for none."""
    use_gpu(submit.folder, "xgboost", "true")
    use_gpu(submit.folder, "gru", "false")
    fits = [
        f"results/DEMO/oof/{model}_h20_fold0.parquet" for model in ("xgboost", "lightgbm", "gru")
    ]
    asked = {}
    for words in submit("horizons: [20]\n", *fits):
        rule, (partition, *_, gpus, _) = rule_and_request(words)
        if rule.startswith("fit_"):
            model = re.search(r"model=(\w+)", " ".join(words))[1]
            asked.setdefault(model, set()).add((partition, gpus))
    assert asked == {"xgboost": {("gpu", 1)}, "lightgbm": {("cpu", 0)}, "gru": {("cpu", 0)}}


def test_job_that_fails_is_submitted_again_with_more(submit):
    submitted = submit("horizons: [20]\n", "bars", snakemake=["snakemake"], REFUSED="1")
    assert [rule_and_request(words) for words in submitted] == [
        ("simulate_market", ("cpu", mem_mb, minutes, 0, 1))
        for mem_mb, minutes in ((4000, 60), (8000, 120), (16000, 240))
    ]


def test_profile_names_only_rules_that_there_are(submit):
    profile = yaml.safe_load((submit.folder / "profiles/slurm/profile.yaml").read_text())
    assert profile["set-resources"].keys() <= rules_with_jobs(submit.folder)
