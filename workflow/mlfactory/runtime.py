"""What every script does first: logging, and errors that answer in one line."""

import atexit
import gc
import logging
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar

from mlfactory import machine_faults
from mlfactory.errors import UserError
from mlfactory.lifetime import end_with_run

T = TypeVar("T")

REPORTED_BY_LOG = "MLFACTORY_REPORTED_BY_LOG"
"""A variable that is set where somebody shows a failed job's error from its log."""

_FITS = ("fit_", "tune_", "walk_")
_LONGEST_MESSAGE = 400
_STARTED = time.monotonic()
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


def cost() -> dict[str, float]:
    """What this process has cost so far: CPU and wall seconds since its start, peak MB."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu_s": round(used.ru_utime + used.ru_stime, 2),
        "wall_s": round(time.monotonic() - _STARTED, 2),
        "peak_mb": round(used.ru_maxrss / 1024, 1),
    }


def or_exit(function: Callable[..., T], *arguments: Any) -> T:
    """What the function returns; a user's mistake ends the process in one line with status 1."""
    try:
        return function(*arguments)
    except UserError as error:
        raise SystemExit(f"error: {error}") from None


def setup(snakemake: Any) -> None:
    """Log to the rule's log file; a failure is its last line, and one line on the screen."""
    log, rule = snakemake.log[0], snakemake.rule
    logging.basicConfig(
        filename=log,
        filemode="w",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.captureWarnings(True)
    end_with_run()
    # What is left at the end goes with the process; to look for cycles in it takes half a second.
    # ASSUME nothing is written only when a cycle is found: files are closed where they are made.
    atexit.register(gc.freeze)

    def report(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            logging.getLogger(rule).error("stopped")
            return
        message = f"error: {_in_one_line(rule, snakemake.wildcards, error)}"
        logging.getLogger(rule).error("".join(traceback.format_exception(kind, error, trace)))
        logging.getLogger(rule).error(message)
        if REPORTED_BY_LOG not in os.environ:
            sys.stderr.write(f"{message}; log: {log}\n")

    sys.excepthook = report


def _in_one_line(rule: str, wildcards: Mapping[str, str], error: BaseException) -> str:
    """The message of a user's mistake; of any other error its job too, and its type."""
    if isinstance(error, UserError):
        return str(error)
    job = ", ".join([f"rule {rule}", *(f"{name} {v}" for name, v in wildcards.items() if v)])
    model = wildcards.get("model") if rule.startswith(_FITS) else None
    text = machine_faults.in_words(error, model)
    text = text or " ".join(f"{type(error).__name__}: {error}".split())
    return f"{job}: {text[:_LONGEST_MESSAGE]}"
