"""How the tests are shared out to parallel processes."""

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

FRESH = ("test_launcher.py", "test_recipes.py", "test_warm_up.py")
"""Workflow tests that start from nothing; the others share one finished run."""


class Groups(LoadScopeScheduling):
    """Workflow tests in two groups, each in one process; every other test where there is room."""

    def _split_scope(self, nodeid):
        folder, _, name = nodeid.partition("::")[0].rpartition("/")
        if folder != "tests/workflow":
            return nodeid
        return "fresh" if name in FRESH else "finished"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Groups(config, log)
