"""Meta-labels: given a side, whether the trade paid."""

import numpy as np
import pandas as pd

from mlfactory._typing import Float64Array1D, Int8Array1D
from mlfactory.quality import SHORT


def meta_labels(labels: pd.DataFrame, side: Int8Array1D, cost: Float64Array1D) -> pd.Series:
    """Whether a position of the given side, held until the label's exit, paid its costs.

    The side comes from elsewhere (a rule, a model that saw none of these rows); a second model may
    then learn when to follow it. Source: Lopez de Prado, Advances in Financial Machine Learning,
    2018, section 3.6.

    Parameters
    ----------
    labels
        Table of schema LABELS, n rows.
    side
        (n,) 1 long, -1 short, 0 no position.
    cost
        (n,) round-trip cost as a fraction of the entry price.

    Returns
    -------
    (n,) Int8, 1 where the side's return is above the cost, 0 where it is not, missing where there
    is no position or no label.

    Raises
    ------
    ValueError
        When a side is none of -1, 0 and 1.
    """
    side = np.asarray(side)
    if not np.isin(side, (-1, 0, 1)).all():
        raise ValueError("side must be -1, 0 or 1 in every row")
    of_a_long = labels["ret"].where(labels["label"].fillna(-1) != SHORT, -labels["ret"])
    paid = pd.Series(side, index=labels.index) * of_a_long > cost
    return paid.astype("Int8").where((side != 0) & labels["label"].notna())
