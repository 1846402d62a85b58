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


def jobs(variables, *states):
    """The comments of the cluster's jobs in these states; each begins with its rule."""
    command = ["squeue", "--noheader", "--format=%k", f"--states={','.join(states)}"]
    done = subprocess.run(
        command, env=os.environ | variables, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


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


def test_run_that_is_stopped_cancels_its_jobs_and_resumes_to_the_bytes_of_a_local_run(
    cluster, tmp_path
):
    folder = small(tmp_path / "cluster")
    how = {"cwd": folder, "env": environment(folder) | cluster, "text": True}
    how |= {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    profile = ("--profile", "slurm", "--configfile", "small.yaml")
    first = subprocess.Popen(["./pipeline", "run", *profile, "--", STACK], **how)
    wait_for(lambda: any("fit_neural" in job for job in jobs(cluster, "RUNNING")), first, 900)
    first.send_signal(signal.SIGINT)
    said = first.communicate(timeout=240)[0]
    assert first.returncode == 130, said
    assert said.splitlines()[-1] == "stopped; the same command resumes"
    time.sleep(4)  # SLURM's time between asking a job to end and killing it
    assert jobs(cluster, "RUNNING", "PENDING", "COMPLETING") == []
    assert any("fit_neural" in job for job in jobs(cluster, "CANCELLED"))
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
