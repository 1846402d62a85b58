"""Values and the schema that they must fit: their types, its defaults, and what it refuses."""

import math
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import jsonschema
import yaml

from mlfactory.errors import UserError
from mlfactory.schema_words import mistake


def text_keys(value: Any) -> Any:
    """The same mapping with keys and dates as text: they may be written with or without quotes."""
    if isinstance(value, dict):
        return {str(key): text_keys(content) for key, content in value.items()}
    return str(value) if isinstance(value, date) else value


def typed(value: Any, schema: dict[str, Any]) -> Any:
    """Text turned into the number or truth value that the schema wants, where it is one.

    Snakemake hands the items of a list that is given on the command line over as text. A whole
    number may be written 5.0; numbers that are not finite become text, which no key takes.
    """
    if isinstance(value, dict):
        known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        other: dict[str, Any] = next(iter(patterns.values()), {})
        return {key: typed(content, known.get(key, other)) for key, content in value.items()}
    if isinstance(value, list):
        return [typed(item, schema.get("items", {})) for item in value]
    if value is False and "off" in schema.get("enum", ()):
        return "off"  # what yaml reads without quotes
    kind = schema.get("type")
    if isinstance(value, str) and kind in ("integer", "number", "boolean"):
        read = yaml.safe_load(value)
        value = read if isinstance(read, int | float) else value
    if isinstance(value, float):
        whole = kind == "integer" and value.is_integer()
        return int(value) if whole else value if math.isfinite(value) else str(value)
    return value


def fill_defaults(value: Any, schema: dict[str, Any]) -> Any:
    """A mapping completed with the schema's defaults, at every level; other values as they are."""
    if not isinstance(value, dict):
        return value
    filled = dict(value)
    for key, below in schema.get("properties", {}).items():
        if "default" in below:
            filled.setdefault(key, below["default"])
        if key in filled:
            filled[key] = fill_defaults(filled[key], below)
    for below in schema.get("patternProperties", {}).values():
        for key in filled.keys() - schema.get("properties", {}).keys():
            filled[key] = fill_defaults(filled[key], below)
    return filled


def validate(
    value: Any, schema: dict[str, Any], where: str, sources: Sequence[tuple[str, Any]] = ()
) -> None:
    """Refuse what the schema does not allow.

    Parameters
    ----------
    where
        The file's name, for messages.
    sources
        Name and content of the files that were merged, later ones winning: the last one that holds
        the wrong key is named instead.

    Raises
    ------
    UserError
        Naming the file, the key's path, its value, and what is allowed.
    """
    for path, text in _texts(value):
        if not text.isprintable():  # "$" of a pattern stands before a line break at the end too
            raise UserError(
                f"{where}: {'.'.join(path)} holds {text!r}: a line break or another character that "
                "is not shown; take it out"
            )
    error = jsonschema.exceptions.best_match(
        jsonschema.Draft202012Validator(schema).iter_errors(value)
    )
    if error is not None:
        path, words = mistake(error, schema)
        named = [name for name, content in sources if _holds(content, path)]
        raise UserError(f"{[where, *named][-1]}: {words}")


def _texts(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[list[str], str]]:
    """Every key and every text in it, each with the names of where it stands."""
    if isinstance(value, str):
        yield [ascii(name)[1:-1] for name in path], value
    pairs = value.items() if isinstance(value, dict) else ()
    for key, content in pairs:
        yield from _texts(key, path) if isinstance(key, str) else ()
        yield from _texts(content, (*path, str(key)))
    for number, content in enumerate(value if isinstance(value, list) else ()):
        yield from _texts(content, (*path, str(number)))


def _holds(content: Any, path: list[str]) -> bool:
    for key in path:
        if not isinstance(content, dict):
            return True
        if key not in content:
            return False
        content = content[key]
    return True
