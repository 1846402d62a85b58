"""Cross-validation splitters for labels that end later than they begin, in scikit-learn's form.

Pass one as ``cv``. Every row has an interval from when its information begins to when its label is
known. It comes as ``start`` and ``end``, or as ``t1``: a series of ends whose index holds the
starts, or, without ``start``, an array of ends in row numbers.
"""

from collections.abc import Iterator
from itertools import combinations, pairwise
from math import comb
from typing import Any, Literal

import numpy as np

from mlfactory._typing import Int64Array1D
from mlfactory.interval_times import duration, interval_times, session_numbers
from mlfactory.purging import Block, Intervals, one

Split = tuple[Int64Array1D, Int64Array1D]


class _Purged:
    """Splits whose training rows overlap no held-out row and lie in no embargo.

    Parameters
    ----------
    start, end
        (n,) datetimes, or numbers of one unit; ``start`` ascending. A missing end (the row has no
        label) is the row's start.
    t1
        Instead of both; see the module.
    session
        (n,) the session of each row, ascending; needed where sessions are counted.
    embargo_bars, embargo, embargo_sessions
        What is left out after the last label of a held-out block has ended: rows; a duration (a
        Timedelta or its text, or a number where times are numbers), its end included; or the rest
        of the session in which that label ended and as many whole ones. The longest counts.
    """

    def __init__(
        self,
        *,
        start: Any = None,
        end: Any = None,
        t1: Any = None,
        session: Any = None,
        embargo_bars: int = 0,
        embargo: Any = 0,
        embargo_sessions: int = 0,
    ) -> None:
        begun, ended, dated = interval_times(start, end, t1)
        if embargo_bars < 0 or embargo_sessions < 0:
            raise ValueError("an embargo is at least 0 long")
        if embargo_sessions and session is None:
            raise ValueError(f"embargo_sessions={embargo_sessions} needs session, one a row")
        number = None if session is None else session_numbers(session, len(begun))
        length = duration(embargo, dated=dated)
        self.intervals = Intervals(begun, ended, embargo_bars, length, embargo_sessions, number)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of splits."""
        return sum(1 for _ in self._held_out())

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        """Training and held-out row numbers, both ascending; they may be read-only."""
        n_rows = len(self.intervals.start)
        if _length(X) != n_rows:
            raise ValueError(f"X has {_length(X)} rows, the splitter's times have {n_rows}")
        for blocks in self._held_out():
            held_out = [self.intervals.rows[first:stop] for first, stop in blocks]
            yield self._training(blocks), one(held_out)

    def _held_out(self) -> Iterator[list[Block]]:
        """The held-out blocks of each split."""
        raise NotImplementedError

    def _training(self, blocks: list[Block]) -> Int64Array1D:
        return self.intervals.train(blocks)


class PurgedKFold(_Purged):
    """Contiguous folds; training rows that overlap the held-out ones are purged.

    Parameters
    ----------
    n_splits
        Number of folds, at least 2, sizes equal to one row.
    times
        See `_Purged`.

    Examples
    --------
    Twelve rows whose labels end two rows later, with an embargo of one row:

    >>> import numpy as np
    >>> start = np.arange(12)
    >>> folds = PurgedKFold(3, start=start, end=start + 2, embargo_bars=1)
    >>> for train, test in folds.split(np.zeros((12, 1))):
    ...     print(train, test)
    [ 7  8  9 10 11] [0 1 2 3]
    [ 0  1 11] [4 5 6 7]
    [0 1 2 3 4 5] [ 8  9 10 11]

    Daily rows of which each label ends a day later, as a series of ends by start, and an embargo
    of two days:

    >>> import pandas as pd
    >>> days = pd.date_range("2024-01-01", periods=12, freq="D")
    >>> t1 = pd.Series(days + pd.Timedelta("1D"), index=days)
    >>> for train, test in PurgedKFold(3, t1=t1, embargo="2D").split(t1):
    ...     print(train, test)
    [ 7  8  9 10 11] [0 1 2 3]
    [ 0  1  2 11] [4 5 6 7]
    [0 1 2 3 4 5 6] [ 8  9 10 11]
    """

    def __init__(self, n_splits: int = 5, **times: Any) -> None:
        if n_splits < 2:
            raise ValueError(f"n_splits={n_splits}: at least 2 folds are needed")
        super().__init__(**times)
        self.n_splits = n_splits

    def _held_out(self) -> Iterator[list[Block]]:
        for block in contiguous(len(self.intervals.start), self.n_splits):
            yield [block]


class GivenFolds(_Purged):
    """Folds that somebody else has chosen, purged; they need not be contiguous.

    Parameters
    ----------
    fold
        (n,) integers: the fold that holds each row out; -1 for rows that only train.
    times
        See `_Purged`.

    Examples
    --------
    >>> import numpy as np
    >>> fold = np.array([-1, -1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1])
    >>> for train, test in GivenFolds(fold, t1=np.arange(12) + 1).split(fold):
    ...     print(train, test)
    [ 0  5 10 11] [2 3 7 8]
    [0 1 2] [ 4  5  6  9 10 11]
    """

    def __init__(self, fold: Any, **times: Any) -> None:
        super().__init__(**times)
        self.fold = np.asarray(fold).astype(np.int64)
        if len(self.fold) != len(self.intervals.start):
            raise ValueError(f"fold has {len(self.fold)} rows, not {len(self.intervals.start)}")

    def _held_out(self) -> Iterator[list[Block]]:
        for number in np.unique(self.fold[self.fold >= 0]):
            yield runs(self.fold == number)


class CombinatorialPurgedKFold(_Purged):
    """Every choice of ``n_test_groups`` of ``n_groups`` contiguous groups is held out once.

    Source: López de Prado, Advances in Financial Machine Learning, 2018, chapter 12.

    Parameters
    ----------
    n_groups, n_test_groups
        As many groups; how many of them a split holds out.
    times
        See `_Purged`.

    Examples
    --------
    >>> import numpy as np
    >>> cv = CombinatorialPurgedKFold(4, 2, t1=np.arange(12) + 1)
    >>> for train, test in cv.split(np.zeros(12)):
    ...     print(train, test)
    [ 7  8  9 10 11] [0 1 2 3 4 5]
    [ 4 10 11] [0 1 2 6 7 8]
    [4 5 6 7] [ 0  1  2  9 10 11]
    [ 0  1 10 11] [3 4 5 6 7 8]
    [0 1 7] [ 3  4  5  9 10 11]
    [0 1 2 3 4] [ 6  7  8  9 10 11]

    Each group is held out by three of the six splits, so that three backtests of all rows can be
    put together. A path a line: the split that predicts each group.

    >>> print(cv.paths())
    [[0 0 1 2]
     [1 3 3 4]
     [2 4 5 5]]
    """

    def __init__(self, n_groups: int = 6, n_test_groups: int = 2, **times: Any) -> None:
        if not 1 <= n_test_groups < n_groups:
            raise ValueError(
                f"n_test_groups={n_test_groups} must lie between 1 and n_groups - 1, {n_groups - 1}"
            )
        super().__init__(**times)
        self.n_groups = n_groups
        self.n_test_groups = n_test_groups

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of choices."""
        return comb(self.n_groups, self.n_test_groups)

    def paths(self) -> np.ndarray:
        """Which split predicts each group on each path, (n_paths, n_groups).

        On path p a group is predicted by the p-th of the splits that hold it out, in the order
        of ``split``.
        """
        chosen: list[list[int]] = [[] for _ in range(self.n_groups)]
        for number, held in enumerate(self._choices()):
            for group in held:
                chosen[group].append(number)
        return np.array(chosen, dtype=np.int64).T

    def path_predictions(self, predictions: list[Any]) -> np.ndarray:
        """Backtest paths from what each split predicted of its held-out rows.

        Parameters
        ----------
        predictions
            One array a split, (rows held out, ...), in the order of ``split``.

        Returns
        -------
        (n_paths, n, ...): every row predicted once on each path.

        Examples
        --------
        >>> cv = CombinatorialPurgedKFold(3, 2, t1=np.arange(6))
        >>> print(cv.path_predictions([[0.0] * 4, [0.1] * 4, [0.2] * 4]))
        [[0.  0.  0.  0.  0.1 0.1]
         [0.1 0.1 0.2 0.2 0.2 0.2]]
        """
        n_rows = len(self.intervals.start)
        blocks, paths, out = contiguous(n_rows, self.n_groups), self.paths(), None
        held_out = list(self._choices())
        for path, splits in enumerate(paths):
            for group, split in enumerate(splits):
                of_split = np.asarray(predictions[split])
                if out is None:
                    out = np.empty((len(paths), n_rows, *of_split.shape[1:]), of_split.dtype)
                earlier = [b for g, b in enumerate(blocks) if g in held_out[split] and g < group]
                begin = sum(stop - first for first, stop in earlier)
                first, stop = blocks[group]
                out[path, first:stop] = of_split[begin : begin + stop - first]
        return np.asarray(out)

    def _choices(self) -> Iterator[tuple[int, ...]]:
        return combinations(range(self.n_groups), self.n_test_groups)

    def _held_out(self) -> Iterator[list[Block]]:
        blocks = contiguous(len(self.intervals.start), self.n_groups)
        for held in self._choices():
            yield _joined([blocks[group] for group in held])


class WalkForward(_Purged):
    """Each block of sessions is predicted by what was trained before it began.

    Only rows whose label has ended before the block begins train. No embargo is needed: nothing
    that trains comes after what is scored.

    Parameters
    ----------
    first_sessions
        Sessions that only train.
    retrain_sessions
        Sessions in a block; a model is trained anew before each. The last may have fewer.
    window
        ``expanding``: all of the past trains; ``rolling``: the last ``window_sessions``.
    session
        (n,) the session of each row, ascending.
    times
        See `_Purged`.

    Examples
    --------
    Six sessions of two rows, whose labels end one row later:

    >>> import numpy as np
    >>> session = np.arange(12) // 2
    >>> cv = WalkForward(2, 2, session=session, t1=np.arange(12) + 1)
    >>> for train, test in cv.split(session):
    ...     print(train, test)
    [0 1 2] [4 5 6 7]
    [0 1 2 3 4 5 6] [ 8  9 10 11]
    >>> cv = WalkForward(
    ...     2, 2, window="rolling", window_sessions=2, session=session, t1=np.arange(12) + 1
    ... )
    >>> for train, test in cv.split(session):
    ...     print(train, test)
    [0 1 2] [4 5 6 7]
    [4 5 6] [ 8  9 10 11]
    """

    def __init__(
        self,
        first_sessions: int,
        retrain_sessions: int = 1,
        *,
        session: Any,
        window: Literal["expanding", "rolling"] = "expanding",
        window_sessions: int | None = None,
        **times: Any,
    ) -> None:
        if first_sessions < 1 or retrain_sessions < 1:
            raise ValueError("first_sessions and retrain_sessions must be at least 1")
        if window not in ("expanding", "rolling"):
            raise ValueError(f"window={window!r} is neither expanding nor rolling")
        if window == "rolling" and not window_sessions:
            raise ValueError("window='rolling' needs window_sessions, at least 1")
        super().__init__(session=session, **times)
        assert self.intervals.session is not None
        self.session = self.intervals.session
        if first_sessions > self.session[-1]:
            raise ValueError(
                f"first_sessions={first_sessions} leaves nothing to predict of "
                f"{self.session[-1] + 1} sessions"
            )
        self.first_sessions = first_sessions
        self.retrain_sessions = retrain_sessions
        self.window_sessions = window_sessions if window == "rolling" else None

    def _held_out(self) -> Iterator[list[Block]]:
        sessions = np.arange(self.first_sessions, self.session[-1] + 1, self.retrain_sessions)
        borders = [*np.searchsorted(self.session, sessions).tolist(), len(self.session)]
        for first, stop in pairwise(borders):
            yield [(first, stop)]

    def _training(self, blocks: list[Block]) -> Int64Array1D:
        first, begin = blocks[0][0], 0
        if self.window_sessions is not None:
            oldest = self.session[first] - self.window_sessions
            begin = int(np.searchsorted(self.session, oldest))
        return self.intervals.ended_before(begin, first)


def contiguous(n_rows: int, n_blocks: int) -> list[Block]:
    """Blocks of all rows, sizes equal to one row, the larger ones first.

    Raises
    ------
    ValueError
        When there are fewer rows than blocks.
    """
    if n_rows < n_blocks:
        raise ValueError(f"{n_rows} rows are too few for {n_blocks} blocks")
    size, longer = divmod(n_rows, n_blocks)
    borders = [i * size + min(i, longer) for i in range(n_blocks + 1)]
    return list(pairwise(borders))


def runs(held_out: np.ndarray) -> list[Block]:
    """The blocks that a mask of held-out rows (n,) consists of."""
    change = np.flatnonzero(np.diff(np.r_[False, held_out, False].astype(np.int8))).tolist()
    return list(zip(change[::2], change[1::2], strict=True))


def _joined(blocks: list[Block]) -> list[Block]:
    """Blocks in order, those that touch made one."""
    joined = [blocks[0]]
    for first, stop in blocks[1:]:
        if first == joined[-1][1]:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((first, stop))
    return joined


def _length(X: Any) -> int:
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)
