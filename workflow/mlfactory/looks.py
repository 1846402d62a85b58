"""``test_looks.jsonl``: every time that the test split's outcome was looked at.

It is no rule's output and outlives what is made again: a test split that was looked at twenty times
has become a validation split.
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlfactory.errors import UserError

NAME = "test_looks.jsonl"


def of_run(wildcards: Mapping[str, Any], chosen: Mapping[str, Any], code: str) -> dict[str, Any]:
    """What is remembered of a look: when, at which horizon, which thresholds, by which code.

    Parameters
    ----------
    wildcards
        ``symbol`` and ``horizon``.
    chosen
        Each model's ``threshold``.
    code
        The hash of the backtest's code.
    """
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "symbol": wildcards["symbol"],
        "horizon": int(wildcards["horizon"]),
        "thresholds": {model: one["threshold"] for model, one in chosen.items()},
        "code": code,
    }


def add(look: dict[str, Any], path: str | Path) -> None:
    """Add one look as a line; lines of jobs at the same time do not mix."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(look, sort_keys=True) + "\n"
    with path.open("a") as file:  # one write of less than a block is not torn
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def read(path: str | Path) -> list[dict[str, Any]]:
    """Every look, the first one first; none where there is no file.

    Raises
    ------
    UserError
        When a line is no json; file and line are named.
    """
    path = Path(path)
    if not path.exists():
        return []
    looks = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            looks.append(json.loads(line))
        except ValueError as error:
            raise UserError(
                f"{path}: line {number} is not json ({error}); mend or delete that line"
            ) from error
    return looks
