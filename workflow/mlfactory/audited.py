"""What is audited of one symbol: its rows, and every step of the workflow as a function of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mlfactory import config as configuration
from mlfactory import contracts, raw_files
from mlfactory._typing import Int64Array1D
from mlfactory.audit import Build
from mlfactory.bars import bars_from_rows, read_rows
from mlfactory.calendar import sessions
from mlfactory.cleaning import clean
from mlfactory.contracts import Contract
from mlfactory.features import catalog
from mlfactory.labels import label_bars
from mlfactory.sessions import session_opens
from mlfactory.stretch import searched_rows
from mlfactory.symbol_bars import raw_file
from mlfactory.times import MISSING, nanoseconds

BARS_AFTER_CUT = 40
_COMPARED_BARS = 300
_ATR_MEMORY = 25
"""Wilder periods after which the seed of the average is below float32 resolution."""
_UNLIMITED = {
    "max_impossible_share": 1.0,
    "max_outside_calendar_share": 1.0,
    "min_traded_share": 0.0,
    "max_hole_sessions": 10**9,
}
"""Limits that would refuse a window of noise; what they refuse is not what is audited."""


@dataclass(frozen=True)
class Market:
    """A symbol's raw rows and bars, and each step of the workflow as a function of them."""

    symbol: str
    where: str
    settings: dict[str, Any]
    contract: Contract
    rows: pd.DataFrame
    raw_interval: pd.Timedelta
    bars: pd.DataFrame
    raw_bars: pd.DataFrame
    timezone: str

    @property
    def bar_interval(self) -> pd.Timedelta:
        """Nominal length of a bar."""
        return pd.Timedelta(self.settings["bars"]["interval"])

    @property
    def chosen(self) -> catalog.FeatureSet:
        """The columns that the config asks for."""
        return catalog.configured(self.settings)

    def cleaned(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows that are left of raw rows, with their sessions and outlier flags."""
        first, last = rows["datetime"].iloc[0], rows["datetime"].iloc[-1]
        frame, _ = clean(
            rows,
            sessions(self.contract.calendar, first, last, self.where),
            interval=self.raw_interval,
            contract=self.contract,
            settings=self.settings["cleaning"] | _UNLIMITED,
            where=self.where,
        )
        return frame

    def joined(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The bars of raw rows, and the rows that they are made of."""
        bars, raw_bars, _ = bars_from_rows(
            rows,
            {"read": len(rows), "duplicates": 0, "out_of_order": 0, "times": ""}
            | {"impossible": {}, "example": "", "stamps": "open"},
            contract=self.contract,
            raw_interval=self.raw_interval,
            bars=self.settings["bars"],
            cleaning=self.settings["cleaning"] | _UNLIMITED,
            where=self.where,
        )
        return bars, raw_bars

    def bar_table(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The bars of raw rows; segments by where they begin, as their number is the file's."""
        bars, _ = self.joined(rows)
        begins = np.diff(bars["segment"], prepend=0) != 0
        return bars.drop(columns="segment").assign(segment_begins=begins)

    def labels(self, bars: pd.DataFrame, raw_bars: pd.DataFrame, horizon: int) -> pd.DataFrame:
        """The labels of one horizon, by the configured barriers, searched or not."""
        return label_bars(
            bars,
            raw_bars,
            horizon=horizon,
            contract=self.contract,
            raw_interval=self.raw_interval,
            **configuration.barriers(self.settings, self.symbol, horizon),
            **configuration.label_settings(self.settings),
        )

    def label_table(self, horizon: int) -> Build:
        """Raw rows to labels, with the end of each label's window of ``max_bars`` bars."""
        max_bars = self.max_bars(horizon)

        def build(rows: pd.DataFrame) -> pd.DataFrame:
            bars, raw_bars = self.joined(rows)
            last = np.arange(len(bars)) + max_bars
            ends = self.bar_end_ns(bars)[np.minimum(last, len(bars) - 1)]
            known = np.where(last < len(bars), ends, MISSING)
            return self.labels(bars, raw_bars, horizon).assign(window_end_ns=known)

        return build

    def n_searched(self, n_train: int) -> int:
        """How many of the training split's first rows a barrier search reads."""
        search = self.settings["labels"]["search"]
        return searched_rows(n_train, search["share"]) if search["enabled"] else 0

    def max_bars(self, horizon: int) -> int:
        """The horizon's vertical barrier."""
        barriers = configuration.barriers(self.settings, self.symbol, horizon)
        return int(barriers["max_bars"])

    def features(self, bars: pd.DataFrame) -> pd.DataFrame:
        """All columns of bars."""
        return catalog.build(bars, timezone=self.timezone, chosen=self.chosen)

    def first_row(self, bars: pd.DataFrame) -> int:
        """The first row after the features' warm-up."""
        return catalog.first_complete_row(bars, self.chosen)

    def bar_end_ns(self, table: pd.DataFrame) -> Int64Array1D:
        """When bars end."""
        ends = nanoseconds(table["datetime"]) + self.bar_interval.value
        return np.minimum(ends, nanoseconds(table["session_close"]))

    def raw_row(self, bar: int) -> int:
        """The first raw row that is not before a bar's opening."""
        return int(self.rows["datetime"].searchsorted(self.bars["datetime"].iloc[bar]))


def load(settings: dict[str, Any], symbol: str) -> Market:
    """Read and clean a symbol's raw file as the workflow does."""
    known = contracts.load(configuration.ROOT / "config/contracts.yaml")
    contract = contracts.get(known, symbol)
    with raw_file(settings, symbol, contract) as path:
        raw = raw_files.raw_settings(settings, symbol)
        rows, found, interval = read_rows(path, symbol=symbol, raw=raw)
        where = path.name
    bars, raw_bars, account = bars_from_rows(
        rows,
        found,
        contract=contract,
        raw_interval=interval,
        bars=settings["bars"],
        cleaning=settings["cleaning"],
        where=where,
    )
    rows = rows.reset_index(drop=True)
    timezone = account["timezone"]
    return Market(symbol, where, settings, contract, rows, interval, bars, raw_bars, timezone)


def raw_window(market: Market, cut: int, after: int) -> tuple[int, int, int]:
    """Raw rows: the window's first, one within the cut's bar, and the end.

    The window begins with the session before the bars that a label may remember: the first session
    of a file is never kept.
    """
    opens = session_opens(market.bars["session"].to_numpy())
    memory = max(label_memory(market, h) for h in market.settings["horizons"])
    earliest = cut - 2 * (memory + market.settings["cleaning"]["outlier_window"])
    begin = opens[max(int(np.searchsorted(opens, max(earliest, 0), side="right")) - 2, 0)]
    last = min(cut + after, len(market.bars) - 1)
    row = market.raw_row(cut)
    within = (market.raw_row(min(cut + 1, len(market.bars) - 1)) - row) // 2
    return market.raw_row(int(begin)), row + within, market.raw_row(last)


def feature_window(market: Market, cut: int) -> tuple[int, int, int]:
    """Bars: the window's first, the cut, and the end; long enough for complete rows before it."""
    opens = session_opens(market.bars["session"].to_numpy())
    session = int(np.searchsorted(opens, cut, side="right")) - 1
    by_sessions = opens[max(session - catalog.warmup_sessions(market.chosen) - 3, 0)]
    by_bars = max(cut - catalog.warmup_bars(market.chosen) - _COMPARED_BARS, 0)
    return min(int(by_sessions), by_bars), cut, min(cut + BARS_AFTER_CUT, len(market.bars))


def label_memory(market: Market, horizon: int) -> int:
    """Bars after a file's start in which labels may remember it: the ATR, and who was under way."""
    return _ATR_MEMORY * int(market.settings["labels"]["atr_period"]) + market.max_bars(horizon)
