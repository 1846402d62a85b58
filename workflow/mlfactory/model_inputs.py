"""Which features a model reads."""

from collections.abc import Mapping, Sequence
from typing import Any

from mlfactory.errors import UserError, nearest
from mlfactory.files import read_json

_SELECTED = "selected-"


def columns(manifest: Mapping[str, Any], model: Mapping[str, Any]) -> list[str]:
    """Names of the features that a model may read, in the order of the table.

    Parameters
    ----------
    manifest
        The content of ``features.json``.
    model
        The model's yaml: ``needs.features`` lists names, or all those of ``needs.families`` (of
        every family without that key) are meant.

    Raises
    ------
    UserError
        When a listed name is no feature of these families.
    """
    needs = model["needs"]
    families = needs.get("families", manifest["families"])
    names = [row["name"] for row in manifest["features"] if row["family"] in families]
    if isinstance(needs["features"], str):
        return names
    for name in needs["features"]:
        if name not in names:
            raise UserError(
                f"config/models/{model['model']['type']}.yaml: needs.features: {name!r} is no "
                f"feature of the families that it reads; {nearest(name, names)}"
            )
    return [name for name in names if name in needs["features"]]


def optional_json(path: str | Sequence[str]) -> dict[str, Any] | None:
    """The content of a json file; None where a rule has no such input."""
    return read_json(path) if isinstance(path, str) and path else None


def with_tuned(model: dict[str, Any], tuning: Mapping[str, Any] | None) -> dict[str, Any]:
    """A model's yaml with the parameters that a search found in place of its own; see `tuning`."""
    if tuning is None:
        return model
    return model | {"training": model["training"] | tuning["parameters"]}


def n_selected(model: Mapping[str, Any]) -> int | None:
    """How many features are selected in each fit; None when all that may be read are read."""
    wanted = model["needs"]["features"]
    if isinstance(wanted, str) and wanted.startswith(_SELECTED):
        return int(wanted.removeprefix(_SELECTED))
    return None
