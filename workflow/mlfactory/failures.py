"""What stopped the last run: kept beside Snakemake's own state until a run goes on."""

import contextlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from mlfactory.errors import UserError
from mlfactory.files import atomic

FILE = Path(".snakemake/mlfactory/failure.json")
"""Relative to the working directory."""

STOPPED = Path(".snakemake/mlfactory/stopped")
"""There when the last run was stopped by its user; relative to the working directory."""

TO_GO_ON = "MLFACTORY_TO_GO_ON"
"""A variable with the command that goes on after a stop, as the user would type it."""

_KILLED = "ended without a word; was it killed, perhaps for memory?"
_LAST_LINES = 12
_REFUSED = re.compile(r"sbatch failed\. The error message was '(.*?)'\.\s", re.DOTALL)
_ENDED = re.compile(r"SLURM status is: '((?!FAILED)\w+)'")
"""How the SLURM executor words what became of a job; FAILED ones have their own word."""


@dataclass(frozen=True)
class Failure:
    """A failed job: its rule, what it was to do, its log and the one line that says why."""

    rule: str
    message: str
    log: str
    error: str

    def is_without_a_word(self) -> bool:
        """Whether the job left no error: it was killed, or stopped before it had begun."""
        return self.error.endswith(_KILLED)


def error_of(log: str, message: str) -> str:
    """What a job was to do and the one line that it left at the end of its log: ``error: ...``.

    A job that was killed leaves none; then that is said.
    """
    for line in reversed(_lines(log)):
        before, found, text = line.partition("error: ")
        if found and "ERROR" in before:
            return f"error: {message}: {re.sub(r'^rule [a-z_]+(, [a-z]+ [^ :]+)*: ', '', text)}"
    return f"error: {message}: {_KILLED}"


def word_of_scheduler(text: str) -> str | None:
    """Why SLURM did not take a job, or ended it, from its executor's account; None when it did not.

    Examples
    --------
    >>> word_of_scheduler("SLURM-job '7' failed, SLURM status is: 'TIMEOUT'. Reason: Unknown.")
    'SLURM ended it: TIMEOUT'
    """
    refused = _REFUSED.search(text)
    if refused:
        lines = [line.removeprefix("sbatch: error: ") for line in refused[1].splitlines()]
        return f"SLURM does not take it: {'; '.join(lines)}"
    ended = _ENDED.search(text)
    return f"SLURM ended it: {ended[1]}" if ended else None


def _lines(log: str) -> list[str]:
    path = Path(log)
    return path.read_text(errors="replace").splitlines() if path.is_file() else []


def of_system(text: str) -> str:
    """One line of a traceback in which Snakemake could not write its own files; else nothing."""
    found = re.findall(r"^[A-Za-z]*Error: (\[Errno \d+\] .+)$", text, re.MULTILINE)
    if "Traceback" not in text or not found:
        return ""
    return f"error: Snakemake cannot keep its books: {found[-1]}; mend that and run again"


def save(failure: Failure) -> None:
    """Remember a failure for ``status``."""
    with contextlib.suppress(OSError), atomic(FILE) as temporary:  # the screen says it anyhow
        temporary.write_text(json.dumps(asdict(failure), indent=2) + "\n")


def save_stop() -> None:
    """Remember for ``status`` that the user stopped the run."""
    STOPPED.parent.mkdir(parents=True, exist_ok=True)
    STOPPED.touch()


def clear() -> None:
    """Forget how the last run ended: one goes on, or there is nothing left to do."""
    FILE.unlink(missing_ok=True)
    STOPPED.unlink(missing_ok=True)


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


def last_lines() -> list[str]:
    """How the last run ended, for the screen; nothing when it ended well."""
    failure = load()
    if failure:
        return in_lines(failure)
    return ["the last run was stopped by Ctrl-C"] if STOPPED.exists() else []


def in_lines(failure: Failure) -> list[str]:
    """The failure for the screen: rule, error, and the last lines of the log."""
    tail = _lines(failure.log)[-_LAST_LINES:]
    return [
        f"the last run failed in rule {failure.rule}",
        failure.error,
        f"the last lines of {failure.log}:" if tail else f"{failure.log} is empty",
        *(f"    {line}" for line in tail),
    ]
