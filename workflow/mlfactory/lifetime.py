"""A job ends with the run that has started it.

Snakemake's jobs outlive it when it is killed; one of them would in the end put the file of an old
configuration in the place of a new one, or fill the memory that the next run needs.
"""

import fcntl
import os
import platform
import threading
import time
from pathlib import Path

RUN = "MLFACTORY_RUN"
"""A variable of a run's jobs: the run's machine, and the full path of a file that it has locked
there while it lives. A lock says nothing to other machines, whose jobs a scheduler ends."""

_PAUSE_S = 0.25
_STATUS = 75


def is_held(path: Path) -> bool:
    """Whether a living process has locked the file."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:  # it is held, or the file system cannot say
        return True
    return False


def begin_run(path: Path) -> None:
    """Let this process's jobs, which inherit its variables, see that it lives by a locked file."""
    os.environ[RUN] = f"{platform.node()}:{path.absolute()}"


def end_with_run() -> None:
    """Let this process, a job, end at once when its run has ended on the same machine.

    Without a run, and on another machine, it goes on.
    """
    machine, _, path = os.environ.get(RUN, "").partition(":")
    if path and machine == platform.node():
        threading.Thread(target=_watch, args=[Path(path)], daemon=True).start()


def _watch(run: Path) -> None:
    while is_held(run):
        time.sleep(_PAUSE_S)
    os._exit(_STATUS)
