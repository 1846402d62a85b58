"""What a block of a model's yaml may hold."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from mlfactory.errors import UserError, nearest


@dataclass(frozen=True)
class Parameter:
    """What one key of a yaml block may hold: type, inclusive range, choices, one or a list."""

    kind: type
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    ascending_list: bool = False

    def check(self, where: str, value: Any) -> None:
        """Refuse a value that does not fit, naming its key ``where``."""
        items = value if self.ascending_list and isinstance(value, list) else [value]
        if self.ascending_list and (not isinstance(value, list) or not value):
            raise UserError(f"{where}={value!r} must be a list of at least one {self._what()}")
        if not all(self._fits(item) for item in items):
            raise UserError(f"{where}={value!r} must be {self._what()}")
        if any(later <= earlier for earlier, later in pairwise(items)):
            raise UserError(f"{where}={value!r} must ascend; sort it and drop repeats")

    def _fits(self, item: Any) -> bool:
        kinds = (int, float) if self.kind is float else (self.kind,)
        if type(item) not in kinds:
            return False
        if self.choices:
            return item in self.choices
        return self.kind in (str, bool) or bool(self.low <= item <= self.high)

    def allowed(self) -> str:
        """What the key may hold, in words."""
        return f"an ascending list of {self._what()}" if self.ascending_list else self._what()

    def _what(self) -> str:
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        noun = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
        limits = [f">= {self.low:g}"] * (self.low > -math.inf)
        limits += [f"<= {self.high:g}"] * (self.high < math.inf)
        return " ".join([noun[self.kind], " and ".join(limits)]).strip()


def check_block(where: str, block: dict[str, Any], allowed: dict[str, Parameter]) -> None:
    """Refuse unknown, missing and unfit keys of a yaml block; ``where`` is its file and name."""
    for key in block:
        if key not in allowed:
            raise UserError(f"{where}.{key} is unknown; {nearest(str(key), allowed)}")
    for key, parameter in allowed.items():
        if key not in block:
            raise UserError(f"{where}.{key} is missing; give {parameter._what()}")
        parameter.check(f"{where}.{key}", block[key])
