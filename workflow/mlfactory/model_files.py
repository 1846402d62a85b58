"""The models' yaml files: read, completed with defaults, and checked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlfactory import registry
from mlfactory.errors import UserError, nearest
from mlfactory.schema_values import fill_defaults, validate
from mlfactory.schema_words import written
from mlfactory.yaml_files import read_yaml

ROOT = Path(__file__).parents[2]
"""The folder of the Snakefile."""


def load_models(names: list[str], root: Path = ROOT) -> dict[str, dict[str, Any]]:
    """The yaml of each model, checked and completed with defaults.

    Raises
    ------
    UserError
        When a name has no file in mlfactory/models, or its yaml is missing or wrong.
    """
    schema = read_yaml(root / "config/models.schema.yaml")
    models = {}
    for name in names:
        if name not in registry.list_all():
            hint = nearest(name, registry.list_all())
            raise UserError(f"config: unknown model {name!r} in models or ensembles; {hint}")
        where = f"config/models/{name}.yaml"
        model = read_yaml(root / where)
        validate(model, schema, where)
        if model["model"]["type"] != name:
            raise UserError(
                f"{where}: model.type={model['model']['type']} must be {name}, the file's own name"
            )
        models[name] = fill_defaults(model, schema)
        for words in _at_odds(models[name]):
            raise UserError(f"{where}: {words}")
    return models


def _at_odds(model: dict[str, Any]) -> Iterator[str]:
    """What a model's yaml says that does not go together."""
    needs = model["needs"]
    if model["model"]["family"] == "ensemble" and model["decomposition"] != "multiclass":
        yield f"decomposition={model['decomposition']}: ensembles are multiclass; leave it out"
    if needs["sequences"] != (needs["sequence_length"] > 1):
        yield (
            f"needs.sequences={written(needs['sequences'])} with needs.sequence_length="
            f"{needs['sequence_length']}; a sequence has 2 rows or more, and without sequences it "
            "is 1; change one"
        )
    if needs["sequences"] and not needs["scaling"]:
        yield (
            "needs.scaling=false with needs.sequences=true: what is not known of a sequence is 0, "
            "the median of scaled features; set needs.scaling: true"
        )
    if model["device"]["mixed_precision"] and model["model"]["family"] != "neural":
        yield "device.mixed_precision=true is for neural models; set it false"
    if model["device"]["use_gpu"] and needs["gpu"] == "none":
        yield "device.use_gpu=true with needs.gpu=none; set needs.gpu: optional"
