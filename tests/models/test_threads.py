from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_info

from mlfactory.models._threads import limited


def threads():
    return {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}


def test_libraries_compute_with_so_many_threads_inside_and_as_before_after():
    LogisticRegression()
    before = threads()
    for wanted in (1, 2):
        with limited(wanted):
            assert set(threads().values()) == {wanted}
        assert threads() == before
