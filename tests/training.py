"""A small training split with folds and labels, and cheap models, for tests of fits and scores."""

import numpy as np
import pandas as pd

from mlfactory.folds import fold_numbers

FAST = {
    "logistic": {"C": [0.01, 0.1], "screened": 99, "max_iterations": 50, "tolerance": 1e-4},
}


def logistic(**training):
    return {
        "model": {"type": "logistic", "family": "classical"},
        "decomposition": "multiclass",
        "needs": {"scaling": True, "features": "all", "sequence_length": 1},
        "training": FAST["logistic"] | training,
        "early_stopping": {"enabled": True, "patience": 2, "min_delta": 0.0},
    }


def training_tables(n=600, n_splits=3, seed=0, signal=1.0, per_session=50, held=6, noise=0):
    """(train, folds): features a, b, c; a shifts the label's odds by ``signal``.

    ``noise`` further features say nothing.
    """
    generator = np.random.default_rng(seed)
    times = pd.date_range("2024-01-02", periods=n, freq="5min", tz="UTC").as_unit("ns")
    values = generator.normal(size=(n, 3)).astype(np.float32)
    score = signal * values[:, 0] + generator.normal(size=n)
    label = np.select([score < -0.6, score > 0.6], [0, 2], 1)
    number = np.arange(n)
    last = np.minimum(number + held, n - 1)
    unknown = number + held >= n
    unknown |= generator.random(n) < 0.03
    session = (number // per_session + 19000).astype(np.int32)
    train = pd.DataFrame({"datetime": times, "session": session, "segment": np.int32(0)})
    train[["a", "b", "c"]] = values
    for i in range(noise):
        train[f"noise_{i}"] = np.random.default_rng(i).normal(size=n).astype(np.float32)
    end = pd.Series(times + pd.Timedelta("5min"))
    folds = pd.DataFrame(
        {
            "datetime": times,
            "end": end,
            "session": session,
            "minute": (number % per_session * 5).astype(np.int32),
            "fold": pd.Series(fold_numbers(n, n_splits)).astype("Int16"),
            "label": pd.Series(label).astype("Int8").mask(unknown),
            "t1": end.take(last).reset_index(drop=True).mask(unknown),
            "bars_held": pd.Series(np.full(n, held)).astype("Int32").mask(unknown),
            "uniqueness": pd.Series(generator.uniform(0.1, 1, n)).mask(unknown),
            "quality": pd.Series(generator.uniform(0, 1, n)).mask(unknown),
        }
    )
    return train, folds
