"""A symbol's bars without the workflow: of the user's raw file, or of a simulated one."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from mlfactory import raw_files, schemas, tables
from mlfactory.bars import bars_from_raw
from mlfactory.contracts import Contract


@contextmanager
def raw_file(settings: dict[str, Any], symbol: str, contract: Contract) -> Iterator[Path]:
    """The symbol's raw file; a simulated market's is made, and gone at the end."""
    if symbol not in settings["synthetic"]:
        yield raw_files.raw_path(settings, symbol)
        return
    from mlfactory import synthetic

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "synthetic_1m.parquet"
        market = synthetic.market(
            **settings["synthetic"][symbol],
            calendar=contract.calendar,
            tick_size=contract.tick_size,
        )
        tables.write(market, path, schemas.RAW)
        yield path


def bars_of(
    settings: dict[str, Any], contract: Contract
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Read and clean the contract's raw file and join its rows; see `bars.bars_from_raw`."""
    symbol = contract.symbol
    with raw_file(settings, symbol, contract) as path:
        return bars_from_raw(
            path,
            symbol=symbol,
            contract=contract,
            raw=raw_files.raw_settings(settings, symbol),
            bars=settings["bars"],
            cleaning=settings["cleaning"],
        )
