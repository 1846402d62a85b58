"""What profiles/slurm submits for each rule, with a stand-in for sbatch; no cluster is needed."""

import importlib.util
import json
import re
import subprocess

import pytest
import yaml
from clone import copy_workflow, environment

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("snakemake_executor_plugin_slurm") is None,
    reason="Snakemake's SLURM executor is missing: pip install -r requirements-slurm.lock",
)

EVERYTHING = """symbols: [DEMO]
horizons: [20]
folds: {n_splits: 2}
walk_forward: {nulls: 1}
nulls: {session_shift: 1, sign_flip: 1, probe: {shifts: 5, sign_flips: 1}}
tuning: {scope: fold}
labels: {search: {enabled: SEARCHED}}
"""
"""An overlay whose jobs are of all rules, but for the one of the barriers that it does not have."""

SBATCH = """#!/usr/bin/env python3
import json, os, sys
with open(os.environ["SUBMITTED"], "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
print(1)
sys.exit(int(os.environ.get("REFUSED", 0)))
"""


@pytest.fixture
def submit(tmp_path):
    """Run Snakemake with the profile and the stand-in; what sbatch was called with, call by call."""
    folder = copy_workflow(tmp_path / "workflow")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "sbatch").write_text(SBATCH)
    for name in ("squeue", "sacct", "sinfo", "scontrol", "sacctmgr", "sshare", "scancel"):
        (tools / name).write_text("#!/bin/sh\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)

    def run(*options, overlay, refused=False):
        (folder / "mine.yaml").write_text(overlay)
        submitted = tmp_path / "submitted.jsonl"
        submitted.write_text("")
        variables = environment(folder)
        variables |= {"PATH": f"{tools}:{variables['PATH']}", "SUBMITTED": str(submitted)}
        variables |= {"REFUSED": "1"} if refused else {}
        command = ["snakemake", "--configfile", "mine.yaml", "--profile", "profiles/slurm"]
        done = subprocess.run(
            [*command, *options], cwd=folder, env=variables, capture_output=True, text=True
        )
        assert done.returncode == int(refused), done.stderr[-3000:]
        return [json.loads(line) for line in submitted.read_text().splitlines()]

    run.folder = folder
    return run


def at_once(submit, overlay):
    """All jobs, as if what they read were there."""
    return submit("--immediate-submit", "--notemp", "--forceall", overlay=overlay)


def rule_and_request(words):
    """The rule of a submitted job, and (partition, MB, minutes, GPUs, cores)."""
    text = " ".join(words)
    rule = re.search(r"--target-jobs (\w+):", text)[1]
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
}


def rules_with_jobs(folder):
    """Every rule that makes files, of all rule files."""
    text = "\n".join(path.read_text() for path in folder.glob("rules/*.smk"))
    return set(re.findall(r"^rule (\w+):", text, re.MULTILINE)) | set(
        re.findall(r"^use rule \w+ as (\w+) with:", text, re.MULTILINE)
    )


def test_every_rule_is_submitted_with_its_partition_memory_time_and_gpus(submit):
    submitted = [
        *at_once(submit, EVERYTHING.replace("SEARCHED", "false")),
        *at_once(submit, EVERYTHING.replace("SEARCHED", "true")),
    ]
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


def test_job_goes_where_its_models_file_asks_for(submit):
    """A boosting model that is to use a GPU gets one, a neural one that is not does not wait for one."""
    use_gpu(submit.folder, "xgboost", "true")
    use_gpu(submit.folder, "gru", "false")
    overlay = "models: [xgboost, lightgbm, gru]\nhorizons: [20]\nnulls: {session_shift: 0}\n"
    asked = {}
    for words in at_once(submit, overlay + "ensembles: [voting]\nwalk_forward: {enabled: false}\n"):
        rule, (partition, *_, gpus, _) = rule_and_request(words)
        if rule.startswith("fit_") and rule != "fit_ensemble":
            model = re.search(r"model=(\w+)", " ".join(words))[1]
            asked.setdefault(model, set()).add((partition, gpus))
    assert asked == {"xgboost": {("gpu", 1)}, "lightgbm": {("cpu", 0)}, "gru": {("cpu", 0)}}


def test_job_that_fails_is_submitted_again_with_more(submit):
    submitted = submit("bars", overlay="horizons: [20]\n", refused=True)
    assert [rule_and_request(words) for words in submitted] == [
        ("simulate_market", ("cpu", mem_mb, minutes, 0, 1))
        for mem_mb, minutes in ((4000, 60), (8000, 120), (16000, 240))
    ]


def test_profile_names_only_rules_that_there_are(submit):
    profile = yaml.safe_load((submit.folder / "profiles/slurm/profile.yaml").read_text())
    assert profile["set-resources"].keys() <= rules_with_jobs(submit.folder)
