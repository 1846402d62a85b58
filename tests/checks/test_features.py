import numpy as np
import pandas as pd
import pytest

from mlfactory.checks.features import measures


def split(**columns):
    return pd.DataFrame({name: np.array(v, dtype=np.float32) for name, v in columns.items()})


def test_clipped_share_is_of_training_rows_at_either_bound():
    later = split(a=[5, 5, 5, 5], b=[0, 1, 2, 3])
    train = split(a=[-5, 5, 0, 4.9], b=[0, 1, 2, 3])
    found = measures({"train": train, "val": later, "test": later}, ["a", "b"])
    assert found["clipped_share"] == {"a": 0.5, "b": 0}


def test_each_later_split_is_compared_with_training():
    rng = np.random.default_rng(0)
    train, same = split(a=rng.normal(size=2000)), split(a=rng.normal(size=2000))
    moved = split(a=rng.normal(1, size=2000))
    found = measures({"train": train, "val": same, "test": moved}, ["a"])
    assert found["psi_val"]["a"] == pytest.approx(0, abs=0.02)
    assert found["psi_test"]["a"] > 0.5
