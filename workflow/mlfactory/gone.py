"""Files that were made, and of these the gone: ``python -m mlfactory.gone`` prints one a line.

Snakemake makes a missing file again only while something that follows from it is missing too. The
launcher therefore forces these by name. Standard library only: it is asked before every run.
"""

import contextlib
import json
import os
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path

RECORDS = Path(".snakemake/metadata")
"""Snakemake's record of each file that it made, relative to the working directory."""


def records() -> Iterator[tuple[Path, Path]]:
    """Snakemake's record of each file that it has made, and the file, be it there or not.

    A record is named after its file in base64; a long name is cut into folders that begin with @.
    """
    for folder, _, names in os.walk(RECORDS):
        parts = [part.removeprefix("@") for part in Path(folder).relative_to(RECORDS).parts]
        for name in names:
            if not name.startswith("."):  # a file browser's
                file = urlsafe_b64decode("".join([*parts, name])).decode()
                yield Path(folder) / name, Path(file)


def gone() -> list[Path]:
    """The files that Snakemake has made and that are no more, of any symbol and configuration."""
    return sorted(path for _, path in records() if not path.exists())


def made_by() -> Iterator[tuple[Path, str]]:
    """Each file that Snakemake has made and that is there, and the rule that made it."""
    for record, path in records():
        with contextlib.suppress(ValueError):  # half a record, of a kill: its file is made again
            if path.exists():
                yield path, json.loads(record.read_text())["rule"]


if __name__ == "__main__":
    for path in gone():
        print(path)
