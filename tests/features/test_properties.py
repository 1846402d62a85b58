"""No column looks ahead, none remembers the file's start; planted breaches are found."""

import numpy as np
import pandas as pd
import pytest

import naive_features as naive
from mlfactory.audit import prefix_violations, start_violations
from mlfactory.features import catalog
from mlfactory.features._base import inputs

MARKETS = {
    "regular hours with rolls": (
        {"seed": 1, "sessions": 16, "roll_sessions": (3, 8)},
        "America/New_York",
    ),
    "23 hours with rolls": (
        {
            "seed": 2,
            "sessions": 6,
            "bars_a_session": 276,
            "zone": "America/Chicago",
            "opening": "17:00",
            "roll_sessions": (2, 3),
        },
        "America/Chicago",
    ),
    "24 hours without a grid": (
        {
            "seed": 3,
            "sessions": 6,
            "bars_a_session": 288,
            "zone": "UTC",
            "opening": "00:00",
            "tick": 0.0,
        },
        "UTC",
    ),
}


def build_in(zone):
    return lambda bars: catalog.build(bars, timezone=zone, bar_interval=naive.BAR)


@pytest.fixture(scope="module", params=MARKETS, ids=list(MARKETS))
def bars_and_build(request):
    arguments, zone = MARKETS[request.param]
    return naive.market(**arguments), build_in(zone)


def test_rows_up_to_t_alone_give_the_same_row_t(bars_and_build):
    bars, build = bars_and_build
    n = len(bars)
    assert prefix_violations(build, bars, [n // 2, n - 150, n - 77, n - 1]) == []


def test_file_that_begins_later_gives_the_same_complete_rows(bars_and_build):
    bars, build = bars_and_build
    starts = [1, 40, 150, 333, 500]
    assert start_violations(build, bars, starts, catalog.first_complete_row) == []


@pytest.mark.parametrize("family", catalog.FAMILIES)
def test_each_column_is_complete_after_its_own_lookback_and_sessions(family):
    bars = naive.market(9, sessions=12, roll_sessions=(3,))
    module = catalog._module(family)
    computed = {}

    def first_row(later, feature):
        starts = np.flatnonzero(later["session"].diff().fillna(1.0) != 0)
        return max(feature.lookback - 1, starts[feature.sessions])

    def build(part):
        if len(part) not in computed:
            arrays = inputs(part, "America/New_York", naive.BAR.as_unit("ns").value)
            computed[len(part)] = pd.DataFrame(module.compute(arrays)).astype("float32")
        return computed[len(part)]

    for feature in module.FEATURES:
        found = start_violations(
            lambda part, name=feature.name: build(part)[[name]],
            bars,
            [20, 110, 301],
            lambda later, feature=feature: first_row(later, feature),
        )
        assert found == []


def test_roll_leaves_no_trace_in_any_column():
    bars = naive.market(4, sessions=12, hole_share=0.0)
    rolled = bars.copy()
    later = rolled["session"] >= rolled["session"].unique()[8]
    first = int(later.idxmax())
    bars.loc[first, "open"] = bars.loc[first - 1, "close"]
    rolled.loc[first, "open"] = rolled.loc[first - 1, "close"]
    for side in ("high", "low"):
        fit = np.maximum if side == "high" else np.minimum
        value = fit(bars.loc[first, side], bars.loc[first, "open"])
        bars.loc[first, side] = rolled.loc[first, side] = value
    rolled.loc[later, ["open", "high", "low", "close"]] *= 1.01
    rolled.loc[later, "contract"] = "C1"
    build = build_in("America/New_York")
    pd.testing.assert_frame_equal(build(bars), build(rolled), rtol=1e-5, atol=1e-6)


def test_no_column_is_a_level_of_price_or_volume():
    bars = naive.market(5, sessions=12)
    scaled = bars.copy()
    scaled[["open", "high", "low", "close"]] *= 16.0
    scaled["volume"] *= 1024.0
    build = build_in("America/New_York")
    pd.testing.assert_frame_equal(build(bars), build(scaled), rtol=1e-5, atol=1e-6)


def plant(column):
    """A build with one column, ``column(close)``."""
    return lambda bars: pd.DataFrame(
        {"datetime": bars["datetime"], "planted": column(bars["close"])}
    )


@pytest.mark.parametrize(
    "column",
    [
        lambda close: close.rolling(11, center=True).mean(),
        lambda close: (close - close.mean()) / close.std(),
        lambda close: close.shift(-1),
        lambda close: close.bfill().rank(pct=True),
    ],
    ids=["centred window", "whole-series z-score", "shift(-1)", "whole-series rank"],
)
def test_planted_look_ahead_is_found(column):
    bars = naive.market(6, sessions=4)
    (found,) = prefix_violations(plant(column), bars, [100, 200])
    assert found.column == "planted"
    assert found.row < 200


@pytest.mark.parametrize(
    "column",
    [
        lambda close: np.sign(close.diff().fillna(0.0)).cumsum(),
        lambda close: close / close.iloc[0],
        lambda close: close.expanding().mean(),
        lambda close: close.ewm(span=400, adjust=False).mean() / close - 1.0,
    ],
    ids=["running sum", "first price", "expanding mean", "memory longer than declared"],
)
def test_planted_memory_of_the_start_is_found(column):
    bars = naive.market(6, sessions=8)
    (found,) = start_violations(plant(column), bars, [50, 90], lambda later: 100)
    assert found.column == "planted"
    assert found.row >= 150


def test_clean_column_breaks_neither_property():
    bars = naive.market(6, sessions=4)
    clean = plant(lambda close: close.pct_change(3))
    assert prefix_violations(clean, bars, [100, 200]) == []
    assert start_violations(clean, bars, [50], lambda later: 3) == []


def test_violation_names_the_first_row_over_all_cuts():
    bars = naive.market(6, sessions=4)
    (found,) = prefix_violations(plant(lambda close: close.shift(-1)), bars, [200, 100])
    assert found.row == 99
    assert np.isnan(found.part)


def test_build_that_loses_rows_is_refused():
    bars = naive.market(6, sessions=2)
    with pytest.raises(ValueError, match="rows for"):
        prefix_violations(lambda b: plant(lambda c: c)(b).iloc[5:], bars, [100])
