import sklearn.linear_model  # noqa: F401  # its libraries are loaded before they are looked for

from mlfactory.models._threads import _libraries, limited


def threads():
    return {library["filepath"]: library["num_threads"] for library in _libraries().info()}


def test_libraries_compute_with_so_many_threads_inside_and_as_before_after():
    before = threads()
    for wanted in (1, 2):
        with limited(wanted):
            assert set(threads().values()) == {wanted}
        assert threads() == before
