"""Which runs are alive in this folder, and the lock that a killed one left behind.

Every Snakemake process holds a lock of the operating system on a file that is named after its
number. The system takes it off when the process ends, however it ends, while Snakemake's own lock,
a file that lists what a run makes, stays after a kill. ``python -m mlfactory.running`` takes such a
leftover off; the killed run's jobs end by themselves, see `lifetime`. Standard library only: it is
asked before every run.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import sys
from pathlib import Path
from typing import TextIO

from mlfactory import clock
from mlfactory.lifetime import begin_run, is_held

LOCKS = Path(".snakemake/locks")
"""Snakemake's own locks, relative to the working directory."""

HOLDERS = Path(".snakemake/mlfactory/running")
"""A file for each process, named by its number and locked as long as it lives."""

_held: list[TextIO] = []


def hold() -> None:
    """Let other processes see, until this one ends, that it is alive."""
    if _held:
        return
    path = HOLDERS / str(os.getpid())
    try:
        HOLDERS.mkdir(parents=True, exist_ok=True)
        _held.append(path.open("w"))
    except OSError:  # a folder that cannot be written to: nothing runs there
        return
    with contextlib.suppress(OSError):  # a file system without locks: the file must do
        fcntl.flock(_held[0], fcntl.LOCK_EX)
    atexit.register(path.unlink, missing_ok=True)
    begin_run(path)


def others() -> list[int]:
    """The numbers of the living processes that hold, without this one."""
    numbers = [int(path.name) for path in HOLDERS.glob("[0-9]*")]
    return sorted(n for n in numbers if n != os.getpid() and is_held(HOLDERS / str(n)))


def is_locked() -> bool:
    """Whether Snakemake's own lock is there, of a living run or a killed one."""
    return any(LOCKS.glob("*.lock"))


def going() -> int | None:
    """The number of the process whose run goes on here; None when there is none."""
    return next(iter(others()), None) if is_locked() else None


def was_killed() -> bool:
    """Whether the last run was killed, so that its lock is still there."""
    return is_locked() and not others()


def refusal() -> str:
    """Why Snakemake could not lock its files, and the way out, in one line."""
    number = going()
    if number is None:
        return (
            "error: an earlier run left its lock; if no Snakemake runs in this folder, take the "
            "lock off with: snakemake --unlock"
        )
    return (
        f"error: another run is going on in this folder (process {number}); wait for its end or "
        f"stop it with Ctrl-C, or: kill -INT {number}; then run again"
    )


def main() -> None:
    """Make way for a run: nothing where another is going on.

    The lock of a killed run is taken off, and what a clock that was set back since has dated in the
    future is dated now; both are said.
    """
    if was_killed():
        shutil.rmtree(LOCKS)
        print("the last run was killed; its lock is taken off", file=sys.stderr)
    if going() is None:
        ahead = clock.date_now()
        if ahead:
            print(
                f"the clock was set back: {ahead[0]} and {len(ahead) - 1} more files of the future "
                "are dated now",
                file=sys.stderr,
            )


if __name__ == "__main__":
    main()
