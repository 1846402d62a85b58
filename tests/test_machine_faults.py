"""Memory that runs out and GPUs that fail, as each library words it."""

import numpy as np
import pyarrow as pa
import pytest
import torch
from xgboost.core import XGBoostError

from mlfactory import cli, machine_faults

CUDA = "CUDA error: unspecified launch failure\nCUDA kernel errors might be reported later"
CUDNN = "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"
XGBOOST = "[11:05:01] /src/device_helpers.cuh:431:\n- cudaErrorIllegalAddress: an illegal memory"
TORCH = "[enforce fail at alloc_cpu.cpp:118] . DefaultCPUAllocator: can't allocate memory: you"
ALLOCATION = "Memory allocation error on worker 0: bad_alloc: cudaErrorMemoryAllocation"
ASSERT = "CUDA error: device-side assert triggered"
PLACES = "Expected all tensors to be on the same device, but found cuda:0 and cpu!"


@pytest.fixture(autouse=True)
def _gpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("Unable to allocate 3. GiB for an array"),
        pa.ArrowMemoryError("malloc of size 64 failed"),
        RuntimeError(TORCH),
        XGBoostError("std::bad_alloc"),
        OSError(12, "Cannot allocate memory"),
    ],
    ids=repr,
)
def test_memory_that_runs_out_is_known_and_has_a_way_out(error):
    words = machine_faults.in_words(error, "svm")
    assert words.startswith(f"memory ran out ({type(error).__name__}")
    assert "fewer jobs at once by --cores, or make the model smaller in config/models/svm.yaml" in (
        words
    )
    assert "a cluster submits it again with more" in words
    assert "\n" not in words
    assert ".yaml" not in machine_faults.in_words(error)


def test_memory_that_numpy_cannot_have_is_known():
    with pytest.raises(MemoryError) as refused:
        np.empty(2**60, np.int8)
    assert machine_faults.in_words(refused.value).startswith("memory ran out (MemoryError: ")


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory."), ALLOCATION])
def test_memory_of_a_gpu_that_runs_out_is_called_so(error):
    error = XGBoostError(error) if isinstance(error, str) else error
    words = machine_faults.in_words(error, "gru")
    assert words.startswith("the memory of GPU GPU-a ran out (")
    assert words.endswith("or set device: {use_gpu: false} in config/models/gru.yaml")


@pytest.mark.parametrize(
    "error",
    [torch.AcceleratorError(CUDA), RuntimeError(CUDA), RuntimeError(CUDNN), XGBoostError(XGBOOST)],
    ids=repr,
)
def test_gpu_that_fails_midway_is_named_in_one_line(error):
    words = machine_faults.in_words(error, "gru")
    assert words.startswith(f"GPU GPU-a failed ({type(error).__name__}: ")
    assert "); run again; if it fails once more, see nvidia-smi" in words
    assert "\n" not in words


@pytest.mark.parametrize(
    "error", [ValueError("no"), torch.AcceleratorError(ASSERT), RuntimeError(PLACES)], ids=repr
)
def test_mistake_of_the_program_is_no_fault_of_the_machine(error):
    assert machine_faults.in_words(error) is None


def test_check_that_runs_out_of_memory_is_one_line(monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(cli, "_settings", full)
    with pytest.raises(SystemExit, match=r"^error: memory ran out \(MemoryError\); run fewer"):
        cli.main(["validate"])
