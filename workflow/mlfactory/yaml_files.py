"""Yaml files, read safely and strictly."""

from pathlib import Path
from typing import Any

import yaml

from mlfactory.errors import UserError


def read_yaml(path: Path) -> Any:
    """The content of a yaml file.

    Raises
    ------
    UserError
        When there is no such file, it is not valid yaml, or a mapping at any level holds a key
        twice, with or without quotes; plain yaml keeps the last of them in silence.
    """
    try:
        with Path(path).open("rb") as file:
            return yaml.load(file, _StrictLoader)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except (yaml.YAMLError, ValueError) as error:  # a ValueError: a date such as 2024-02-31
        raise UserError(f"{path}: is not valid yaml: {error}") from error


class _StrictLoader(yaml.SafeLoader):
    """The safe loader, but a key may be entered once only; merged ones (``<<``) are overridden."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        mapping = super().compose_mapping_node(anchor)
        lines: dict[Any, int] = {}
        for key, _ in mapping.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            known = key.tag in self.yaml_constructors  # "<<" and "=" are not
            value = self.construct_object(key, deep=True) if known else key.value
            line = key.start_mark.line + 1
            for same in {value, str(value)} & lines.keys():
                raise UserError(
                    f"{self.name}: key {key.value} in line {line} is already in line "
                    f"{lines[same]}; keep one of them"
                )
            lines |= dict.fromkeys((value, str(value)), line)
        return mapping
