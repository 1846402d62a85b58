"""Made files that are newer than now, because the clock was set back since.

Snakemake would take all that is made of them for older than they are, and refuse it. They are dated
now; what they hold stays. Standard library only: it is asked before every run.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from mlfactory import gone

_STAMP = ".snakemake_timestamp"
"""Snakemake's date of a folder."""


def date_now() -> list[Path]:
    """Date what was made in the future now; the files and folders that this was done to."""
    now = time.time()
    ahead = [path for _, path in gone.records() for path in _dated(path) if _is_ahead(path, now)]
    for path in ahead:
        os.utime(path, (now, now))
    return sorted(ahead)


def _dated(path: Path) -> Iterator[Path]:
    """What carries the date of a made file: itself, and in a folder Snakemake's stamp."""
    yield from (one for one in (path, path / _STAMP) if one.exists())


def _is_ahead(path: Path, now: float) -> bool:
    return path.stat().st_mtime > now
