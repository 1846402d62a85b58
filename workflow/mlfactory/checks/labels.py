"""Whether the labels of the training rows are sound: known, balanced, decided, independent."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from mlfactory.checks.check import Check, Limits, judged


def measures(labels: pd.DataFrame, coarse: pd.DataFrame, max_bars: int) -> dict[str, float]:
    """What is measured of one horizon's labels.

    Parameters
    ----------
    labels
        Table of schema LABELS, rows of the training split.
    coarse
        The same rows labelled with the bars themselves as the path: what a workflow without the
        raw rows would have seen.
    max_bars
        The vertical barrier.

    Returns
    -------
    ``label_share`` of rows with a label; ``class_share``, the rarest class's share of these;
    ``ambiguous_share`` of the paths that are whole whose raw row met both barriers, and
    ``ambiguous_bar_share`` whose bar did; ``holding_share``, mean bars held over ``max_bars``;
    ``uniqueness``, the mean of labelled rows. Without any label the last two are NaN.
    """
    label = labels["label"].dropna().to_numpy(dtype=np.int64)
    known = labels["label"].notna()
    whole = labels["t1"].notna()
    return {
        "label_share": len(label) / len(labels),
        "class_share": float(np.bincount(label, minlength=3).min()) / max(len(label), 1),
        "ambiguous_share": float(labels["ambiguous"].sum()) / max(int(whole.sum()), 1),
        "ambiguous_bar_share": float(coarse["ambiguous"].sum()) / max(int(whole.sum()), 1),
        "holding_share": float(labels["bars_held"][known].astype("float64").mean()) / max_bars,
        "uniqueness": float(labels["uniqueness"][known].mean()),
    }


def label_checks(found: Mapping[int, Mapping[str, float]], limits: Limits) -> Iterator[Check]:
    """One check a measure, of its worst horizon; ``found`` as `measures`, by horizon."""
    for measure in next(iter(found.values())):
        yield judged(
            "labels", measure, {f"h{h}": values[measure] for h, values in found.items()}, limits
        )
