"""Faults of machine, disk and hand in a small workflow: one line each, and the next call mends."""

import re
import shutil

import killing
import pytest
from clone import call, copy_workflow

FIT = "results/DEMO/oof/lightgbm_h5_fold0.parquet"


def run(folder, *targets):
    """Call the workflow for one fold's predictions, or for these files; the finished process."""
    return call(folder, *killing.RUN, "--", *(targets or [FIT]))


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A small workflow that has run until one fold's predictions; not changed."""
    folder = copy_workflow(tmp_path_factory.mktemp("fitted") / "workflow")
    (folder / "kills.yaml").write_text(killing.OVERLAY)
    done = run(folder)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


@pytest.fixture
def copy(fitted, tmp_path):
    """A copy of it that a test may change."""
    return shutil.copytree(fitted, tmp_path / "copy", symlinks=True)


def break_fit(folder, how):
    """Let LightGBM's fits end with an error."""
    module = folder / "workflow/mlfactory/models/lightgbm.py"
    text = module.read_text()
    place = re.search(r"    def _fit\((?s:.*?)\) -> dict\[str, Any\]:\n", text)
    module.write_text(f"{text[: place.end()]}        {how}\n{text[place.end() :]}")


def test_fit_that_runs_out_of_memory_is_one_line_with_the_way_out(copy):
    break_fit(copy, "raise MemoryError('Unable to allocate 3 GiB')")
    failed = run(copy)
    assert failed.returncode == 1
    error, on = failed.stderr.splitlines()
    assert error.startswith(
        "error: fit DEMO lightgbm h5 fold 0: memory ran out (MemoryError: Unable to allocate 3 "
        "GiB); run fewer jobs at once by --cores, or make the model smaller in "
        "config/models/lightgbm.yaml; a cluster submits it again with more"
    )
    assert error.endswith("; log: results/DEMO/logs/fit_lightgbm_h5_fold0.log")
    assert on.startswith("to go on: ./pipeline run --configfile kills.yaml --cores 2")
    assert not (copy / FIT).exists()
