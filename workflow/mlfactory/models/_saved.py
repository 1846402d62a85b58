"""A saved model's folder: its description, its checksums, and the refusal of a damaged one."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from mlfactory.errors import UserError

FORMAT = 1
"""Version of the layout of the folder."""

DESCRIPTION = "model.json"
"""The file that tells what the folder holds."""


def sha256(file: Path) -> str:
    """Checksum of a file's content, hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def write_description(
    folder: Path, name: str, content: dict[str, Any], files: tuple[str, ...]
) -> None:
    """Write what is said of model ``name``, and its files' checksums, whole or not at all."""
    checksums = {file: sha256(folder / file) for file in files}
    description = {"model": name, "format": FORMAT} | content | {"sha256": checksums}
    temporary = folder / f".{DESCRIPTION}.part"
    temporary.write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, folder / DESCRIPTION)


def read_description(folder: Path, name: str) -> dict[str, Any]:
    """What ``write_description`` wrote for model ``name``.

    Raises
    ------
    UserError
        When it is missing, damaged, of another model or of another format.
    """
    file = folder / DESCRIPTION
    if not file.is_file():
        raise UserError(f"{file}: missing, so nothing whole was saved; fit the model again")
    try:
        description = json.loads(file.read_bytes())
    except ValueError as error:
        raise UserError(f"{file}: truncated or damaged; fit the model again") from error
    if not isinstance(description, dict) or "model" not in description:
        raise UserError(f"{file}: not the description of a model; fit the model again")
    if description["model"] != name:
        raise UserError(f"{file}: holds model {description['model']!r}, not {name!r}")
    if description.get("format") != FORMAT:
        raise UserError(
            f"{file}: format={description.get('format')!r} is not {FORMAT}; fit the model again"
        )
    return description


def check_files(folder: Path, checksums: dict[str, str]) -> None:
    """Refuse a folder in which a file is missing or has another checksum."""
    for name, checksum in checksums.items():
        file = folder / name
        if not file.is_file():
            raise UserError(f"{file}: missing; fit the model again")
        if sha256(file) != checksum:
            raise UserError(f"{file}: truncated or damaged; fit the model again")
