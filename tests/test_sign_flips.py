import numpy as np
import pandas as pd
import pytest

from market import MINUTE, bars_of, contract, random_raw
from mlfactory import schemas, sign_flips, tables
from mlfactory.labels import label_bars
from mlfactory.sign_flips import flip_signs


def market(n=3000, seed=1):
    return bars_of(random_raw(n, seed), per_bar=5)


def flipped(bars, raw_bars, replicate=0):
    return flip_signs(bars, raw_bars, tick_size=0.25, seed=3, replicate=replicate)


def test_mirrored_rows_keep_times_volumes_and_the_size_of_moves():
    bars, raw = market()
    other, other_raw = flipped(bars, raw)
    tables.check(other, schemas.BARS, "bars")
    tables.check(other_raw, schemas.RAW_BARS, "raw bars")
    kept = ["datetime", "volume", "bar"]
    pd.testing.assert_frame_equal(other_raw[kept], raw[kept])
    moves = [np.diff(np.log(t["close"])) for t in (raw, other_raw)]
    tick = 0.25 / raw["close"].min() + 0.25 / other_raw["close"].min()
    np.testing.assert_allclose(np.abs(moves[0]), np.abs(moves[1]), atol=tick)
    moved = np.abs(moves[0]) > 2 * tick
    turned = np.sign(moves[0][moved]) != np.sign(moves[1][moved])
    assert 0.4 < turned.mean() < 0.6


def test_row_is_mirrored_about_the_close_before_it():
    before = [100.0, 100.0, 100.0, 100.0]
    bars, raw = bars_of([before, [101.0, 104.0, 98.0, 102.0]], per_bar=1)
    seen = set()
    for replicate in range(20):
        _, other = flipped(bars, raw, replicate)
        seen.add(tuple(other.loc[1, ["open", "high", "low", "close"]]))
        assert other.loc[0, "close"] == 100.0
    tick = lambda price: round(price / 0.25) * 0.25  # noqa: E731
    assert seen == {
        (101.0, 104.0, 98.0, 102.0),
        (tick(1e4 / 101), tick(1e4 / 98), tick(1e4 / 104), tick(1e4 / 102)),
    }


def test_bars_are_those_of_the_mirrored_rows():
    bars, raw = market(600)
    other, other_raw = flipped(bars, raw)
    made, _ = bars_of(other_raw[["open", "high", "low", "close"]].to_numpy(), per_bar=5)
    for name in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(other[name], made[name])


def test_roll_is_never_mirrored():
    bars, raw = bars_of([[100.0] * 4, [150.0] * 4, [150.0] * 4], per_bar=1)
    bars["contract"] = ["A", "B", "B"]
    for replicate in range(10):
        _, other = flipped(bars, raw, replicate)
        assert other["close"].tolist() == [100.0, 150.0, 150.0]


def test_trend_is_gone_and_same_seed_gives_the_same_bytes():
    bars, raw = market(4000)
    trend = raw.assign(**{c: raw[c] + 0.25 * np.arange(len(raw)) for c in sign_flips._PRICES})
    ups = []
    for replicate in range(5):
        other, other_raw = flipped(bars, trend, replicate)
        labels = label_bars(
            other,
            other_raw,
            horizon=4,
            contract=contract(),
            raw_interval=MINUTE,
            **{"k_up": 1.5, "k_down": 1.5, "max_bars": 8, "atr_period": 5},
            **{"atr_floor_ticks": 2, "cross_sessions": True},
        )
        ups.append((labels["label"] == 2).sum() / labels["label"].isin([0, 2]).sum())
        again, _ = flipped(bars, trend, replicate)
        pd.testing.assert_frame_equal(again, other)
    assert np.mean(ups) == pytest.approx(0.5, abs=0.06)
