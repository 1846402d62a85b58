import shutil

import pytest
from clone import OOF, copy_workflow, snakemake


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


SEARCH = """horizons: [5]
labels: {search: {enabled: true, share: 0.4, trials: 20, startup_trials: 5}}
"""


CHOSEN = """models: [logistic, svm]
horizons: [20]
tuning: {scope: fold, trials: 4, inner_folds: 2}
"""


@pytest.fixture(scope="session")
def chosen(finished, tmp_path_factory):
    """A copy of the finished workflow, gone on with a tuned fit that wants a selection."""
    folder = tmp_path_factory.mktemp("chosen") / "workflow"
    shutil.copytree(finished, folder, symlinks=True)
    (folder / "chosen.yaml").write_text(CHOSEN)
    run = snakemake(folder, OOF.format("svm"), config=("config/test.yaml", "chosen.yaml"))
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-6000:]
    return folder


@pytest.fixture(scope="session")
def searched(finished, tmp_path_factory):
    """A copy of the finished workflow that has gone on with barriers that were searched."""
    folder = tmp_path_factory.mktemp("searched") / "workflow"
    shutil.copytree(finished, folder, symlinks=True)
    (folder / "search.yaml").write_text(SEARCH)
    run = snakemake(folder, config=("config/test.yaml", "search.yaml"))
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-6000:]
    return folder
