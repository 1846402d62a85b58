"""What a trial of a model is made of that sees one row in so many."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mlfactory import registry
from mlfactory._typing import Int64Array1D
from mlfactory.sequences import CHUNK

_BLOCKS = 10
"""At least so many blocks of consecutive rows are taken; they are shorter where rows are few."""


def one_in(every: int, rows: Int64Array1D, sequences: bool) -> Int64Array1D:
    """One row in ``every``; for models of ``sequences``, one block of consecutive rows in so many.

    The windows of consecutive rows overlap in nearly all rows: each fifth row alone costs such a
    model as much as all.

    Examples
    --------
    >>> one_in(5, np.arange(12), sequences=False)
    array([ 0,  5, 10])
    >>> one_in(2, np.arange(60), sequences=True)
    array([ 0,  1,  2,  6,  7,  8, 12, 13, 14, 18, 19, 20, 24, 25, 26, 30, 31,
           32, 36, 37, 38, 42, 43, 44, 48, 49, 50, 54, 55, 56])
    """
    block = max(1, min(CHUNK, len(rows) // (_BLOCKS * every))) if sequences else 1
    return rows[np.arange(len(rows)) // block % every == 0]


def for_part(model: Mapping[str, Any], training: Mapping[str, Any], every: int) -> dict[str, Any]:
    """The ``training`` parameters for one row in ``every``: those that count rows are smaller.

    What belongs to a step is greater by the square root of ``every``, of which there are so many
    times fewer: ``every`` times as great steps would go as far, but astray. Where that is not every
    row, what only averages is half as much.

    Examples
    --------
    >>> boosted = {"model": {"type": "lightgbm"}}
    >>> for_part(boosted, {"min_data_in_leaf": 50, "num_leaves": 8}, 4)
    {'min_data_in_leaf': 12, 'num_leaves': 8}
    >>> for_part({"model": {"type": "catboost"}}, {"l2_leaf_reg": 3}, 4)
    {'l2_leaf_reg': 0.75}
    >>> for_part({"model": {"type": "svm"}}, {"landmarks": 300, "gamma": 0.3}, 4)
    {'landmarks': 75, 'gamma': 0.3}
    >>> grown = {"model": {"type": "random_forest"}}
    >>> for_part(grown, {"min_samples_leaf": 200, "trees": 25}, 4)
    {'min_samples_leaf': 50, 'trees': 12}
    >>> for_part({"model": {"type": "gru"}}, {"learning_rate": 0.001, "hidden": 16}, 4)
    {'learning_rate': 0.002, 'hidden': 16}
    """
    kind = registry.get(model["model"]["type"])
    smaller = dict(training)
    for key in kind.OF_ROWS:
        part = smaller[key] / every
        smaller[key] = max(1, round(part)) if kind.PARAMETERS[key].kind is int else part
    for key in kind.PER_STEP:
        smaller[key] = min(kind.PARAMETERS[key].high, smaller[key] * math.sqrt(every))
    for key in kind.AVERAGED if every > 1 else ():
        smaller[key] = max(1, smaller[key] // 2)
    return smaller
