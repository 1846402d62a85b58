import numpy as np
import pandas as pd
import pytest

from mlfactory.labels import label_bars
from mlfactory.scaling import RobustScaler
from mlfactory.stretch import outcomes, searched_rows, stretch
from searched_market import (
    HORIZON,
    LABELS,
    SEARCHED,
    SHARE,
    WARM_UP,
    Market,
    costly,
    market,
    wide_raw,
)

WINDOW = 3 * HORIZON


def stretch_of(given, **change):
    terms = {"share": SHARE, "horizon": HORIZON, "contract": costly()} | LABELS
    return stretch(given.bars, given.raw, given.train, **terms | change)


def test_rows_whose_longest_window_leaves_the_searched_ones_are_not_used():
    data = stretch_of(market())
    assert data.rows.tolist() == list(range(SEARCHED - WARM_UP - WINDOW))


def test_rows_whose_longest_window_leaves_the_segment_are_not_used():
    given = market()
    bars = given.bars.assign(segment=(np.arange(len(given.bars)) >= 60).astype(np.int32))
    data = stretch_of(Market(bars, given.raw, given.features))
    left_out = set(range(SEARCHED - WARM_UP - WINDOW)) - set(data.rows.tolist())
    assert left_out == set(range(60 - WARM_UP - WINDOW, 60 - WARM_UP))


def test_features_are_scaled_by_the_searched_rows():
    given = market()
    data = stretch_of(given)
    values = given.train[[c for c in given.train if c.startswith("f")]].to_numpy()
    part = values[: SEARCHED - WARM_UP]
    np.testing.assert_array_equal(data.features, RobustScaler.fit(part).transform(part)[data.rows])


@pytest.mark.parametrize("seed", range(3))
def test_outcomes_are_those_that_the_labels_will_have(seed):
    given = market(seed, raw=wide_raw(seed))
    dear = costly(2 * np.median(stretch_of(given).width))
    data = stretch_of(given, contract=dear)
    terms = {"k_up": 1.2, "k_down": 1.0, "max_bars": 5}
    made = outcomes(data, **terms)
    labels = label_bars(
        given.bars,
        given.raw,
        horizon=HORIZON,
        contract=dear,
        raw_interval=pd.Timedelta("1min"),
        **terms,
        **LABELS,
    ).iloc[WARM_UP + data.rows]
    expected = labels["label"].fillna(-1).to_numpy(dtype=np.int8)
    assert set(expected) == {-1, 0, 1, 2}
    assert made.label.tolist() == expected.tolist()
    assert made.held.tolist() == labels["bars_held"].tolist()
    assert made.tradable.tolist() == labels["tradable"].tolist()
    clear = ~labels["ambiguous"].to_numpy()
    assert not clear.all()
    earned = np.where(expected == 0, made.short, made.long)
    known = expected >= 0
    np.testing.assert_allclose(earned[known], labels["ret"].to_numpy()[known])
    np.testing.assert_allclose(made.long[~clear] * data.close[~clear], -data.width[~clear])
    assert (made.short[~clear] < 0).all()


def test_share_of_the_rows_is_rounded_down():
    assert searched_rows(1009, 0.2) == 201
