"""How long splitters take beside those of other libraries, where these can be imported.

    python benchmarks/splitters.py [--rows 150000]

Every row's label ends up to 50 rows later. Prints CPU milliseconds, the median of several runs, of
making the splitter and going through all of its splits, and the ratio to ours. mlfinpy is measured
on fewer rows, all labels of one length. Nothing here needs the other libraries.
"""

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median

import numpy as np
import pandas as pd

from mlfactory.splitters import CombinatorialPurgedKFold, PurgedKFold, WalkForward

FEW = 15_000


def cpu_ms(call: Callable[[], object], repeat: int) -> float:
    taken = []
    for _ in range(repeat):
        began = time.process_time()
        call()
        taken.append(1000 * (time.process_time() - began))
    return median(taken)


def show(what: str, ms: float, ours: float) -> None:
    print(f"{what:58} {ms:10.2f} ms {ms / ours:10.1f}")


def market(n: int) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex, np.ndarray]:
    """Start and end of each row's label, and its session."""
    start = pd.date_range("2020-01-01", periods=n, freq="5min").as_unit("ns")
    held = np.random.default_rng(1).integers(1, 51, n)
    return start, start + pd.to_timedelta(5 * held, unit="min"), np.arange(n) // 276


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=150_000)
    n = parser.parse_args().rows
    start, end, session = market(n)
    X = np.zeros((n, 1))
    times = {"start": start.to_numpy(), "end": end.to_numpy()}
    folds = cpu_ms(lambda: list(PurgedKFold(5, embargo="1D", **times).split(X)), 25)
    show("PurgedKFold, 5 folds", folds, folds)
    chosen = cpu_ms(
        lambda: list(CombinatorialPurgedKFold(6, 2, embargo="1D", **times).split(X)), 25
    )
    if find_spec("purgedcv"):
        import purgedcv

        theirs = {"prediction_times": start, "evaluation_times": end, "embargo": "1D"}
        show(
            "purgedcv, the same",
            cpu_ms(lambda: list(purgedcv.PurgedKFold(5, **theirs).split(X)), 3),
            folds,
        )
    if find_spec("mlfinpy"):
        show(f"mlfinpy, no embargo, {FEW} rows times {n // FEW}", mlfinpy_folds(n), folds)
    show("CombinatorialPurgedKFold, 2 of 6 groups", chosen, chosen)
    if find_spec("purgedcv"):
        cv = {"n_splits": 6, "n_test_groups": 2, **theirs}
        ms = cpu_ms(lambda: list(purgedcv.CombinatorialPurgedCV(**cv).split(X)), 3)
        show("purgedcv, the same", ms, chosen)
    if find_spec("skfolio"):
        from skfolio.model_selection import CombinatorialPurgedCV

        by_count = CombinatorialPurgedCV(6, 2, purged_size=50, embargo_size=288)
        show("skfolio, purged by count", cpu_ms(lambda: list(by_count.split(X)), 5), chosen)
    walk = cpu_ms(lambda: list(WalkForward(250, 20, session=session, **times).split(X)), 25)
    show("WalkForward, every 20 sessions from the 250th", walk, walk)


def mlfinpy_folds(n: int) -> float:
    """On few rows, and labels of one length: its purge fails where lengths differ."""
    from mlfinpy.cross_validation.cross_validation import PurgedKFold as Theirs

    start, _, _ = market(FEW)
    ends = pd.Series(start + pd.Timedelta("250min"), index=start)
    X = pd.DataFrame({"x": 0.0}, index=start)
    cv = Theirs(5, samples_info_sets=ends)
    return cpu_ms(lambda: list(cv.split(X)), 1) * n / FEW


if __name__ == "__main__":
    main()
