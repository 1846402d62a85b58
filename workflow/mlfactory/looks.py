"""``test_looks.jsonl``: everything that was ever looked at of the test split's outcome.

It is no rule's output and outlives what is made again, in whichever results folder: a test split
that was looked at twenty times has become a validation split.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlfactory import json_lines
from mlfactory.json_lines import read as read
from mlfactory.ledger import HOME

NAME = "test_looks.jsonl"


def of_symbol(symbol: str) -> Path:
    """The looks at a symbol's test split, beside its ledger."""
    return HOME / symbol / NAME


def of_run(
    wildcards: Mapping[str, Any],
    chosen: Mapping[str, Any],
    files: Sequence[str | Path],
    code: str,
) -> dict[str, Any]:
    """What is remembered of a look: when, at which horizon, which thresholds and predictions.

    Parameters
    ----------
    wildcards
        ``symbol`` and ``horizon``.
    chosen
        Each model's ``threshold``, and its ``meta_filter`` where it has one.
    files
        What the backtest read: bars, raw rows, predictions.
    code
        The hash of the backtest's code.
    """
    digest = hashlib.sha256(code.encode())
    filters = {model: one["meta_filter"] for model, one in chosen.items() if one.get("meta_filter")}
    if filters:
        digest.update(json.dumps(filters, sort_keys=True).encode())
    for path in files:
        digest.update(Path(path).read_bytes())
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "symbol": wildcards["symbol"],
        "horizon": int(wildcards["horizon"]),
        "thresholds": {model: one["threshold"] for model, one in chosen.items()},
        "of": digest.hexdigest()[:16],
    }


def add(look: dict[str, Any], path: str | Path) -> None:
    """Add one look as a line, unless the same was seen before: to see it again tells nothing.

    Raises
    ------
    UserError
        See `json_lines.read`.
    """
    path = Path(path)
    with json_lines.locked(path):
        if all(_what(look) != _what(known) for known in read(path)):
            json_lines.add([dict(sorted(look.items()))], path)


def _what(look: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in look.items() if key != "time"}
