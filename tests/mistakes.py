"""How a user's mistake is made, and what the program answers to it."""

import contextlib
import functools
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd

from mlfactory import cli, config
from mlfactory.calendar import sessions

FILE = "data/raw/MES_1m.parquet"
OVERLAY = "mine.yaml"


@dataclass(frozen=True)
class Mistake:
    """Files that hold one mistake, what is asked of the program, and what its line must say."""

    what: str
    words: tuple[str, ...]
    files: dict[str, object] = field(default_factory=dict)
    ask: Callable[[], None] = lambda: ask("--symbols", "MES")


@dataclass(frozen=True)
class Answer:
    status: int
    stdout: str
    stderr: str
    written: list[Path]


def ask(*arguments):
    """``./pipeline validate`` as the launcher calls it, with contracts.yaml if one is here."""
    overlay = ["--configfile", OVERLAY] if Path(OVERLAY).exists() else []
    root = Path() if Path("config/contracts.yaml").exists() else config.ROOT
    with mock.patch.object(config, "ROOT", root):
        cli.main(["validate", *arguments, *overlay])


def answer(mistake, folder):
    """What a process would answer that is asked in this folder, and the files that it leaves."""
    for name, content in mistake.files.items():
        write(folder / name, content)
    before = set(folder.rglob("*"))
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            mistake.ask()
        except SystemExit as end:  # as the interpreter ends: a text is shown, and the status is 1
            status = end.code if isinstance(end.code, int) else 1
            print(end.code, file=err)
    return Answer(status, out.getvalue(), err.getvalue(), sorted(set(folder.rglob("*")) - before))


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, pd.DataFrame):
        content.to_csv(path, index=False) if path.suffix == ".csv" else content.to_parquet(path)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@functools.cache
def _minutes(start, n_sessions):
    first = pd.Timestamp(start, tz="UTC")
    found = sessions("CME_Equity", first, first + pd.Timedelta("21D"))
    times = np.concatenate(
        [np.arange(found.open_ns[i], found.close_ns[i], 60 * 10**9) for i in range(n_sessions)]
    )
    n = len(times)
    generator = np.random.default_rng(0)
    close = 5000 + 0.25 * np.cumsum(generator.integers(-2, 3, n))
    return pd.DataFrame(
        {
            "datetime": pd.DatetimeIndex(times.astype("datetime64[ns]")).tz_localize("UTC"),
            "open": close,
            "high": close + 0.25,
            "low": close - 0.5,
            "close": close,
            "volume": generator.integers(1, 50, n),
        }
    )


def minutes(start="2024-07-08", n_sessions=3):
    """Every minute of whole sessions, 1380 each, of a contract like MES."""
    return _minutes(start, n_sessions).copy()
