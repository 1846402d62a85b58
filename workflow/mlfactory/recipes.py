"""Ensembles as they are configured: a model that reads predictions, and whose it reads."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from mlfactory import registry
from mlfactory.errors import UserError, nearest
from mlfactory.model_files import ROOT, load_models


def is_blend(ensemble: dict[str, Any]) -> bool:
    """Whether it is fitted on validation rows, and so has no out-of-fold predictions."""
    return bool(ensemble["model"]["model"]["type"] == "blending")


def load(settings: dict[str, Any], root: Path = ROOT) -> dict[str, dict[str, Any]]:
    """Every configured ensemble by its name: ``model``, a yaml, and ``members`` in their order.

    Parameters
    ----------
    settings
        The configuration. An entry of ``ensembles`` is the name of a recipe, or of a model of the
        family, which then reads every base model.

    Raises
    ------
    UserError
        When there is no such recipe or model, or a member is not among ``models``.
    """
    found = {}
    for name in settings["ensembles"]:
        recipe = settings["recipes"].get(name, {"type": name, "members": None, "training": {}})
        for words in _mistakes(settings, name, recipe):
            raise UserError(f"config: {words}")
        model = deepcopy(load_models([recipe["type"]], root)[recipe["type"]])
        model["training"] |= recipe["training"]
        listed = settings["models"] if recipe["members"] is None else recipe["members"]
        members = [member for member in settings["models"] if member in listed]
        found[name] = {"model": model, "members": members}
    return found


def _mistakes(settings: dict[str, Any], name: str, recipe: dict[str, Any]) -> Iterator[str]:
    kind, own = recipe["type"], name in settings["recipes"]
    if own and name in registry.list_all():
        yield f"recipes.{name}: is the name of a model; call the recipe otherwise"
    if kind not in registry.list_all():
        known = [*settings["recipes"], *registry.list_all()]
        where = f"recipes.{name}.type={kind!r}" if own else f"ensembles: {name!r}"
        yield f"{where} is no recipe and no model; {nearest(kind, known)}"
    if load_models([kind])[kind]["model"]["family"] != "ensemble":
        where = f"recipes.{name}.type" if own else "ensembles"
        yield f"{where}: {kind} is a base model; move it to models"
    for member in recipe["members"] or ():
        if member not in settings["models"]:
            yield (
                f"ensembles: {name} reads {member}, which is not among models; add it there, or "
                f"take {name} out of ensembles"
            )
