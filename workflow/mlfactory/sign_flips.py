"""The market with the signs of its raw returns flipped at random: no direction, all else kept."""

import numpy as np
import pandas as pd

from mlfactory._typing import Float64Array2D

_PRICES = ["open", "high", "low", "close"]
_MIRRORED = [0, 2, 1, 3]  # of a mirrored row the lowest price was the highest


def flip_signs(
    bars: pd.DataFrame, raw_bars: pd.DataFrame, *, tick_size: float, seed: int, replicate: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mirror each raw row, or not, about the close before it, by the toss of a coin.

    Times, volumes, sizes of moves and ranges are kept, and with them the clock and the clustering
    of volatility; which way the price goes next, nothing can know.

    Parameters
    ----------
    bars, raw_bars
        Tables of schemas BARS and RAW_BARS.
    tick_size
        Prices are rounded to it; the unrounded path goes on, so that rounding does not add up.
    seed, replicate
        Of the coin. The first row, and the first of each contract, are never mirrored: a roll is
        no return.

    Returns
    -------
    Both tables of the other market, with the same rows.
    """
    prices = np.log(raw_bars[_PRICES].to_numpy(dtype=np.float64))
    flipped = np.exp(_mirrored(prices, _coin(bars, raw_bars, seed, replicate)))
    flipped = np.maximum(np.rint(flipped / tick_size), 1.0) * tick_size
    other_raw = raw_bars.assign(**dict(zip(_PRICES, flipped.T, strict=True)))
    by_bar = other_raw.groupby("bar", sort=False)
    found = {"open": "first", "high": "max", "low": "min", "close": "last"}
    joined = {name: by_bar[name].agg(how).to_numpy() for name, how in found.items()}
    return bars.assign(**joined), other_raw


def _coin(bars: pd.DataFrame, raw_bars: pd.DataFrame, seed: int, replicate: int) -> np.ndarray:
    """1 or -1 for each raw row."""
    generator = np.random.default_rng([seed, replicate])
    sign = generator.choice([-1.0, 1.0], len(raw_bars))
    contract = bars["contract"].fillna("")
    begins = (contract != contract.shift()).to_numpy()
    bar = raw_bars["bar"].to_numpy()
    sign[(np.diff(bar, prepend=-1) != 0) & begins[bar]] = 1.0
    return sign


def _mirrored(prices: Float64Array2D, sign: np.ndarray) -> Float64Array2D:
    """Log prices (m, 4) open, high, low, close, each row mirrored where its sign is -1."""
    before = np.r_[prices[0, 0], prices[:-1, 3]]
    moves = prices - before[:, None]
    moves = np.where(sign[:, None] < 0, -moves[:, _MIRRORED], moves)
    start = before[0] + np.r_[0.0, np.cumsum(moves[:-1, 3])]
    return start[:, None] + moves
