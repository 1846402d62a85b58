"""Training, validation and test split: borders from bars and config alone."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from mlfactory.errors import UserError
from mlfactory.schemas import SPLIT_MARKS
from mlfactory.sessions import session_opens
from mlfactory.times import nanoseconds

SPLITS = ("train", "val", "test")
SESSIONS_PER_YEAR = {"24/7": 365}
EXCHANGE_SESSIONS_PER_YEAR = 252


@dataclass(frozen=True)
class Split:
    """One split: rows ``start`` to ``stop - 1`` of the bars."""

    name: str
    start: int
    stop: int
    n_sessions: int
    purged_bars: int
    """Bars left out at its end, so that no label reaches over the border."""
    embargoed_sessions: int
    """Sessions left out before its start."""


def _borders(bars: pd.DataFrame, first_row: int, settings: dict[str, Any]) -> tuple[int, int]:
    """Rows where validation and test begin, each the first of a session."""
    starts = session_opens(bars["session"].to_numpy())
    times = nanoseconds(bars["datetime"])
    if settings["val_start"] is not None:
        wanted = [pd.to_datetime(settings[k], utc=True) for k in ("val_start", "test_start")]
        rows = [int(np.searchsorted(times, t.value)) for t in wanted]
    else:
        usable = len(bars) - first_row
        shares = (settings["train_share"], settings["train_share"] + settings["val_share"])
        rows = [first_row + round(share * usable) for share in shares]
    ends = np.r_[starts, len(bars)]
    val, test = (int(ends[np.searchsorted(ends, min(row, len(bars)))]) for row in rows)
    return val, test


def split_bars(bars: pd.DataFrame, first_row: int, settings: dict[str, Any]) -> list[Split]:
    """Cut the bars in time into train, validation and test.

    Parameters
    ----------
    bars
        Table of schema BARS.
    first_row
        The first row after the features' warm-up.
    settings
        The config's ``splits`` block: shares (``train_share``, ``val_share``) or dates
        (``val_start``, ``test_start``), ``purge_bars`` and ``embargo_sessions``. At each border
        the last ``purge_bars`` bars of the earlier split, and the first ``embargo_sessions``
        sessions after the border, belong to no split.

    Returns
    -------
    Three splits in time order; a split may be empty.
    """
    val, test = _borders(bars, first_row, settings)
    purge = settings["purge_bars"]
    embargo = settings["embargo_sessions"]
    sessions = bars["session"].to_numpy()
    starts = session_opens(sessions)

    def after_embargo(border: int) -> int:
        kept = starts[starts >= border][embargo:]
        return int(kept[0]) if len(kept) else len(bars)

    ranges = (
        ("train", first_row, val - purge, purge, 0),
        ("val", after_embargo(val), test - purge, purge, embargo),
        ("test", after_embargo(test), len(bars), 0, embargo),
    )
    return [
        Split(
            name,
            start,
            max(stop, start),
            len(np.unique(sessions[start : max(stop, start)])),
            purged,
            embargoed,
        )
        for name, start, stop, purged, embargoed in ranges
    ]


def require_sessions(
    splits: list[Split],
    settings: dict[str, Any],
    symbol: str,
    warmup_sessions: int,
    doubt: str = "",
) -> None:
    """Refuse splits with fewer sessions than the config asks for.

    Parameters
    ----------
    doubt
        What in the file may be the reason, for the message.

    Raises
    ------
    UserError
        Naming the split, its sessions, the limit, and how many sessions would be enough.
    """
    wanted = settings["min_sessions"]
    embargo = settings["embargo_sessions"]
    test_share = 1 - settings["train_share"] - settings["val_share"]
    need = {
        "train": (wanted["train"] + 1) / settings["train_share"],
        "val": (wanted["val"] + embargo + 1) / settings["val_share"],
        "test": (wanted["test"] + embargo + 1) / test_share,
    }
    enough = int(np.ceil(max(need.values()))) + warmup_sessions
    for split in splits:
        if split.n_sessions < wanted[split.name]:
            raise UserError(
                f"{symbol}: too little data: {doubt}{split.name} has {split.n_sessions} sessions "
                f"after warm-up, purge and embargo, splits.min_sessions.{split.name} is "
                f"{wanted[split.name]}; about {enough} liquid sessions would be enough at these "
                "shares: get more data, or lower splits.min_sessions and splits.embargo_sessions "
                "in the config"
            )


def sharpe_standard_error(n_sessions: int, calendar: str) -> float:
    """Standard error of an annual Sharpe ratio measured on ``n_sessions`` sessions, near 0.

    Source: Lo, The Statistics of Sharpe Ratios, Financial Analysts Journal 58(4), 2002, for
    independent returns and a true ratio of 0: sqrt(sessions a year / sessions).
    """
    per_year = SESSIONS_PER_YEAR.get(calendar, EXCHANGE_SESSIONS_PER_YEAR)
    return float(np.sqrt(per_year / n_sessions)) if n_sessions else float("inf")


def describe(splits: list[Split], bars: pd.DataFrame, warmup_bars: int) -> dict[str, Any]:
    """What ``split_config.json`` holds: borders, and what was left out and why."""
    times = bars["datetime"]

    def when(row: int) -> str | None:
        return str(times.iloc[row]) if row < len(bars) else None

    return {
        "warmup": {"bars": warmup_bars, "why": "the longest lookback of a feature"},
        "purge": "last bars of a split: their labels could reach over the border",
        "embargo": "first sessions after a border: their features still remember the split before",
        "splits": [{**asdict(s), "first": when(s.start), "last": when(s.stop - 1)} for s in splits],
    }


def _table(bars: pd.DataFrame, features: pd.DataFrame, split: Split) -> pd.DataFrame:
    """The rows of one split: time, session, segment and the unscaled features."""
    rows = slice(split.start, split.stop)
    marks = bars[list(SPLIT_MARKS)].iloc[rows]
    values = features.drop(columns="datetime").iloc[rows]
    return pd.concat([marks, values], axis=1).reset_index(drop=True)


def split_tables(
    bars: pd.DataFrame,
    features: pd.DataFrame,
    *,
    symbol: str,
    first_row: int,
    settings: dict[str, Any],
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """The three splits' tables, and the content of ``split_config.json``.

    Parameters
    ----------
    bars, features
        The bars and their features, same rows.
    symbol
        For the message when there is too little data.
    first_row
        The first row after the features' warm-up.
    settings
        See `split_bars`.
    """
    splits = split_bars(bars, first_row, settings)
    warmup_sessions = bars["session"].iloc[: first_row + 1].nunique()
    require_sessions(splits, settings, symbol, warmup_sessions)
    train, val, test = (_table(bars, features, split) for split in splits)
    return train, val, test, describe(splits, bars, first_row)
