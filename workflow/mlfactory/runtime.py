"""What every script does first: logging, and errors that answer in one line."""

import logging
import os
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from mlfactory.errors import UserError

T = TypeVar("T")

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)


def limit_threads(threads: int) -> None:
    """Let numerical libraries of this process's children use ``threads`` threads.

    Set from the config and never from what a scheduler grants, so that results do not depend on
    the machine.
    """
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))


def or_exit(function: Callable[..., T], *arguments: Any) -> T:
    """What the function returns; a user's mistake ends the process in one line with status 1."""
    try:
        return function(*arguments)
    except UserError as error:
        raise SystemExit(f"error: {error}") from None


def setup(snakemake: Any) -> None:
    """Log to the rule's log file; report a failure there and, in one line, on the screen."""
    logging.basicConfig(
        filename=snakemake.log[0],
        filemode="w",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.captureWarnings(True)
    rule = snakemake.rule

    def report(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            logging.getLogger(rule).error("stopped")
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        logging.getLogger(rule).error(text)
        if isinstance(error, UserError):
            sys.stderr.write(f"error: {error}\n")
        else:
            sys.stderr.write(f"{text}error in rule {rule}; log: {snakemake.log[0]}\n")

    sys.excepthook = report
