"""The ledger ``trials.jsonl``: every configuration ever scored on a symbol, over all runs.

It is no rule's output and outlives what is made again: it lies outside the results, and runs with
other results folders add to the same one. What was tried counts, whether or not it was kept: the
best of many trials is flattered by their number.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlfactory.files import atomic
from mlfactory.json_lines import read as read

NAME = "trials.jsonl"

HOME = Path("ledger")
"""The folder of what is remembered over all runs, in the workflow's own."""


def of_symbol(symbol: str) -> Path:
    """The ledger of a symbol."""
    return HOME / symbol / NAME


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the ledger's lock, a file beside it; others wait."""
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def study_id(found: dict[str, Any]) -> str:
    """What makes a study the same one: its name and all that it holds; 16 hexadecimal digits."""
    text = json.dumps(found, sort_keys=True)
    return f"{found['study']['name']}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def add(found: dict[str, Any], path: str | Path) -> None:
    """Add a study's trials, once.

    Parameters
    ----------
    found
        A study's file: ``study`` with its ``name``, and ``trials``, each with a ``number``.
    path
        The ledger. Jobs that add at the same time wait for each other. It is replaced as a whole,
        so that whoever reads it, or is interrupted here, leaves or finds no half line.

    Raises
    ------
    UserError
        See `json_lines.read`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    name = study_id(found)
    with _locked(path):
        if any(trial["study"] == name for trial in read(path)):
            return
        lines = [json.dumps({"study": name, **trial}) for trial in found["trials"]]
        before = path.read_text() if path.exists() else ""
        with atomic(path) as temporary, temporary.open("w") as file:
            file.write(before + "".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
