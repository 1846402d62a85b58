"""How the tests are shared out to parallel processes."""

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling


class Files(LoadScopeScheduling):
    """The workflow tests of a file in one process; every other test where there is room."""

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        return file if file.startswith("tests/workflow/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Files(config, log)
