"""Whether a run can write where it must: asked before its first job."""

import os
import tempfile
from pathlib import Path

from mlfactory.errors import UserError, shown

_BYTES = 1 << 20
"""What there must be room for; how much a whole run writes is not known before."""


def require(folder: Path) -> None:
    """Refuse a folder that is not there and cannot be made, or in which no file can be written.

    What is tried is written to a file without a name; nothing is left.

    Raises
    ------
    UserError
        Naming the folder, what the system says and the way out.
    """
    try:
        with tempfile.TemporaryFile(dir=_nearest(folder)) as file:
            file.write(bytes(_BYTES))
            file.flush()
    except OSError as error:
        raise UserError(
            f"{shown(folder)}: cannot be written ({os.strerror(error.errno or 0)}); make room, or "
            "take a folder that is yours: results in the config names that of the results"
        ) from error


def _nearest(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())
