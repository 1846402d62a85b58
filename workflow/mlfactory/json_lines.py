"""Files that only grow, a json mapping a line."""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlfactory.errors import UserError
from mlfactory.files import atomic


def read(path: str | Path) -> list[dict[str, Any]]:
    """Every line's content, the first one first; none where there is no file.

    Raises
    ------
    UserError
        When a line is no json mapping; file and line are named, and the file is left as it is: it
        holds what cannot be made again.
    """
    path = Path(path)
    if not path.exists():
        return []
    lines = path.read_text(errors="replace").splitlines()
    return [_content(path, number, lines) for number in range(1, len(lines) + 1)]


def _content(path: Path, number: int, lines: Sequence[str]) -> dict[str, Any]:
    """The content of a line, counted from 1."""
    why = "it is no mapping"
    try:
        content = json.loads(lines[number - 1])
        if isinstance(content, dict):
            return content
    except ValueError as error:
        why = str(error)
    way = "mend or delete that line"
    if number == len(lines):
        way = "the last line is cut off or mistaken; delete it: the others are whole"
    raise UserError(f"{path}: line {number} is not json ({why}); {way}")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's lock, another file beside it; others wait. The folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def add(contents: Sequence[dict[str, Any]], path: Path) -> None:
    """Add lines to a file whose lock is held.

    It is replaced as a whole, so that a full disk or a kill leaves no half line, and who reads
    meanwhile finds none.
    """
    before = path.read_text() if path.exists() else ""
    if before and not before.endswith("\n"):
        before += "\n"
    with atomic(path) as temporary, temporary.open("w") as file:
        file.write(before + "".join(f"{json.dumps(content)}\n" for content in contents))
        file.flush()
        os.fsync(file.fileno())
