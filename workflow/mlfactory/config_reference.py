"""config/README.md, made of the schemas: ``python -m mlfactory.config_reference`` writes it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlfactory import registry
from mlfactory.config import ROOT, load_models
from mlfactory.schema_words import allowed, keys, written
from mlfactory.yaml_files import read_yaml

_HEAD = """# The configuration, key by key

`python -m mlfactory.config_reference` writes this page from `config/config.schema.yaml` and
`config/models.schema.yaml`, which also check what is configured: a wrong value or an unknown key is
refused before the first job. `docs/errors.md` shows the messages.

- `config/config.yaml` holds every key with its default. Overlays are merged over it, key by key,
  later ones winning: `./pipeline run --configfile mine.yaml`. `config/demo.yaml`,
  `config/quick.yaml` and `config/test.yaml` are such overlays.
- `config/contracts.yaml` holds what is traded; its head explains its keys.
- `config/models/<name>.yaml` holds one model each.
- Dots stand for levels: `folds.n_splits` is `folds: {n_splits: 5}`. `<symbol>` stands for a name
  such as MES, `<horizon>` for a number of bars.
"""
_COLUMNS = "| key | may be | default | meaning |\n|---|---|---|---|"


def reference(root: Path = ROOT) -> str:
    """The whole page."""
    parts = [_HEAD, *_config_parts(root), *_model_parts(root)]
    return "\n".join(parts)


def _config_parts(root: Path) -> Iterator[str]:
    """One table for the keys of the top level, and one for each key that holds others."""
    schema = read_yaml(root / "config/config.schema.yaml")
    single = {k: s for k, s in schema["properties"].items() if s["type"] != "object"}
    yield f"## The run\n\n{_COLUMNS}\n{_rows({'properties': single})}\n"
    for key, below in schema["properties"].items():
        if key not in single:
            rows = _rows({"properties": {key: below}})
            yield f"## `{key}`\n\n{below['description']}\n\n{_COLUMNS}\n{rows}\n"


def _model_parts(root: Path) -> Iterator[str]:
    """One table for the keys that models share, and one for the parameters of each."""
    schema = read_yaml(root / "config/models.schema.yaml")
    yield (
        f"## `config/models/<name>.yaml`\n\n{schema['description'].strip()}\n\n"
        "| key | may be | meaning |\n|---|---|---|\n" + _rows(schema, defaults=False) + "\n"
    )
    for name, model in load_models(registry.list_all(), root).items():
        parameters = registry.get(name).PARAMETERS
        rows = [
            _line(f"`training.{key}`", parameter.allowed(), f"`{written(model['training'][key])}`")
            for key, parameter in parameters.items()
        ]
        title = f"### `config/models/{name}.yaml`\n\n| key | may be | shipped |\n|---|---|---|"
        yield "\n".join([title, *rows, ""])


def _rows(schema: dict[str, Any], *, defaults: bool = True) -> str:
    return "\n".join(
        _row(path, below, defaults) for path, below in keys(schema) if _is_value(below)
    )


def _row(path: str, schema: dict[str, Any], defaults: bool) -> str:
    default = f"`{written(schema['default'])}`" if "default" in schema else "must be given"
    cells = [f"`{path}`", allowed(schema), *([default] * defaults), schema["description"].strip()]
    return _line(*cells)


def _line(*cells: str) -> str:
    """A row of a table; what would be a tag or a column's border is escaped."""
    escaped = [re.sub(r"<(?=[a-z])", "&lt;", re.sub(r"\|", r"\\|", cell)) for cell in cells[1:]]
    return f"| {' | '.join([cells[0], *escaped])} |"


def _is_value(schema: dict[str, Any]) -> bool:
    """Whether a key holds a value, and not only other keys, each of which has its own row."""
    return not {"properties", "patternProperties"} & schema.keys() or bool(schema.get("default"))


def main() -> None:
    """Write the page."""
    (ROOT / "config/README.md").write_text(reference())


if __name__ == "__main__":
    main()
