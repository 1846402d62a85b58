"""Which GPU a job takes, with drivers and GPUs that are made up."""

import fcntl
import logging
import os
import select
import subprocess
import sys

import pytest

from mlfactory import gpu

MODEL = {
    "model": {"type": "gru"},
    "needs": {"gpu": "wanted"},
    "device": {"use_gpu": True, "mixed_precision": True},
}
JOB = """
import sys
from pathlib import Path
from mlfactory import gpu
print(gpu._free(["0", "1"], Path(sys.argv[1]), pause_s=0.05), flush=True)
sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    for name in ("CUDA_VISIBLE_DEVICES", "CUBLAS_WORKSPACE_CONFIG"):
        monkeypatch.setenv(name, "")  # noted, so that what the tests set is taken back
        monkeypatch.delenv(name)
    held = list(gpu._held)
    yield
    for lock in gpu._held[len(held) :]:
        lock.close()
    gpu._held[:] = held


def driver(folder, monkeypatch, *names):
    """A driver's tool that lists GPUs of these names."""
    tool = folder / "nvidia-smi"
    lines = " ".join(f"'{number}, {name}'" for number, name in enumerate(names))
    tool.write_text(f"#!/bin/sh\nprintf '%s\\n' {lines}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_model_that_asks_for_none_gets_none(tmp_path, monkeypatch):
    driver(tmp_path, monkeypatch, "GPU-a")
    asks = MODEL | {"device": {"use_gpu": False, "mixed_precision": True}}
    assert gpu.claimed(asks, tmp_path) == gpu.CPU
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


@pytest.mark.parametrize(
    ("wanted", "level"), [("wanted", logging.WARNING), ("optional", logging.INFO)]
)
def test_without_a_gpu_it_computes_on_the_processor_and_says_so(
    tmp_path, monkeypatch, caplog, wanted, level
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with caplog.at_level(logging.INFO):
        assert gpu.claimed(MODEL | {"needs": {"gpu": wanted}}, tmp_path) == gpu.CPU
    assert [(r.levelno, r.message) for r in caplog.records] == [
        (level, "gru: no GPU found, so it computes on the processor")
    ]


def test_a_free_gpu_is_taken_and_is_the_only_one_seen(tmp_path, monkeypatch):
    driver(tmp_path, monkeypatch, "GPU-a", "GPU-b")
    device = gpu.claimed(MODEL, tmp_path)
    assert (device.gpu, device.mixed_precision, device.name) == (True, True, "cuda")
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-a"
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


def test_of_a_schedulers_gpus_one_is_taken_by_its_identifier(tmp_path, monkeypatch):
    """Two jobs of one allocation, and jobs whose only GPU is number 0, share no lock by chance."""
    driver(tmp_path, monkeypatch, "GPU-a", "GPU-b", "GPU-c")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,1")
    assert gpu.claimed(MODEL, tmp_path / "slots").gpu
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-c"
    assert [path.name for path in (tmp_path / "slots").iterdir()] == ["GPU-c.lock"]


def test_gpu_that_another_job_has_is_left_to_it(tmp_path, monkeypatch):
    driver(tmp_path, monkeypatch, "GPU-a", "GPU-b")
    with (tmp_path / "GPU-a.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        gpu.claimed(MODEL, tmp_path)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-b"


@pytest.mark.parametrize(
    ("given", "found"), [("", []), ("-1", []), ("1,3", ["1", "3"]), ("GPU-a", ["GPU-a"])]
)
def test_only_visible_gpus_are_there(monkeypatch, given, found):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert gpu.visible() == found


def test_each_job_gets_its_own_and_a_third_waits_for_one_that_ends(tmp_path):
    def job():
        return subprocess.Popen(
            [sys.executable, "-c", JOB, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    first, second = job(), job()
    taken = {first.stdout.readline().strip(), second.stdout.readline().strip()}
    assert taken == {"0", "1"}
    third = job()
    assert select.select([third.stdout], [], [], 3)[0] == []
    second.kill()
    assert third.stdout.readline().strip() in taken
    for process in (first, third):
        process.communicate("\n")
    second.communicate()
