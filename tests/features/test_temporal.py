import numpy as np
import pytest

import naive_features as naive
from mlfactory.features import temporal


def hours_at(time: str) -> dict[str, float]:
    columns = temporal.compute(naive.at(naive.inputs_of(close=[1.0, 1.0]), time))
    return {centre: columns[f"{centre}_hours"][0] for centre in temporal.CENTRES}


@pytest.mark.parametrize(
    ("time", "open_centres"),
    [
        ("2024-01-17 00:00", {"tokyo"}),
        ("2024-01-17 05:55", {"tokyo"}),
        ("2024-01-17 06:00", set()),
        ("2024-01-17 14:25", {"london"}),
        ("2024-01-17 14:30", {"london", "new_york"}),
        ("2024-01-17 16:30", {"new_york"}),
        ("2024-03-13 13:30", {"london", "new_york"}),  # New York has changed its clock
        ("2024-03-13 07:30", set()),  # London has not
        ("2024-04-03 07:30", {"london"}),  # London has
        ("2024-01-20 15:00", set()),  # Saturday
        ("2024-01-21 23:55", set()),  # Monday in Tokyo, before its opening
    ],
)
def test_centre_is_open_in_its_own_zone_and_daylight_saving(time, open_centres):
    assert {centre for centre, flag in hours_at(time).items() if flag} == open_centres


@pytest.mark.parametrize("time", ["2024-03-08 14:30", "2024-03-11 13:30"])
def test_clock_is_the_exchanges_before_and_after_the_change(time):
    columns = temporal.compute(naive.at(naive.inputs_of(close=[1.0, 1.0]), time))
    assert columns["hour_sin"][0] == pytest.approx(np.sin(2 * np.pi * 9 / 24))
    assert columns["minute_cos"][0] == pytest.approx(-1.0)
    assert columns["minute_sin"][0] == 0.0


def test_session_clock_counts_from_its_opening_and_to_its_close():
    columns = temporal.compute(naive.inputs_of(close=[1.0] * 20))
    assert columns["minutes_since_open"][:3].tolist() == [0.0, 5.0, 10.0]
    assert columns["minutes_to_close"][[0, 7, 8, 19]].tolist() == [60.0, 60.0, 55.0, 0.0]
    assert columns["session_middle"][[0, 19]] == pytest.approx([0.0975, 0.0975])
    assert columns["session_middle"].max() == pytest.approx(1.0, abs=0.01)


def test_closure_length_is_zero_between_touching_bars_and_counts_a_hole():
    bars = naive.market(0, sessions=2, bars_a_session=6, hole_share=0.0).drop(index=[2, 3])
    x = naive.inputs(bars, "America/New_York", naive.BAR.as_unit("ns").value)
    hole, night = np.log1p(10.0), np.log1p(24 * 60 - 30)
    expected = [np.nan, 0.0, hole, 0.0, night, 0.0, 0.0, 0.0, 0.0, 0.0]
    np.testing.assert_allclose(temporal.compute(x)["closure_length"], expected)
