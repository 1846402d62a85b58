"""How many threads the numerical libraries compute with, where a model does not say it itself."""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


@cache
def _libraries() -> ThreadpoolController:
    """Those that are loaded; looking for them takes milliseconds, so it is done once."""
    return ThreadpoolController()


def limited(threads: int) -> AbstractContextManager[Any]:
    """A context in which they use so many; models call it once their own library is loaded."""
    context: AbstractContextManager[Any] = _libraries().limit(limits=threads)
    return context
