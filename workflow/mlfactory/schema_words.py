"""A json schema in words: what a key may be, and what is wrong with a value that it may not."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import yaml

from mlfactory.errors import nearest

_NOUNS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "object": "keys with values",
    "null": "null",
}
_LIMITS = {
    "minimum": ">=",
    "exclusiveMinimum": ">",
    "maximum": "<=",
    "exclusiveMaximum": "<",
}
_LONGEST = 80


def written(value: Any) -> str:
    """A value as yaml writes it, in one line, cut where it is long.

    Examples
    --------
    >>> print(written(None), written("null"), written([5, 10]))
    null 'null' [5, 10]
    """
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), sort_keys=False)
    text = text.removesuffix("\n...\n").strip()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def allowed(schema: dict[str, Any]) -> str:
    """What a value may be.

    Examples
    --------
    >>> allowed({"type": "integer", "minimum": 2})
    'a whole number >= 2'
    >>> allowed({"type": ["string", "null"]})
    'text or null'
    >>> allowed({"type": "array", "minItems": 1, "items": {"enum": ["a", "b"]}})
    'a list, not empty, of a or b'
    """
    if "anyOf" in schema:
        return " or ".join(allowed(below) for below in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(written(value) for value in schema["enum"])
    kinds = schema.get("type", [])
    return " or ".join(_kind(kind, schema) for kind in ([kinds] if kinds == str(kinds) else kinds))


def _kind(kind: str, schema: dict[str, Any]) -> str:
    if kind == "array":
        marks = ["a list"]
        marks += ["not empty"] * (schema.get("minItems", 0) > 0)
        marks += ["no two alike"] * schema.get("uniqueItems", False)
        return ", ".join([*marks, f"of {allowed(schema['items'])}"])
    limits = [f"{sign} {schema[key]}" for key, sign in _LIMITS.items() if key in schema]
    words = [_NOUNS[kind], " and ".join(limits) if kind in ("integer", "number") else ""]
    if kind == "string" and "examples" in schema:
        words.append(f"such as {' or '.join(schema['examples'])}")
    elif kind == "string" and "pattern" in schema:
        words.append(f"that matches {schema['pattern']}")
    return " ".join(filter(None, words))


def keys(schema: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Dotted path and schema of every key, from the top down; ``<symbol>`` stands for any."""
    for key, below in schema.get("properties", {}).items():
        yield ".".join((*above, key)), below
        yield from keys(below, (*above, key))
    for below in schema.get("patternProperties", {}).values():
        yield from keys(below, (*above, f"<{below['title']}>"))


def mistake(error: Any, schema: dict[str, Any]) -> tuple[list[str], str]:
    """The path of the key that is wrong, and in words what is wrong with it.

    Parameters
    ----------
    error
        The ``jsonschema.ValidationError``.
    schema
        The whole schema: descriptions and defaults are of the deepest key that has one.
    """
    path = [str(part) for part in error.absolute_path]
    if error.validator == "additionalProperties":
        key = _unknown(error)
        return [*path, key], f"unknown key {'.'.join([*path, key])}; {_hint(key, error, schema)}"
    if error.validator == "required":
        key = next(key for key in error.validator_value if key not in error.instance)
        about = _about([*path, key], schema)
        return path, f"{'.'.join([*path, key])} is missing; add it. {about['description']}"
    if not path:
        return path, f"is {written(error.instance)}, not {allowed(schema)}"
    about = _about(path, schema)
    default = f" (default {written(about['default'])})" if "default" in about else ""
    value = f"{'.'.join(path)}={written(error.instance)}"
    return path, f"{value} must be {allowed(error.schema)}{default}. {about['description']}"


def _unknown(error: Any) -> str:
    known, patterns = _known(error.schema)
    others = [key for key in error.instance if key not in known]
    return next(key for key in others if not any(_matches(p, key) for p in patterns))


def _known(schema: dict[str, Any]) -> tuple[list[str], list[str]]:
    return list(schema.get("properties", {})), list(schema.get("patternProperties", {}))


def _hint(key: str, error: Any, schema: dict[str, Any]) -> str:
    """The key that was meant: the same one in capitals, elsewhere, or the nearest in its place."""
    known, patterns = _known(error.schema)
    if any(_matches(pattern, key.upper()) for pattern in patterns):
        return f"did you mean {key.upper()}?"
    elsewhere = [path for path, _ in keys(schema) if path.endswith(f".{key}")]
    if elsewhere:
        return f"did you mean {' or '.join(elsewhere)}?"
    return f"keys here match {' or '.join(patterns)}" if not known else nearest(key, known)


def _matches(pattern: str, key: str) -> bool:
    return jsonschema.Draft202012Validator({"pattern": pattern}).is_valid(key)


def _about(path: list[str], schema: dict[str, Any]) -> dict[str, Any]:
    """Description, and default if there is one, of the deepest described key of a path."""
    about = {"description": ""}
    for part in path:
        below = {**schema.get("properties", {})}
        matching = [s for p, s in schema.get("patternProperties", {}).items() if _matches(p, part)]
        schema = below.get(part) or next(iter(matching), None) or schema.get("items") or {}
        if "description" in schema:
            about = {key: schema[key] for key in ("description", "default") if key in schema}
    return about
