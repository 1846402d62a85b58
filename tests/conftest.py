"""How the tests are shared out to parallel processes."""

import os
from pathlib import PurePath

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

WORKFLOW = "tests/workflow/"
LONGEST = ("test_launcher", "test_slurm", "test_kills", "test_poison", "test_warm_up")
"""Workflow tests that take minutes and are begun first, so that no process ends with one."""

TOGETHER = (*LONGEST, "test_predict")
"""Workflow tests of which a file's share what one process has made."""


class Files(LoadScopeScheduling):
    """The tests of a file in one process, but for workflow tests that share nothing in it."""

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        alone = file.startswith(WORKFLOW) and PurePath(file).stem not in TOGETHER
        return nodeid if alone else file


def rank(nodeid):
    """When a test is begun: the longest first, what has no run of the workflow last."""
    file = nodeid.partition("::")[0]
    if not file.startswith(WORKFLOW):
        return len(LONGEST) + 1
    name = PurePath(file).stem
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def pytest_configure(config):
    if hasattr(os, "sched_getaffinity"):
        config.cores = os.sched_getaffinity(0)


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    config.option.loadscopereorder = False  # it would begin with the files of most tests
    return Files(config, log)
