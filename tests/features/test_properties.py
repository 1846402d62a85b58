"""No column looks ahead, none remembers the file's start; planted breaches are found."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import pywt

import naive_features as naive
from mlfactory.audit import future_violations, prefix_violations, start_violations
from mlfactory.features import catalog, timeframe, wavelet
from mlfactory.features._base import inputs

MARKETS = {
    "regular hours with rolls": (
        {
            "seed": 1,
            "sessions": 34,
            "roll_sessions": (3, 24),
            "half_days": (7, 25),
            "holes": ((24, 10, 14), (26, 46, 78), (27, 0, 5)),
        },
        "America/New_York",
    ),
    "23 hours with rolls": (
        {
            "seed": 2,
            "sessions": 28,
            "bars_a_session": 276,
            "zone": "America/Chicago",
            "opening": "17:00",
            "roll_sessions": (2, 24),
            "half_days": (23,),
            "holes": ((24, 100, 170),),
        },
        "America/Chicago",
    ),
    "24 hours without a grid": (
        {
            "seed": 3,
            "sessions": 26,
            "bars_a_session": 288,
            "zone": "UTC",
            "opening": "00:00",
            "tick": 0.0,
        },
        "UTC",
    ),
}


def build_in(zone):
    return lambda bars: catalog.build(bars, timezone=zone)


@pytest.fixture(scope="module", params=MARKETS, ids=list(MARKETS))
def bars_and_build(request):
    arguments, zone = MARKETS[request.param]
    return naive.market(**arguments), build_in(zone)


def test_rows_up_to_t_alone_give_the_same_row_t(bars_and_build):
    bars, build = bars_and_build
    n = len(bars)
    assert prefix_violations(build, bars, [n - 430, n - 150, n - 77, n - 1]) == []


def test_noise_after_t_changes_no_row_up_to_t(bars_and_build):
    bars, build = bars_and_build
    n = len(bars)
    assert future_violations(build, bars, [n - 430, n - 77]) == []


def test_file_that_begins_later_gives_the_same_complete_rows(bars_and_build):
    bars, build = bars_and_build
    starts = [1, 40, 150, 333, 500]
    assert start_violations(build, bars, starts, catalog.first_complete_row) == []


@pytest.mark.parametrize("family", catalog.FAMILIES)
def test_each_column_is_complete_after_its_own_lookback_and_sessions(family):
    bars = naive.market(9, sessions=30, roll_sessions=(3, 22), half_days=(24,))
    module = catalog.MODULES[family]
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
    bars = naive.market(4, sessions=28, hole_share=0.0)
    rolled = bars.copy()
    later = rolled["session"] >= rolled["session"].unique()[24]
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
    bars = naive.market(5, sessions=26)
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
    (noisy,) = future_violations(plant(column), bars, [100, 200])
    assert noisy.column == "planted"
    assert noisy.row < 200


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


def unshifted(x, complete_ns):
    """The timeframe bar under way, as if it were complete."""
    return np.searchsorted(complete_ns, x.time_ns, side="right")


def anchored_at_the_files_start(x, timeframe_name, bars=timeframe.timeframe_bars):
    """Timeframe bars counted from the first row of the file instead of the session's opening."""
    return bars(replace(x, session_open_ns=np.full_like(x.time_ns, x.time_ns[0])), timeframe_name)


def whole_series_wavelet(values, matrix, edges, last):
    """One decomposition of the whole file, each coefficient spread over its bars."""
    bands = pywt.wavedec(values - values.mean(), "db4", level=3)
    spread = [
        np.resize(np.repeat(band, 2**level), len(values))
        for band, level in zip(bands, (3, 3, 2, 1), strict=True)
    ]
    ends = np.column_stack(spread)
    return ends, ends**2, np.abs(ends[:, 3] + ends[:, 2]), ends[:, 0]


def centred_window(values, *where, summaries=wavelet.window_summaries):
    """Windows that reach half their length beyond the bar."""
    ahead = np.minimum(np.arange(len(values)) + 32, len(values) - 1)
    return tuple(part[ahead] for part in summaries(values, *where))


LEAKS = {
    "unshifted higher timeframe": (timeframe, "last_completed", unshifted),
    "timeframe anchored at the file's start": (
        timeframe,
        "timeframe_bars",
        anchored_at_the_files_start,
    ),
    "whole-series wavelet": (wavelet, "window_summaries", whole_series_wavelet),
    "centred wavelet window": (wavelet, "window_summaries", centred_window),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_leak_planted_in_a_family_is_found_in_its_columns(monkeypatch, leak):
    module, function, leaky = LEAKS[leak]
    bars = naive.market(6, sessions=24)
    chosen = catalog.FeatureSet((module.__name__.split(".")[-1],), ("1h", "4h"))

    def build(part):
        return catalog.build(part, timezone="America/New_York", chosen=chosen)

    def first(later):
        return catalog.first_complete_row(later, chosen)

    def broken():
        found = prefix_violations(build, bars, len(bars) - np.arange(20, 140, 17))
        return {v.column for v in found + start_violations(build, bars, [1, 40], first)}

    assert broken() == set()
    monkeypatch.setattr(module, function, leaky)
    expected = {
        timeframe: {"tf_1h_close", "tf_1h_rsi_14", "tf_4h_high", "tf_4h_macd_histogram"},
        wavelet: {"wavelet_close_d1", "wavelet_volume_a3", "wavelet_close_energy_ratio_d2"},
    }[module]
    assert expected <= broken()


def test_clean_column_breaks_neither_property():
    bars = naive.market(6, sessions=4)
    clean = plant(lambda close: close.pct_change(3))
    assert prefix_violations(clean, bars, [100, 200]) == []
    assert future_violations(clean, bars, [100, 200]) == []
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
