"""The workflow on a real SLURM cluster of one node: stopped midway, resumed, the same bytes."""

import os
import signal
import subprocess
import time

import pytest
import slurm_cluster
from clone import contents, copy_workflow, environment, snakemake

SMALL = """symbols: [DEMO]
horizons: [20]
models: [logistic, gru]
ensembles: [voting]
folds: {n_splits: 2}
features: {timeframes: [30min, 1h]}
splits: {embargo_sessions: 1, min_sessions: {train: 5, val: 1, test: 1}}
walk_forward: {enabled: false}
nulls: {session_shift: 0}
synthetic: {DEMO: {months: 1}}
"""
CHANGES = (
    ("config/models/gru.yaml", "epochs: 20 ", "epochs: 2 "),
    ("config/models/gru.yaml", "features: selected-20", "features: all"),
    ("profiles/slurm/profile.yaml", "before-status-checks: 20", "before-status-checks: 8"),
    ("profiles/slurm/profile.yaml", "latency-wait: 60", "latency-wait: 5"),
)
"""(file, words, their replacement): a short fit, and less waiting."""

STACK = "results/DEMO/stacking_dataset_h20.parquet"
HELD = ("PENDING", "RUNNING", "COMPLETING")
FITS = [f"results/DEMO/oof/{model}_h20_fold0.parquet" for model in ("logistic", "gru")]


def small(folder):
    """A copy of the workflow with little to do."""
    copy_workflow(folder)
    (folder / "small.yaml").write_text(SMALL)
    for name, words, others in CHANGES:
        text = (folder / name).read_text()
        assert words in text, words
        (folder / name).write_text(text.replace(words, others))
    return folder


@pytest.fixture(scope="module")
def cluster():
    reason = slurm_cluster.missing()
    if reason:
        pytest.skip(reason)
    with slurm_cluster.started() as variables:
        yield variables


def ask(variables, *command):
    """What one of SLURM's commands says."""
    return subprocess.run(
        command, env=os.environ | variables, capture_output=True, text=True, check=True
    ).stdout


def jobs(variables, *states, named=""):
    """The numbers of the cluster's jobs in these states whose comment holds a word: their rule."""
    how = ("squeue", "--noheader", "--format=%i %k", f"--states={','.join(states)}")
    lines = ask(variables, *how).splitlines()
    return {line.partition(" ")[0] for line in lines if named in line.partition(" ")[2]}


def written(folder):
    """When each table was written."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in folder.glob("results/**/*.parquet")
    }


def wait_for(condition, process, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the run has ended"
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.2)


def test_job_that_ends_by_itself_is_not_taken_for_a_cancelled_one(cluster):
    """So that the next test fails where nothing is cancelled."""
    how = ("sbatch", "--parsable", "--comment=alone", "--output=/dev/null", "--partition=cpu")
    ends, cancelled = (
        ask(cluster, *how, f"--wrap=sleep {seconds}").strip() for seconds in (0, 600)
    )
    assert jobs(cluster, *HELD, named="alone") >= {cancelled}
    ask(cluster, "scancel", cancelled)
    deadline = time.monotonic() + 60
    while jobs(cluster, *HELD) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert jobs(cluster, *HELD) == set()
    assert jobs(cluster, "CANCELLED", named="alone") == {cancelled}
    assert jobs(cluster, "COMPLETED", named="alone") == {ends}


def test_run_that_is_stopped_cancels_its_jobs_and_resumes_to_the_bytes_of_a_local_run(
    cluster, tmp_path
):
    folder = small(tmp_path / "cluster")
    how = {"cwd": folder, "env": environment(folder) | cluster, "text": True}
    how |= {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    profile = ("--profile", "slurm", "--configfile", "small.yaml")
    first = subprocess.Popen(["./pipeline", "run", *profile, "--", STACK], **how)
    wait_for(lambda: jobs(cluster, "RUNNING", named="fit_neural"), first, 900)
    held = jobs(cluster, *HELD, named="fit_neural")
    first.send_signal(signal.SIGINT)
    said = first.communicate(timeout=240)[0]
    assert first.returncode == 130, said
    assert said.splitlines()[-1] == "stopped; the same command resumes"
    time.sleep(4)  # SLURM's time between asking a job to end and killing it
    assert jobs(cluster, *HELD) == set()
    assert held, "a fit was at work"
    assert held <= jobs(cluster, "CANCELLED", named="fit_neural"), "it neither ended nor failed"
    assert list(folder.glob("results/DEMO/oof/gru*")) == []
    assert not (folder / STACK).exists()
    before = written(folder)

    profile = ("--profile", "profiles/slurm", "--configfile", "small.yaml")
    second = subprocess.run(["snakemake", STACK, *profile], **how)
    assert second.returncode == 0, second.stdout[-5000:]
    after = written(folder)
    assert (folder / STACK).exists()
    assert {name: after[name] for name in before} == before
    log = (folder / "results/DEMO/logs/fit_gru_h20_fold0.log").read_text()
    assert "gru: computes on GPU 0" in log
    assert list(folder.glob(".snakemake/slurm_logs/rule_fit_neural/*gru*/*.log"))

    fits = contents(folder, *FITS)
    for name in FITS:
        (folder / name).unlink()
    local = snakemake(folder, *FITS, config="small.yaml")
    assert local.returncode == 0, local.stderr[-3000:]
    assert contents(folder, *FITS) == fits
    assert written(folder)[FITS[0]] > after[FITS[0]]
