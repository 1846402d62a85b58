"""One GPU for one job: which are there, and which of them is free."""

import fcntl
import logging
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from mlfactory.models._device import CPU, Device

log = logging.getLogger(__name__)

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_REPEATABLE = "CUBLAS_WORKSPACE_CONFIG"
"""A fixed workspace, without which matrix products on a GPU may differ from run to run."""
_held: list[IO[str]] = []
"""Locks of the GPUs that this process has; they end with it, however it ends."""


def claimed(model: dict[str, Any], slots: Path | None = None) -> Device:
    """Where a model computes: a GPU that no other job of this machine has, or the processor.

    Parameters
    ----------
    model
        The model's yaml: ``device.use_gpu`` asks for a GPU, ``needs.gpu: wanted`` minds when there
        is none.
    slots
        Folder of one lock a GPU, the same for all jobs of the machine.

    Notes
    -----
    Waits until one of the GPUs that it may use is free of this user's other jobs. Sets
    ``CUDA_VISIBLE_DEVICES``, so it must come before any library looks for a GPU.
    """
    if not model["device"]["use_gpu"]:
        return CPU
    found = visible()
    name = model["model"]["type"]
    if not found:
        level = logging.WARNING if model["needs"]["gpu"] == "wanted" else logging.INFO
        log.log(level, "%s: no GPU found, so it computes on the processor", name)
        return CPU
    os.environ[_VISIBLE] = _free(found, slots or _default_slots())
    os.environ.setdefault(_REPEATABLE, ":4096:8")
    log.info("%s: computes on GPU %s", name, os.environ[_VISIBLE])
    return Device(gpu=True, mixed_precision=model["device"]["mixed_precision"])


def visible() -> list[str]:
    """The GPUs that this process may use, by the driver's identifiers; empty without any.

    ``CUDA_VISIBLE_DEVICES`` limits them, as a scheduler sets it for each job; a number in it that
    the driver does not list stays as it is.
    """
    listed = _listed()
    given = os.environ.get(_VISIBLE)
    if given is None:
        return list(listed.values())
    parts = [part.strip() for part in given.split(",")]
    return [listed.get(part, part) for part in parts if part not in ("", "-1")]


def _listed() -> dict[str, str]:
    """Number and identifier of every GPU that the driver shows; empty without a driver."""
    command = ["nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return {}
    pairs = (line.split(",") for line in said.stdout.splitlines() if "," in line)
    return {number.strip(): identifier.strip() for number, identifier in pairs}


def _default_slots() -> Path:
    return Path(tempfile.gettempdir()) / f"mlfactory-gpus-{os.getuid()}"


def _free(found: list[str], slots: Path, pause_s: float = 1.0) -> str:
    """The first GPU whose lock is free, locked; waits for one."""
    slots.mkdir(parents=True, exist_ok=True)
    waiting = False
    while True:
        for gpu in found:
            lock = (slots / f"{gpu.replace('/', '_')}.lock").open("w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
            else:
                _held.append(lock)
                return gpu
        if not waiting:
            log.info("waiting for one of %d GPUs to be free", len(found))
            waiting = True
        time.sleep(pause_s)
