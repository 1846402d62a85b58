"""Files that only grow, a json mapping a line."""

import json
from pathlib import Path
from typing import Any

from mlfactory.errors import UserError


def read(path: str | Path) -> list[dict[str, Any]]:
    """Every line's content, the first one first; none where there is no file.

    Raises
    ------
    UserError
        When a line is no json; file and line are named.
    """
    path = Path(path)
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            found.append(json.loads(line))
        except ValueError as error:
            raise UserError(
                f"{path}: line {number} is not json ({error}); mend or delete that line"
            ) from error
    return found
