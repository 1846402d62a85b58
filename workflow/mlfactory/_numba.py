"""``njit`` for the package's kernels, without numba's linear algebra.

With a process's first kernel numba looks for a BLAS and imports scipy.linalg for it: a quarter of a
CPU second in every job. # ASSUME no kernel calls np.dot or np.linalg; one that does is refused when
it is compiled, unless scipy.linalg was imported before.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _hidden(module: str) -> Iterator[None]:
    """Make the import of a module fail that nothing has imported yet."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


with _hidden("scipy.linalg"):
    import numba.np.arraymath  # noqa: F401
from numba import njit  # noqa: E402

__all__ = ["njit"]
