"""Moving averages: how far the close stands from them, and they from each other."""

import talib

from mlfactory._typing import Float64Array1D
from mlfactory.features._base import Feature, Inputs, ema_memory_bars, rolling_mean, sign

SMA_BARS = (10, 20, 50, 100, 200)
EMA_BARS = (9, 12, 21, 26, 50)

FEATURES = (
    *(
        Feature(f"sma_distance_{n}", n, "TA-Lib SMA", "ratio", f"close / SMA({n}) - 1")
        for n in SMA_BARS
    ),
    *(
        Feature(
            f"ema_distance_{n}",
            ema_memory_bars(n),
            "TA-Lib EMA",
            "ratio",
            f"close / EMA({n}) - 1",
        )
        for n in EMA_BARS
    ),
    Feature("sma_ratio_10_50", 50, "TA-Lib SMA", "ratio", "SMA(10) / SMA(50) - 1"),
    Feature("sma_ratio_50_200", 200, "TA-Lib SMA", "ratio", "SMA(50) / SMA(200) - 1"),
    Feature(
        "share_above_sma_50",
        69,
        "TA-Lib SMA",
        "fraction",
        "share of the last 20 closes above their SMA(50); an equal one counts half",
        bounded=True,
    ),
)


def compute(inputs: Inputs) -> dict[str, Float64Array1D]:
    """Columns of ``FEATURES``, each of shape (n,)."""
    close = inputs.close
    sma = {n: talib.SMA(close, n) for n in SMA_BARS}
    columns = {f"sma_distance_{n}": close / sma[n] - 1.0 for n in SMA_BARS}
    columns |= {f"ema_distance_{n}": close / talib.EMA(close, n) - 1.0 for n in EMA_BARS}
    side = sign(columns["sma_distance_50"])
    return columns | {
        "sma_ratio_10_50": sma[10] / sma[50] - 1.0,
        "sma_ratio_50_200": sma[50] / sma[200] - 1.0,
        "share_above_sma_50": rolling_mean(0.5 + 0.5 * side, 20),
    }
