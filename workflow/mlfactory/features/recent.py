"""The last bars of a stream as arrays, and from which of them on a feature set is whole."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from mlfactory.features import catalog
from mlfactory.features._base import Inputs, inputs, roll_factor
from mlfactory.sessions import session_opens

SPARE_BARS = 250
"""Bars beyond those needed that there is room for, so that they are moved rarely."""

_TIMES = {
    "time_ns": "datetime",
    "session_open_ns": "session_open",
    "session_close_ns": "session_close",
}
_PRICES = ("open", "high", "low", "close")
_ARRAYS = tuple(one.name for one in fields(Inputs) if one.name not in ("bar_ns", "timezone"))


@dataclass(frozen=True)
class Needed:
    """What a row of some columns wants before it: bars, and openings of sessions."""

    bars: int
    sessions: int

    @classmethod
    def of(cls, chosen: catalog.FeatureSet) -> "Needed":
        """That of a feature set."""
        return cls(catalog.warmup_bars(chosen), catalog.warmup_sessions(chosen))


class Recent:
    """The bars that a row needs, prices forward-adjusted at contract changes as in `inputs`.

    Parameters
    ----------
    history
        Table of schema BARS.
    timezone, bar_ns
        See `_base.Inputs`.
    needed
        Of the widest feature set; what lies before is forgotten.
    """

    def __init__(self, history: pd.DataFrame, timezone: str, bar_ns: int, needed: Needed) -> None:
        self._needed = needed
        self._x = inputs(history, timezone, bar_ns)
        self._n = len(history)
        self._factor = float(roll_factor(history)[-1]) if self._n else 1.0
        self._last: dict[Any, Any] | None = history.iloc[-1].to_dict() if self._n else None
        self._make_room()

    def __len__(self) -> int:
        return self._n

    @property
    def last_time(self) -> pd.Timestamp | None:
        """When the last bar opened; None where there is none."""
        return None if self._last is None else self._last["datetime"]

    def append(self, bar: Mapping[str, Any]) -> None:
        """Take the next bar."""
        if self._n == len(self._x.close):
            self._make_room()
        row, x, factor = self._n, self._x, self._factor
        if self._last is not None and _name(bar["contract"]) != _name(self._last["contract"]):
            factor *= self._last["close"] / bar["open"]
        for name in _PRICES:
            getattr(x, name)[row] = bar[name] * factor
        for name, column in _TIMES.items():
            getattr(x, name)[row] = pd.Timestamp(bar[column]).as_unit("ns").value
        x.volume[row], x.session[row], x.segment[row] = (
            bar[name] for name in ("volume", "session", "segment")
        )
        self._n, self._last, self._factor = row + 1, dict(bar), factor

    def first_of(self, needed: Needed) -> int | None:
        """The bar from which on the last row is whole; None where the bars are too few.

        As `catalog.first_complete_row` has it: any bar will do, not only one that opens a session.
        """
        first = self._n - 1 - needed.bars
        if needed.sessions:
            session = self._x.session[: self._n]
            opens = session_opens(session)[1:]
            if len(opens) < needed.sessions:
                return None
            first = min(first, int(opens[-needed.sessions]) - 1)
        return first if first >= 0 else None

    def since(self, first: int) -> Inputs:
        """The bars from a number on."""
        return _part(self._x, slice(first, self._n))

    def _make_room(self) -> None:
        """Forget what is not needed, and leave room for as many bars as are spare."""
        kept = _part(self._x, slice(self.first_of(self._needed) or 0, self._n))
        self._n = len(kept.close)
        grown = {
            name: np.append(values, np.zeros(SPARE_BARS, dtype=values.dtype))
            for name, values in ((name, getattr(kept, name)) for name in _ARRAYS)
        }
        self._x = Inputs(**grown, bar_ns=kept.bar_ns, timezone=kept.timezone)


def _part(x: Inputs, rows: slice) -> Inputs:
    part = {name: getattr(x, name)[rows] for name in _ARRAYS}
    return Inputs(**part, bar_ns=x.bar_ns, timezone=x.timezone)


def _name(contract: object) -> object:
    """A contract's name; "" where it is missing."""
    return "" if pd.isna(contract) else contract  # type: ignore[call-overload]
