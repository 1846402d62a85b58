"""Which file holds a symbol's raw rows, and what the config says of it."""

import re
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from mlfactory.errors import UserError
from mlfactory.files import sha256 as sha256

_CLOCK_SLACK_S = 60
"""Seconds by which two machines' clocks may differ."""


def raw_settings(settings: dict[str, Any], symbol: str) -> dict[str, Any]:
    """The ``raw`` block of a symbol: interval (null: the file's name says), timezone, stamps."""
    return {"interval": None, "timezone": None, "stamps": "open", **settings["raw"].get(symbol, {})}


def raw_path(settings: dict[str, Any], symbol: str) -> Path:
    """The raw file of a symbol: of the configured interval, else the finest that is there.

    Raises
    ------
    UserError
        When there is none, and then it says which file is looked for and what it holds; when
        it is there as parquet and as csv; or when it was last changed in the future.
    """
    folder, found = Path(settings["raw_folder"]), _found(settings, symbol)
    if found:
        finest = found[0]
        alike = sorted(path.name for path in found if path.stem == finest.stem)
        if len(alike) > 1:
            raise UserError(f"{folder}: holds {' and '.join(alike)}; keep one of them")
        _refuse_future(finest)
        return finest
    minutes = _minutes(settings, symbol)
    expected = folder / f"{symbol}_{1 if minutes == '*' else minutes}m.parquet"
    names = nearly(folder, symbol)
    if names:
        raise UserError(
            f"{expected}: no such file, but there is {' and '.join(names)}; rename it to "
            f"{expected.stem}{Path(names[0]).suffix.lower()}, or _5m where rows are of five minutes"
        )
    raise UserError(
        f"{expected}: no such file; put the contract's rows there, parquet or csv, columns "
        "datetime, open, high, low, close, volume and, if rolled, contract; "
        "./pipeline demo needs no data"
    )


def _refuse_future(path: Path) -> None:
    """Refuse a file that looks newer than all that could be made of it."""
    changed = path.stat().st_mtime
    if changed > time.time() + _CLOCK_SLACK_S:
        raise UserError(
            f"{path}: was last changed at {datetime.fromtimestamp(changed):%Y-%m-%d %H:%M}, in the "
            f"future; set the machine's clock right, or: touch {path}"
        )


def refuse_other(path: str | Path, expected: str | None) -> None:
    """Refuse a raw file that is not the one that the run began with.

    Parameters
    ----------
    path
        The raw file.
    expected
        Its hash when the run began; None of a simulated one.

    Raises
    ------
    UserError
        When the file was replaced since.
    """
    if expected not in (None, sha256(Path(path))):
        raise UserError(f"{path}: was replaced while the run went on; run again")


def choice_in_words(settings: dict[str, Any], symbol: str) -> str:
    """Which file is taken, where there are several and the config does not say; else nothing."""
    found = _found(settings, symbol)
    if len(found) < 2:
        return ""
    names = [path.name for path in found]
    other = f"raw: {{{symbol}: {{interval: {_length(found[1])}min}}}}"
    return f"of {' and '.join(names)} the finest is read, {names[0]}; {other} would read another"


def _minutes(settings: dict[str, Any], symbol: str) -> str:
    """The configured minutes of a row, as a file's name has them; any where none are configured."""
    interval = raw_settings(settings, symbol)["interval"]
    return "*" if interval is None else str(int(pd.Timedelta(interval) / pd.Timedelta("1min")))


def _length(path: Path) -> int:
    return int(path.stem.rpartition("_")[2][:-1])


def _found(settings: dict[str, Any], symbol: str) -> list[Path]:
    """The raw files of a symbol and of its configured interval, the finest first."""
    paths = Path(settings["raw_folder"]).glob(f"{symbol}_{_minutes(settings, symbol)}m.*")
    found = [
        path
        for path in paths
        if path.suffix in (".parquet", ".csv") and path.stem.rpartition("_")[2][:-1].isdigit()
    ]
    return sorted(found, key=_length)


def nearly(folder: Path, symbol: str) -> list[str]:
    """Names of data files in the folder that seem to be of the symbol, whatever they are called.

    Examples
    --------
    Of ES these are ``es_1m.parquet``, ``ES-1m.csv``, ``ES_1min.parquet`` and ``ES.csv``, and not
    ``MES_1m.parquet`` or ``ESX_1m.parquet``.
    """
    pattern = re.compile(rf"{symbol}([^a-z0-9].*|\d+ ?m.*)?\.(parquet|csv)", re.IGNORECASE)
    return sorted(path.name for path in folder.glob("*") if pattern.fullmatch(path.name))
