import shutil

import pytest
from clone import OOF, copy_workflow, snakemake
from filelock import FileLock


@pytest.fixture(scope="session")
def shared(tmp_path_factory, worker_id):
    """A folder that all processes of this test run see."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


def made_once(folder, make, run):
    """A workflow that the first process to ask for it makes and runs; the others wait for it."""
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            unfinished = folder.with_name(f"{folder.name}.unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            make(unfinished)
            done = run(unfinished)
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
            unfinished.rename(folder)
    return folder


GUARD = """
import pathlib, sys


def look(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        with open(pathlib.Path(__file__).with_name("reached.log"), "a") as file:
            print(event, arguments, file=file)
        raise OSError("no network here")


sys.addaudithook(look)
"""
"""Every Python process of the copy imports it: it forbids and remembers what reaches out."""


@pytest.fixture(scope="session")
def finished(shared):
    """A copy of the workflow that has run to its end on the tests' configuration; not changed.

    It has run on two cores and without a network.
    """

    def make(folder):
        (copy_workflow(folder) / "workflow/sitecustomize.py").write_text(GUARD)

    return made_once(shared / "finished", make, snakemake)


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished workflow that a test may change."""
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    return folder


SEARCH = """horizons: [5]
models: [logistic]
ensembles: [voting]
labels: {search: {enabled: true, share: 0.4, trials: 20, startup_trials: 5}}
"""


CHOSEN = """models: [logistic, svm]
horizons: [20]
tuning: {scope: fold, trials: 4, inner_folds: 2}
"""


@pytest.fixture(scope="session")
def chosen(finished, shared):
    """A copy of the finished workflow, gone on with a tuned fit that wants a selection."""

    def make(folder):
        shutil.copytree(finished, folder, symlinks=True)
        (folder / "chosen.yaml").write_text(CHOSEN)

    def run(folder):
        return snakemake(folder, OOF.format("svm"), config=("config/test.yaml", "chosen.yaml"))

    return made_once(shared / "chosen", make, run)


@pytest.fixture(scope="session")
def searched(finished, shared):
    """A copy of the finished workflow that has gone on with barriers that were searched."""

    def make(folder):
        shutil.copytree(finished, folder, symlinks=True)
        (folder / "search.yaml").write_text(SEARCH)

    def run(folder):
        return snakemake(folder, config=("config/test.yaml", "search.yaml"))

    return made_once(shared / "searched", make, run)
