"""Training by torch without its compiler.

torch's optimizers import the compiler to exempt themselves from it: two CPU seconds of every job,
though nothing here is compiled.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch

_COMPILER = "torch._dynamo"


@contextmanager
def uncompiled() -> Iterator[None]:
    """A stand-in for the compiler, by which all is exempt from it, unless it is imported already.

    torch remembers the answer: should somebody compile later in this process, optimizers' methods
    are no longer exempt. # ASSUME of the pinned torch: optimizers ask of the compiler nothing else.
    """
    if _COMPILER in sys.modules:
        yield
        return
    stand_in = ModuleType(_COMPILER)
    stand_in.disable, stand_in.graph_break = _exempt, _no_break  # type: ignore[attr-defined]
    sys.modules[_COMPILER] = torch._dynamo = stand_in
    try:
        yield
    finally:
        del sys.modules[_COMPILER], torch._dynamo


def _exempt(function: Any, *_: Any, **__: Any) -> Any:
    return function


def _no_break() -> None:
    pass
