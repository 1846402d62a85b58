"""The ledger ``trials.jsonl``: every configuration ever scored on a symbol, over all runs.

It is no rule's output and outlives what is made again: it lies outside the results, and runs with
other results folders add to the same one. What was tried counts, whether or not it was kept: the
best of many trials is flattered by their number.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from mlfactory import json_lines
from mlfactory.json_lines import read as read

NAME = "trials.jsonl"

HOME = Path("ledger")
"""The folder of what is remembered over all runs, in the workflow's own."""


def of_symbol(symbol: str) -> Path:
    """The ledger of a symbol."""
    return HOME / symbol / NAME


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
        The ledger. Jobs that add at the same time wait for each other.

    Raises
    ------
    UserError
        See `json_lines.read`.
    """
    path = Path(path)
    name = study_id(found)
    with json_lines.locked(path):
        if all(trial["study"] != name for trial in read(path)):
            json_lines.add([{"study": name, **trial} for trial in found["trials"]], path)
