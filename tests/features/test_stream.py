"""Features bar by bar are those of the whole history, from no more bars than the warm-up needs."""

from collections import Counter

import numpy as np
import pytest

import naive_features as naive
from mlfactory.errors import UserError
from mlfactory.features import catalog, timeframe
from mlfactory.features._base import inputs
from mlfactory.features.memory import first_bar_needed
from mlfactory.features.recent import SPARE_BARS
from mlfactory.features.stream import FeatureStream

ZONE = "America/New_York"
FEW = catalog.FeatureSet(families=("price", "moving_average", "volume", "timeframe"))


@pytest.fixture(scope="module")
def bars():
    """Regular hours with a roll within the bars that are streamed, and one in their memory."""
    return naive.market(5, sessions=64, roll_sessions=(50, 62), half_days=(45,))


@pytest.fixture(scope="module")
def batch(bars):
    return catalog.build(bars, timezone=ZONE).iloc[:, 1:].to_numpy()


def test_each_bar_has_the_features_of_the_batch_run(bars, batch):
    first = len(bars) - 160
    stream = FeatureStream(bars.iloc[:first], timezone=ZONE)
    scale = np.maximum(np.nanstd(batch, axis=0), 1e-6)
    for row, bar in enumerate(bars.iloc[first:].to_dict("records"), start=first):
        np.testing.assert_allclose(stream.update(bar) / scale, batch[row] / scale, atol=1e-5)


def test_a_family_reads_its_own_warm_up_and_a_timeframe_is_read_when_a_bar_of_it_is_complete(
    bars, monkeypatch
):
    read, longest = Counter(), Counter()
    compute, whole = catalog.family_columns, timeframe.timeframe_bars

    def family_columns(family, x, chosen):
        longest[family] = max(longest[family], len(x.close))
        return compute(family, x, chosen)

    def timeframe_bars(x, name):
        read[name] += 1
        return whole(x, name)

    stream = FeatureStream(bars.iloc[:-156], timezone=ZONE)
    monkeypatch.setattr(catalog, "family_columns", family_columns)
    monkeypatch.setattr(timeframe, "timeframe_bars", timeframe_bars)
    for bar in bars.iloc[-156:].to_dict("records"):
        stream.update(bar)
    x = inputs(bars, ZONE, int(timeframe.BAR_INTERVAL.as_unit("ns").value))
    for name in timeframe.TIMEFRAMES:
        last = timeframe.last_completed(x, whole(x, name).complete_ns)
        assert read[name] == len(set(last[-156:])) < 60
    assert longest["temporal"] == 3
    assert longest["wavelet"] == 65
    assert longest["momentum"] < 400


def test_stream_forgets_what_the_warm_up_does_not_need(bars):
    stream = FeatureStream(bars.iloc[:-600], timezone=ZONE)
    most = len(bars) - first_bar_needed(bars, len(bars) - 1)
    for bar in bars.iloc[-600:].to_dict("records"):
        stream.update(bar)
        assert len(stream._recent) <= most + SPARE_BARS < len(bars) - SPARE_BARS


@pytest.mark.parametrize("chosen", [catalog.DEFAULT, FEW], ids=["all families", "four families"])
def test_memory_is_the_least_number_of_whole_sessions_that_completes_a_row(bars, chosen):
    opens = np.flatnonzero(np.diff(bars["session"], prepend=-1))
    for row in (len(bars) - 1, len(bars) - 60, opens[-2]):
        first = first_bar_needed(bars, row, chosen)
        later = opens[np.searchsorted(opens, first) + 1]
        for start, complete in ((first, True), (later, False)):
            part = bars.iloc[start : row + 1]
            assert (catalog.first_complete_row(part, chosen) < len(part)) == complete


def test_row_within_the_warm_up_has_no_memory_and_streams_as_missing(bars):
    row = catalog.first_complete_row(bars)
    assert first_bar_needed(bars, row - 1) is None
    assert first_bar_needed(bars, row) == 0
    stream = FeatureStream(bars.iloc[: row - 1], timezone=ZONE)
    assert np.isnan(stream.update(bars.iloc[row - 1])).all()
    assert np.isfinite(stream.update(bars.iloc[row])).all()


def test_stream_may_begin_with_no_history(bars):
    stream = FeatureStream(bars.iloc[:0], timezone=ZONE)
    assert np.isnan(stream.update(bars.iloc[0])).all()


def test_bar_that_is_late_or_not_whole_is_refused_and_changes_nothing(bars):
    stream = FeatureStream(bars.iloc[:-1], timezone=ZONE)
    with pytest.raises(UserError, match=r"does not come after the last one.*give each bar once"):
        stream.update(bars.iloc[-2])
    with pytest.raises(UserError, match="has no segment, volume; give every column"):
        stream.update(bars.iloc[-1].drop(["volume", "segment"]))
    again = FeatureStream(bars.iloc[:-1], timezone=ZONE)
    np.testing.assert_array_equal(stream.update(bars.iloc[-1]), again.update(bars.iloc[-1]))
