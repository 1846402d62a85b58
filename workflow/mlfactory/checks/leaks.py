"""Whether what was written leaks: counts that must be 0 whatever the configuration says."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from mlfactory.audit import purge_violations
from mlfactory.checks.check import Check
from mlfactory.folds import embargo_bars, intervals, training_rows
from mlfactory.times import nanoseconds

_TOLERANCE = 1e-3  # interquartile ranges; a median of float32 between two rows


def border_leaks(labels: pd.DataFrame, splits: Mapping[str, pd.DataFrame]) -> int:
    """Rows of a split whose label ends after the next split's first row has begun.

    Parameters
    ----------
    labels
        Table of schema LABELS, all bars.
    splits
        In order of time, each with ``datetime``.
    """
    time, t1 = nanoseconds(labels["datetime"]), labels["t1"]
    count = 0
    for split, following in pairwise(splits.values()):
        first, last = nanoseconds(split["datetime"])[[0, -1]]
        inside = (time >= first) & (time <= last)
        count += int((t1[inside] > following["datetime"].iloc[0]).sum())
    return count


def fold_leaks(folds: pd.DataFrame, embargo: Mapping[str, int]) -> int:
    """Labelled rows that train a fold and overlap its held-out block, or follow it too soon."""
    start, end = intervals(folds)
    fold = folds["fold"].fillna(-1).to_numpy(dtype=np.int64)
    bars = embargo_bars(folds, **embargo)
    count = 0
    for k in np.unique(fold[fold >= 0]):
        held_out = fold == k
        train = training_rows(start, end, held_out, bars)
        count += len(purge_violations(start, end, train, held_out, bars))
    return count


def stray_rows(folds: pd.DataFrame, train: pd.DataFrame) -> int:
    """Rows of the folds that are no training rows, or the other way round."""
    return len(np.setxor1d(nanoseconds(folds["datetime"]), nanoseconds(train["datetime"])))


def scaled_elsewhere(train: pd.DataFrame, names: Sequence[str]) -> int:
    """Columns whose training median is not 0: scaled by the median of other rows."""
    medians = np.median(train[list(names)].to_numpy(dtype=np.float64), axis=0)
    return int((np.abs(medians) > _TOLERANCE).sum())


def leak_checks(found: Mapping[str, Mapping[str, int]]) -> Iterator[Check]:
    """One check a leak: its counts by what they were counted in, all of which must be 0."""
    for name, counts in found.items():
        of = max(counts, key=lambda key: counts[key])
        bad = sum(count > 0 for count in counts.values())
        yield Check("leaks", name, of, float(counts[of]), None, 0.0, "fail" if bad else "pass", bad)
