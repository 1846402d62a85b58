import re
from pathlib import Path

import numpy as np
import pytest

from mlfactory import contracts
from mlfactory.errors import UserError

CONTRACTS = Path(__file__).parents[1] / "config" / "contracts.yaml"


@pytest.fixture(scope="module")
def known():
    return contracts.load(CONTRACTS)


def test_every_promised_contract_is_there(known):
    promised = (
        "MES ES MNQ NQ M2K RTY MYM YM MGC GC SIL SI MCL CL NG ZN 6E ETHUSD BTCUSD SPY DEMO DEMONULL"
    )
    assert set(known) == set(promised.split())


def test_every_calendar_is_known_to_the_library(known):
    import pandas_market_calendars

    names = {*pandas_market_calendars.get_calendar_names(), "24/7"}
    assert {contract.calendar for contract in known.values()} <= names


def test_mes_round_trip_is_one_and_a_half_ticks(known):
    assert known["MES"].round_trip_cost(5000.0) == pytest.approx(0.375)
    assert known["MES"].round_trip_cost_ticks(5000.0) == pytest.approx(1.5)
    assert known["MES"].round_trip_cost_ticks(5000.0, volatile=True) == pytest.approx(2.5)


def test_mgc_cost_uses_tick_size_not_tick_value(known):
    # 0.3 ticks of commission and two fills of 0.75 ticks, each tick 0.1 points (1 dollar)
    assert known["MGC"].round_trip_cost(2000.0) == pytest.approx(0.18)


def test_basis_points_scale_with_price_and_keep_shape(known):
    cost = known["ETHUSD"].round_trip_cost(np.array([1000.0, 2000.0]))
    np.testing.assert_allclose(cost, [1.2, 2.4])
    assert known["MES"].round_trip_cost(np.array([1.0, 2.0])).shape == (2,)


def test_unknown_symbol_shows_the_nearest_and_the_line_to_add(known):
    with pytest.raises(
        UserError, match=r"unknown contract MSE \(did you mean MES\?\); with its own terms .*MSE: {"
    ):
        contracts.get(known, "MSE")


def test_each_line_that_is_shown_makes_a_contract(known, tmp_path):
    with pytest.raises(UserError) as error:
        contracts.get(known, "XYZ9")
    future, fund = re.findall(r"XYZ9: {.*?}}", str(error.value))
    path = tmp_path / "contracts.yaml"
    path.write_text(future)
    assert contracts.load(path)["XYZ9"].tick_size == 0.25
    path.write_text(fund)
    assert contracts.load(path)["XYZ9"].calendar == known["SPY"].calendar
    assert contracts.load(path)["XYZ9"].round_trip_cost(500.0) == known["SPY"].round_trip_cost(
        500.0
    )


def test_symbol_that_climbs_out_of_its_folder_is_refused(known):
    with pytest.raises(UserError, match="capital letters and digits"):
        contracts.get(known, "../MES")
