import shutil

import pytest
from clone import copy_workflow, snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A copy of the workflow that has run to its end on the tests' configuration."""
    folder = copy_workflow(tmp_path_factory.mktemp("finished") / "workflow")
    run = snakemake(folder)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-6000:]
    return folder


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished workflow that a test may change."""
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    return folder
