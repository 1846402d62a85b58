"""Files whole or not at all: a temporary one takes its name at the end; and json, read back.

A process that is killed leaves its temporary files. The next one to write the same path removes
them; those of a living process are locked. A file that is damaged all the same, by a disk or by
hand, is set aside by who reads it, so that the next run makes it again.
"""

import fcntl
import glob
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mlfactory.errors import UserError

_PART, _OLD = ".part", ".old"


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its name when the block ends well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_PART, dir=path.parent)
    temporary = Path(name)
    try:
        _lock(handle)
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
        os.close(handle)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """A temporary folder beside ``path`` that takes its name when the block ends well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=_PART, dir=path.parent))
    handle = os.open(temporary, os.O_RDONLY)
    old = temporary.with_suffix(_OLD)
    try:
        _lock(handle)
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        with suppress(FileNotFoundError):
            path.rename(old)  # removed under its own name it would for a while be half a folder
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
        os.close(handle)


def _lock(handle: int) -> None:
    with suppress(OSError):  # a file system without locks
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sweep(path: Path) -> None:
    """Remove what killed processes left of their writes of a path."""
    for suffix in (_PART, _OLD):
        for name in glob.glob(f".{glob.escape(path.name)}.*{suffix}", root_dir=path.parent):
            with suppress(OSError):  # a living process has it, or the file system cannot say
                _remove_unlocked(path.parent / name)


def _remove_unlocked(left: Path) -> None:
    handle = os.open(left, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def set_aside(path: str | Path, why: object) -> UserError:
    """The error of a file or folder that is not what was written; it is out of the way then.

    A workflow makes again what is missing: the next run replaces what was damaged.
    """
    path = Path(path)
    aside = path.with_name(f".{path.name}.damaged")
    try:
        if aside.is_dir():
            shutil.rmtree(aside)
        path.rename(aside)
    except OSError:
        return UserError(f"{path}: is damaged ({why}); delete it and run again")
    return UserError(
        f"{path}: is damaged ({why}); it is set aside as {aside.name}: run again to make it anew"
    )


def sha256(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a mapping that was written as json.

    Raises
    ------
    UserError
        When the file is not whole; it is set aside then.
    """
    try:
        return json.loads(Path(path).read_text())
    except ValueError as error:
        raise set_aside(path, f"is not json: {error}") from error
