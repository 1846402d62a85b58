import numpy as np
import pandas as pd
import pytest

from mlfactory.meta_labels import meta_labels

# ret is seen from the label's side, of neutral from a long's
LABELS = pd.DataFrame(
    {
        "label": pd.array([2, 2, 0, 0, 1, 1, 1, None, 2], dtype="Int8"),
        "ret": [0.02, 0.02, 0.03, 0.03, 0.004, 0.0005, -0.004, 0.05, 0.02],
    }
)
SIDE = np.array([1, -1, 1, -1, 1, 1, -1, 1, 0], dtype=np.int8)


def test_side_pays_where_its_return_is_above_the_cost():
    found = meta_labels(LABELS, SIDE, np.full(9, 0.001))
    assert found.tolist() == [1, 0, 0, 1, 1, 0, 1, pd.NA, pd.NA]
    assert str(found.dtype) == "Int8"


def test_cost_decides_small_gains():
    dear = meta_labels(LABELS, SIDE, np.full(9, 0.025))
    assert dear.tolist() == [0, 0, 0, 1, 0, 0, 0, pd.NA, pd.NA]


def test_other_sides_are_refused():
    with pytest.raises(ValueError, match="side must be -1, 0 or 1"):
        meta_labels(LABELS, SIDE * 2, np.zeros(9))
