"""Which features a model reads."""

from collections.abc import Mapping
from typing import Any


def columns(manifest: Mapping[str, Any], model: Mapping[str, Any]) -> list[str]:
    """Names of the features that a model reads, in the order of the table.

    Parameters
    ----------
    manifest
        The content of ``features.json``.
    model
        The model's yaml; without ``needs.families`` it reads every feature.
    """
    families = model["needs"].get("families", manifest["families"])
    return [row["name"] for row in manifest["features"] if row["family"] in families]
