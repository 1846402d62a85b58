"""Which rows may train a model, given the rows that it is scored on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mlfactory._typing import BoolArray1D, Int64Array1D

Block = tuple[int, int]
"""Held-out rows that follow one another: the first, and the one after the last."""


def overlapping(start: Int64Array1D, end: Int64Array1D, held_out: BoolArray1D) -> BoolArray1D:
    """Rows whose closed interval [start, end] meets that of any held-out row.

    Parameters
    ----------
    start, end
        (n,) int64 times, ``start`` ascending.
    held_out
        (n,) rows that are held out.
    """
    held_start = start[held_out]
    if not len(held_start):
        return np.zeros(len(start), dtype=bool)
    latest_end = np.maximum.accumulate(end[held_out])
    begun = np.searchsorted(held_start, end, side="right")
    return (begun > 0) & (latest_end[np.maximum(begun, 1) - 1] >= start)


def embargoed(
    start: Int64Array1D, end: Int64Array1D, held_out: BoolArray1D, embargo_bars: int
) -> BoolArray1D:
    """The ``embargo_bars`` rows that begin after the interval of any held-out row has ended."""
    first_free = np.searchsorted(start, end[held_out], side="right")
    change = np.zeros(len(start) + 1, dtype=np.int64)
    np.add.at(change, first_free, 1)
    np.add.at(change, np.minimum(first_free + embargo_bars, len(start)), -1)
    return np.cumsum(change[:-1]) > 0


def training_rows(
    start: Int64Array1D, end: Int64Array1D, held_out: BoolArray1D, embargo_bars: int
) -> BoolArray1D:
    """Rows that may train a model that is scored on the held-out ones."""
    return (
        ~held_out
        & ~overlapping(start, end, held_out)
        & ~embargoed(start, end, held_out, embargo_bars)
    )


@dataclass(frozen=True)
class Intervals:
    """When each row's information begins and ends, and how long after a block none may train.

    Attributes
    ----------
    start, end
        (n,) int64, ``start`` ascending, no end before its start.
    embargo_bars
        Rows after the last label of a block has ended.
    embargo_time
        Time after it, in the unit of ``start``: rows that begin within it, its end included.
    embargo_sessions
        Whole sessions after the one in which it ended, whose rest is left out too; 0 for none.
    session
        (n,) number of each row's session, counted from 0; needed for ``embargo_sessions``.
    """

    start: Int64Array1D
    end: Int64Array1D
    embargo_bars: int = 0
    embargo_time: int = 0
    embargo_sessions: int = 0
    session: Int64Array1D | None = None

    def train(self, blocks: list[Block]) -> Int64Array1D:
        """Rows that may train a model that is scored on these blocks, (m,) ascending.

        The same rows as `training_rows` finds, in a time that does not grow with the rows
        purged: because ``start`` is ascending, a row before a block overlaps it only if it ends
        at or after the block's first start, and one after it only if it begins at or before the
        block's last end.

        Parameters
        ----------
        blocks
            In time order, no two of them with a row in common.
        """
        kept, free, n_rows = [], 0, len(self.start)
        for first, stop in blocks:
            kept += self._ended_before(free, first)
            free = max(free, self.resume(first, stop))
        return one([*kept, self.rows[free:n_rows]])

    def ended_before(self, free: int, first: int) -> Int64Array1D:
        """Rows from ``free`` on whose label has ended before row ``first`` begins."""
        return one(self._ended_before(free, first))

    def _ended_before(self, free: int, first: int) -> list[Int64Array1D]:
        border = self.start[first]
        reaching = int(np.searchsorted(self._latest_end, border))
        rest = self.rows[max(free, reaching) : first]
        return [self.rows[free : min(reaching, first)], rest[self.end[rest] < border]]

    def resume(self, first: int, stop: int) -> int:
        """The first row that may train after a block: its labels have ended, the embargo too."""
        latest = self.end[first:stop].max()
        free = int(np.searchsorted(self.start, latest, side="right"))
        after = int(np.searchsorted(self.start, latest + self.embargo_time, side="right"))
        reached = max(free + self.embargo_bars, after)
        if self.embargo_sessions and self.session is not None:
            last = self.session[free - 1] + self.embargo_sessions
            reached = max(reached, int(np.searchsorted(self.session, last, side="right")))
        return max(stop, min(reached, len(self.start)))

    @cached_property
    def rows(self) -> Int64Array1D:
        """All row numbers; read-only, so that parts of it may be handed out."""
        rows = np.arange(len(self.start))
        rows.flags.writeable = False
        return rows

    @cached_property
    def _latest_end(self) -> Int64Array1D:
        """The latest end of each row and those before it."""
        return np.maximum.accumulate(self.end)


def one(parts: list[Int64Array1D]) -> Int64Array1D:
    """Parts put together; a single one as it is."""
    filled = [part for part in parts if len(part)]
    return filled[0] if len(filled) == 1 else np.concatenate([parts[0][:0], *filled])
