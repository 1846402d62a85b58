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
    ("profiles/slurm/profile.yaml", "status-command: sacct", "status-command: squeue"),
    ("profiles/slurm/profile.yaml", "before-status-checks: 20", "before-status-checks: 7"),
    ("profiles/slurm/profile.yaml", "latency-wait: 60", "latency-wait: 5"),
)
"""(file, words, their replacement): a short fit, and what the page for clusters says to edit."""

TARGET = "results/DEMO/ensembles/voting_h20/model"
TABLES = ("results/**/*.parquet", "results/**/*.json")
RUN = ("./pipeline", "run", "--profile", "slurm", "--configfile", "small.yaml", "--", TARGET)


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
    how = {
        "cwd": folder,
        "env": environment(folder) | {"PATH": f"{environment(folder)['PATH']}"} | cluster,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "text": True,
    }
    first = subprocess.Popen(RUN, **how)
    wait_for(lambda: any("fit_neural" in job for job in jobs(cluster, "RUNNING")), first, 300)
    first.send_signal(signal.SIGINT)
    said = first.communicate(timeout=60)[0]
    assert first.returncode == 130, said
    assert said.splitlines()[-1] == "stopped; the same command resumes"
    time.sleep(4)  # SLURM's time between asking a job to end and killing it
    assert jobs(cluster, "RUNNING", "PENDING", "COMPLETING") == []
    assert any("fit_neural" in job for job in jobs(cluster, "CANCELLED"))
    assert not (folder / TARGET).exists()
    features = (folder / "results/DEMO/features.parquet").stat().st_mtime_ns

    second = subprocess.run(RUN, **how)
    assert second.returncode == 0, second.stdout[-5000:]
    assert (folder / "results/DEMO/features.parquet").stat().st_mtime_ns == features
    log = (folder / "results/DEMO/logs/fit_gru_h20_fold0.log").read_text()
    assert "gru: computes on GPU 0" in log
    assert [path.name for path in (folder / ".snakemake/slurm_logs").glob("*neural")]

    local = small(tmp_path / "local")
    done = snakemake(local, TARGET, config="small.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    assert contents(folder, *TABLES) == contents(local, *TABLES)
