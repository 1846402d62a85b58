"""Features bar by bar, for those who trade: the values of the batch run, from a short memory."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mlfactory._typing import Float32Array1D, Float64Array1D
from mlfactory.errors import UserError
from mlfactory.features import catalog, timeframe
from mlfactory.features._base import Inputs
from mlfactory.features.recent import Needed, Recent


class FeatureStream:
    """The features of each new bar, from the bars that its warm-up needs.

    Values are those of `catalog.build` on the whole history but for what a recursive indicator
    remembers of the bars before its memory, less than 1e-5 of a column's scale. Each family
    computes as few bars as its own warm-up needs, and a timeframe only when one of its bars has
    become complete.

    Parameters
    ----------
    history
        Table of schema BARS: the bars before the first new one. Only the last ones are kept.
    timezone
        The exchange's zone, such as ``bars.json`` names it.
    chosen
        The columns.

    Examples
    --------
    >>> stream = FeatureStream(bars, timezone="America/Chicago")  # doctest: +SKIP
    >>> stream.update(next_bar)  # doctest: +SKIP
    array([...], dtype=float32)
    """

    def __init__(
        self,
        history: pd.DataFrame,
        *,
        timezone: str,
        chosen: catalog.FeatureSet = catalog.DEFAULT,
    ) -> None:
        self.names = catalog.names(chosen)
        self._columns = tuple(history.columns)
        self._chosen, self._whole = chosen, Needed.of(chosen)
        bar_ns = int(chosen.bar_interval.as_unit("ns").value)
        self._recent = Recent(history, timezone, bar_ns, self._whole)
        self._families: dict[str, Needed] = {
            family: Needed.of(replace(chosen, families=(family,)))
            for family in chosen.families
            if family != "timeframe"
        }
        self._timeframes = [_Timeframe(name, chosen) for name in chosen.timeframes]

    def update(self, bar: Mapping[str, Any]) -> Float32Array1D:
        """Take the next bar and give its features.

        Parameters
        ----------
        bar
            A value for each column of schema BARS.

        Returns
        -------
        (k,) float32 in the order of ``names``; all NaN while the warm-up is not whole.

        Raises
        ------
        UserError
            When a column is missing, or the bar does not come after the last one; the stream is
            as it was.
        ValueError
            When a feature of a whole warm-up is not finite.
        """
        missing = [name for name in self._columns if name not in bar]
        if missing:
            raise UserError(f"the bar has no {', '.join(missing)}; give every column of a bar")
        last = self._recent.last_time
        if last is not None and bar["datetime"] <= last:
            raise UserError(
                f"the bar of {bar['datetime']} does not come after the last one, of {last}; give "
                "each bar once, in order"
            )
        self._recent.append(bar)
        if self._recent.first_of(self._whole) is None:
            return np.full(len(self.names), np.nan, dtype=np.float32)
        found = [value for family in self._chosen.families for value in self._last_row(family)]
        row = np.array(found, dtype=np.float32)
        if not np.isfinite(row).all():
            wrong = self.names[int(np.flatnonzero(~np.isfinite(row))[0])]
            raise ValueError(f"{wrong} is not finite though its warm-up is whole")
        return row

    def _last_row(self, family: str) -> list[float]:
        if family == "timeframe":
            return [value for one in self._timeframes for value in one.last_row(self._recent)]
        first = self._recent.first_of(self._families[family])
        assert first is not None, "the whole warm-up is no shorter than a family's"
        columns = catalog.family_columns(family, self._recent.since(first), self._chosen)
        return [values[-1] for values in columns]


class _Timeframe:
    """A timeframe's columns of the last bar: read anew when another of its bars is complete."""

    def __init__(self, name: str, chosen: catalog.FeatureSet) -> None:
        self.name, self.length = name, timeframe.length_ns(name)
        self.needed = Needed.of(replace(chosen, families=("timeframe",), timeframes=(name,)))
        self.under_way: tuple[int, int] | None = None
        self.completed: tuple[int, int] | None = None
        self.known: dict[str, Float64Array1D] = {}

    def last_row(self, recent: Recent) -> list[float]:
        """In the order of `timeframe.COLUMNS`."""
        x = recent.since(len(recent) - 1)
        completed = self._last_completed(x)
        if not self.known or completed != self.completed:
            self.known = self._read(recent)
        self.completed = completed
        columns = timeframe.seen_from(x.close, self.known)
        return [float(columns[column.name][0]) for column in timeframe.COLUMNS]

    def _last_completed(self, x: Inputs) -> tuple[int, int] | None:
        """Session and number of the last completed bar: this one, or the one before it."""
        opened, closes = x.session_open_ns[0], x.session_close_ns[0]
        number = int((x.time_ns[0] - opened) // self.length)
        here, before = (int(x.session[0]), number), self.under_way
        self.under_way = here
        if min(opened + (number + 1) * self.length, closes) <= min(x.time_ns[0] + x.bar_ns, closes):
            return here
        return self.completed if here == before else before

    def _read(self, recent: Recent) -> dict[str, Float64Array1D]:
        """What is known of the last completed bar, (1,) each."""
        first = recent.first_of(self.needed)
        assert first is not None, "the whole warm-up is no shorter than a timeframe's"
        x = recent.since(first)
        bars = timeframe.timeframe_bars(x, self.name)
        last = timeframe.last_completed(x, bars.complete_ns)[-1:]
        known = timeframe.known(bars, timeframe.memory(self.name))
        return {name: values[last] for name, values in known.items()}
