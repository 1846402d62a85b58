"""What stopped the last run: kept beside Snakemake's own state until a run goes on."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from mlfactory.errors import UserError

FILE = Path(".snakemake/mlfactory/failure.json")
"""Relative to the working directory."""

_LAST_LINES = 12


@dataclass(frozen=True)
class Failure:
    """A failed job: its rule, what it was to do, its log and the one line that says why."""

    rule: str
    message: str
    log: str
    error: str


def error_of(log: str, rule: str) -> str:
    """The one line that a job left at the end of its log, as ``error: ...``.

    A job that was killed leaves none; then that is said.
    """
    for line in reversed(_lines(log)):
        before, found, text = line.partition("error: ")
        if found and "ERROR" in before:
            return found + text
    return f"error: rule {rule} ended without a word; was it killed, perhaps for memory?"


def _lines(log: str) -> list[str]:
    path = Path(log)
    return path.read_text(errors="replace").splitlines() if path.is_file() else []


def save(failure: Failure) -> None:
    """Remember a failure for ``status``."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(asdict(failure), indent=2) + "\n")


def clear() -> None:
    """Forget the last failure: a run goes on, or there is nothing left to do."""
    FILE.unlink(missing_ok=True)


def load() -> Failure | None:
    """The last failure, None when the last run had none.

    Raises
    ------
    UserError
        When the file is not whole.
    """
    if not FILE.exists():
        return None
    try:
        return Failure(**json.loads(FILE.read_text()))
    except (ValueError, TypeError) as error:
        raise UserError(f"{FILE}: is not whole ({error}); delete it") from error


def in_lines(failure: Failure) -> list[str]:
    """The failure for the screen: rule, error, and the last lines of the log."""
    tail = _lines(failure.log)[-_LAST_LINES:]
    return [
        f"the last run failed in rule {failure.rule}: {failure.message}",
        failure.error,
        f"the last lines of {failure.log}:",
        *(f"    {line}" for line in tail),
    ]
