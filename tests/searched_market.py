"""A small market with a training split and a validation split, for tests of the barrier search."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from market import bars_of, contract, random_raw
from mlfactory.barrier_search import search
from mlfactory.contracts import Slippage

HORIZON = 2
PER_BAR, PER_SESSION = 3, 12
WARM_UP, TRAINED, BARS = 20, 260, 330
SHARE = 0.5
SEARCHED = WARM_UP + int(SHARE * (TRAINED - WARM_UP))
"""The first bar after the searched ones."""

LABELS = {"atr_period": 5, "atr_floor_ticks": 2.0, "cross_sessions": True}
STUDY = {"trials": 12, "startup_trials": 5, "sampler": "tpe", "k_min": 0.3, "k_max": 2.0}


def costly(ticks=0.5):
    return contract(slippage_ticks=Slippage(ticks, ticks))


@dataclass(frozen=True)
class Market:
    bars: pd.DataFrame
    raw: pd.DataFrame
    features: pd.DataFrame

    @property
    def train(self):
        return self.features.iloc[WARM_UP:TRAINED].reset_index(drop=True)


def wide_raw(seed):
    """A random walk in which one minute in ten reaches far to both sides."""
    raw = random_raw(PER_BAR * BARS, seed)
    wide = np.random.default_rng(seed).random(len(raw)) < 0.1
    raw[wide, 1] += 4
    raw[wide, 2] -= 4
    return raw


def market(seed=0, k=4, signal=0.0, raw=None):
    """``signal`` is how much of what the next four bars bring the first feature knows."""
    raw = random_raw(PER_BAR * BARS, seed) if raw is None else raw
    bars, raw_bars = bars_of(raw, per_bar=PER_BAR, session=np.arange(BARS) // PER_SESSION)
    values = np.random.default_rng(seed).normal(size=(BARS, k))
    ahead = bars["close"].shift(-4).fillna(bars["close"].iloc[-1]) - bars["close"]
    values[:, 0] += signal * np.asarray(ahead / ahead.std())
    marks = bars[["datetime", "session", "segment"]]
    columns = pd.DataFrame(values.astype(np.float32), columns=[f"f{i}" for i in range(k)])
    return Market(bars, raw_bars, pd.concat([marks, columns], axis=1))


def poisoned(honest, first):
    """The same market with noise in every bar, minute and feature from bar ``first`` on."""
    generator = np.random.default_rng(8)
    raw = honest.raw[["open", "high", "low", "close"]].to_numpy().copy()
    later = raw[PER_BAR * first :]
    later[:] = later[generator.permutation(len(later))] * generator.uniform(0.5, 1.5)
    noisy = market(raw=raw)
    features = honest.features.copy()
    names = [c for c in features if c.startswith("f")]
    noise = 50 * generator.normal(size=(BARS - first, len(names)))
    features.loc[first:, names] = noise.astype(np.float32)
    return Market(noisy.bars, noisy.raw, features)


def found(given, **change):
    """What a search of the market finds."""
    terms = {"horizon": HORIZON, "contract": costly(), "share": SHARE, "seed": 3}
    return search(given.bars, given.raw, given.train, **terms | STUDY | LABELS | change)
