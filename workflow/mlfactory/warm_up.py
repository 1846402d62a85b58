"""Compile every kernel once, into numba's cache, so that no job has to."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from mlfactory import config as configuration
from mlfactory import contracts, importance, registry, schemas, tables
from mlfactory.features import catalog
from mlfactory.labels import label_bars
from mlfactory.models._rows import FeatureRows
from mlfactory.symbol_bars import bars_of


def warm_up() -> None:
    """Take a month of a simulated market to labels, and fit the models that have kernels."""
    settings = configuration.load([])
    known = contracts.load(configuration.ROOT / "config/contracts.yaml")
    contract = contracts.get(known, "DEMO")
    settings["synthetic"]["DEMO"]["months"] = 1
    bars, raw_bars, account = bars_of(settings, contract)
    with tempfile.TemporaryDirectory() as folder:
        bars, raw_bars = _through_files(Path(folder), bars, raw_bars)
    # One timeframe compiles what all of them run; the session's would need a longer market.
    chosen = catalog.FeatureSet(timeframes=("15min",))
    catalog.build(bars, timezone=account["timezone"], chosen=chosen)
    label_bars(
        bars,
        raw_bars,
        horizon=20,
        contract=contract,
        raw_interval=pd.Timedelta(account["raw_interval"]),
        **configuration.barriers(settings, "DEMO", 20),
        atr_period=14,
        atr_floor_ticks=2.0,
        cross_sessions=True,
        events={"kind": "cusum", "threshold_atr": 1.0},
    )
    for name, smaller in (("random_forest", {"trees": 2}), ("svm", {"landmarks": 5})):
        _fit_and_load(name, smaller)
    _rank()


def _through_files(
    folder: Path, bars: pd.DataFrame, raw_bars: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables as jobs see them: kernels are compiled for read-only arrays too."""
    tables.write(bars, folder / "bars.parquet", schemas.BARS)
    tables.write(raw_bars, folder / "raw_bars.parquet", schemas.RAW_BARS)
    return (
        tables.read(folder / "bars.parquet", schemas.BARS),
        tables.read(folder / "raw_bars.parquet", schemas.RAW_BARS),
    )


def _fit_and_load(name: str, smaller: dict[str, int]) -> None:
    """Fit and load a model whose predictions are a kernel."""
    model = configuration.load_models([name])[name]
    generator = np.random.default_rng(0)
    values = generator.normal(size=(2000, 2)).astype(np.float32)
    rows = FeatureRows(values, np.zeros(2000, np.int32), np.arange(2000), ("a", "b"))
    label = generator.integers(0, 3, 2000).astype(np.int8)
    fitted = registry.make(model | {"training": model["training"] | smaller})
    fitted.fit(rows, label)
    with tempfile.TemporaryDirectory() as folder:
        fitted.predict(rows)
        fitted.save(Path(folder))
        type(fitted).load(Path(folder)).predict(rows)


def _rank() -> None:
    """Permute a feature of a small forest."""
    generator = np.random.default_rng(0)
    binned = generator.integers(0, importance.BINS, (500, 2)).astype(np.float32)
    label = generator.integers(0, 3, 500).astype(np.int8)
    forest, _ = importance.grown(binned, label, np.ones(500), 1, 0)
    importance.permuted_loss(forest, binned, label, [np.array([0])], 0)


if __name__ == "__main__":
    warm_up()
