"""Raw files whose name is nearly right."""

import re
from pathlib import Path


def nearly(folder: Path, symbol: str) -> list[str]:
    """Names of data files in the folder that seem to be of the symbol, whatever they are called.

    Examples
    --------
    Of ES these are ``es_1m.parquet``, ``ES-1m.csv``, ``ES_1min.parquet`` and ``ES.csv``, and not
    ``MES_1m.parquet`` or ``ESX_1m.parquet``.
    """
    pattern = re.compile(rf"{symbol}([^a-z0-9].*|\d+ ?m.*)?\.(parquet|csv)", re.IGNORECASE)
    return sorted(path.name for path in folder.glob("*") if pattern.fullmatch(path.name))
