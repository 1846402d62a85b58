"""Which models there are: the files of ``mlfactory/models``, one each, file name = model name."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from mlfactory.errors import UserError, nearest
from mlfactory.models._base import Model
from mlfactory.models._device import CPU, Device
from mlfactory.models._two_stage import two_stage

_FOLDER = Path(__file__).parent / "models"
_REGISTERED: dict[str, type[Model]] = {}

M = TypeVar("M", bound=type[Model])


def register(name: str) -> Callable[[M], M]:
    """Class decorator that enters a model under ``name``, which must be its file's name."""

    def enter(cls: M) -> M:
        file_name = cls.__module__.rpartition(".")[2]
        if name != file_name:
            raise ValueError(
                f"model {name!r} is registered by {file_name}.py; the names must agree"
            )
        cls.name = name
        _REGISTERED[name] = cls
        return cls

    return enter


def list_all() -> list[str]:
    """Names of all models, sorted, from the folder's listing; nothing heavy is imported."""
    return sorted(path.stem for path in _FOLDER.glob("*.py") if not path.stem.startswith("_"))


def get(name: str) -> type[Model]:
    """The class registered under ``name``; its file is imported on first use.

    Raises
    ------
    UserError
        When there is no such model.
    """
    if name not in list_all():
        raise UserError(f"unknown model {name!r}; {nearest(name, list_all())}")
    if name not in _REGISTERED:
        importlib.import_module(f"mlfactory.models.{name}")
    return _REGISTERED[name]


def get_class(name: str, decomposition: str) -> type[Model]:
    """The class registered under ``name``, or, for ``two_stage``, the same in two stages."""
    return two_stage(get(name)) if decomposition == "two_stage" else get(name)


def make(model: dict[str, Any], threads: int = 1, device: Device = CPU) -> Model:
    """A model as its yaml describes it, not fitted.

    Raises
    ------
    UserError
        When the yaml holds what the model does not take.
    """
    return get_class(model["model"]["type"], model["decomposition"])(
        model["training"],
        model["early_stopping"],
        threads,
        sequence_length=model["needs"]["sequence_length"],
        device=device,
    )
