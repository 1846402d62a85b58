"""The one exception that stands for a mistake of the user, and the hint at what was meant."""

import difflib
from collections.abc import Iterable
from pathlib import Path

_MOST_NAMES = 12


class UserError(Exception):
    """A mistake that the user can mend: one line with file, row or key, value, limit and way out.

    It is shown without a traceback and ends the process with status 1.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that looks most like this one, or at the first dozen of them.

    Capital and small letters are taken to be alike.

    Examples
    --------
    >>> nearest("lightgmb", ["catboost", "lightgbm"])
    'did you mean lightgbm?'
    >>> nearest("Nasdaq", ["NASDAQ", "NYSE"])
    'did you mean NASDAQ?'
    >>> nearest("tree", ["lightgbm", "catboost"])
    'there are catboost, lightgbm'
    """
    names = sorted(known)
    plain = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(name.casefold(), plain, n=1, cutoff=0.5)
    if close:
        return f"did you mean {plain[close[0]]}?"
    more = f" and {len(names) - _MOST_NAMES} more" * (len(names) > _MOST_NAMES)
    return f"there are {', '.join(names[:_MOST_NAMES]) or 'none'}{more}"


def shown(path: Path) -> str:
    """A file's name in a message: from the working folder, where it lies in it."""
    full = Path(path).absolute()
    return str(full.relative_to(Path.cwd()) if full.is_relative_to(Path.cwd()) else path)
