import os

import pytest


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system does not tell")
def test_files_that_are_read_for_doctests_leave_the_process_its_cores(pytestconfig):
    assert os.sched_getaffinity(0) == pytestconfig.cores
