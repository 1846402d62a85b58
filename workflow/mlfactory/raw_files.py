"""Which file holds a symbol's raw rows, and what the config says of it."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from mlfactory.errors import UserError


def raw_settings(settings: dict[str, Any], symbol: str) -> dict[str, Any]:
    """The ``raw`` block of a symbol: interval (null: the file's name says), timezone, stamps."""
    return {"interval": None, "timezone": None, "stamps": "open", **settings["raw"].get(symbol, {})}


def raw_path(settings: dict[str, Any], symbol: str) -> Path:
    """The raw file of a symbol: of the configured interval, else the finest that is there.

    Raises
    ------
    UserError
        When there is none, and then it says which file is looked for and what it holds; or when
        it is there as parquet and as csv.
    """
    folder = Path(settings["raw_folder"])
    interval = raw_settings(settings, symbol)["interval"]
    minutes = "*" if interval is None else int(pd.Timedelta(interval) / pd.Timedelta("1min"))
    found = [
        path
        for path in folder.glob(f"{symbol}_{minutes}m.*")
        if path.suffix in (".parquet", ".csv") and path.stem.rpartition("_")[2][:-1].isdigit()
    ]
    if found:
        finest = min(found, key=lambda p: int(p.stem.rpartition("_")[2][:-1]))
        alike = sorted(path.name for path in found if path.stem == finest.stem)
        if len(alike) > 1:
            raise UserError(f"{folder}: holds {' and '.join(alike)}; keep one of them")
        return finest
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


def nearly(folder: Path, symbol: str) -> list[str]:
    """Names of data files in the folder that seem to be of the symbol, whatever they are called.

    Examples
    --------
    Of ES these are ``es_1m.parquet``, ``ES-1m.csv``, ``ES_1min.parquet`` and ``ES.csv``, and not
    ``MES_1m.parquet`` or ``ESX_1m.parquet``.
    """
    pattern = re.compile(rf"{symbol}([^a-z0-9].*|\d+ ?m.*)?\.(parquet|csv)", re.IGNORECASE)
    return sorted(path.name for path in folder.glob("*") if pattern.fullmatch(path.name))
