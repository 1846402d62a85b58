import numpy as np
import pandas as pd
import pytest

from mlfactory.calendar import sessions
from mlfactory.cleaning import clean
from mlfactory.contracts import Contract, Slippage
from mlfactory.errors import UserError

HALF_HOUR = pd.Timedelta("30min")
SETTINGS = {
    "max_impossible_share": 0.5,
    "max_outside_calendar_share": 0.5,
    "outliers": "flag",
    "outlier_window": 20,
    "outlier_mads": 30,
    "min_traded_share": 0.3,
    "max_hole_sessions": 60,
}
ETF = Contract(
    symbol="SPY",
    tick_size=0.01,
    multiplier=1,
    currency="USD",
    calendar="NYSE",
    commission_per_contract=0,
    slippage_ticks=Slippage(0.5, 1.0),
)
DAYS = ["2024-07-01", "2024-07-02", "2024-07-05", "2024-07-08", "2024-07-09", "2024-07-10"]


def market(days: int = 3, shift: str = "0min") -> pd.DataFrame:
    """Half hours of NYSE days, 13 a session."""
    opens = [pd.Timestamp(f"{day} 13:30") for day in DAYS[:days]]
    times = [start + i * HALF_HOUR for start in opens for i in range(13)]
    n = len(times)
    close = 100 + np.cumsum(np.random.default_rng(0).choice([-0.01, 0.01], n)).round(2)
    return pd.DataFrame(
        {
            "datetime": pd.DatetimeIndex(times, tz="UTC").as_unit("ns") + pd.Timedelta(shift),
            "open": close,
            "high": close + 0.02,
            "low": close - 0.02,
            "close": close,
            "volume": 5.0,
            "contract": pd.array([None] * n, dtype="str"),
        }
    )


def cleaned(raw: pd.DataFrame, interval=HALF_HOUR, contract=ETF, stamps="open", **settings):
    schedule = sessions(contract.calendar, raw["datetime"].iloc[0], raw["datetime"].iloc[-1])
    return clean(
        raw,
        schedule,
        interval=interval,
        contract=contract,
        settings=SETTINGS | settings,
        stamps=stamps,
        where="SPY_30m.parquet",
    )


def refusal(raw: pd.DataFrame, **settings) -> str:
    with pytest.raises(UserError) as error:
        cleaned(raw, **settings)
    assert str(error.value).startswith("SPY_30m.parquet: ")
    return str(error.value)


def test_rows_get_their_session_and_the_first_session_is_the_evidence():
    frame, account = cleaned(market())
    assert len(frame) == 26
    assert frame["session"].dtype == np.int32
    assert pd.Timestamp(int(frame["session"].iloc[0]), unit="D") == pd.Timestamp("2024-07-02")
    assert str(frame["session_close"].iloc[0]) == "2024-07-02 20:00:00+00:00"
    assert account["thin_lead"] == 13
    assert account["traded_share"] == 1.0


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("not_finite", {"open": np.nan}),
        ("not_finite", {"high": np.inf}),
        ("not_finite", {"volume": np.nan}),
        ("price_not_positive", {"low": 0.0}),
        ("price_not_positive", {"close": -3.0, "low": -3.0}),
        ("volume_negative", {"volume": -1.0}),
        ("high_below_low", {"high": 90.0}),
        ("open_or_close_outside", {"close": 101.5}),
        ("open_or_close_outside", {"open": 98.5}),
    ],
)
def test_impossible_row_is_removed_and_counted_once(kind, change):
    raw = market()
    raw.loc[20, list(change)] = list(change.values())
    frame, account = cleaned(raw)
    assert raw["datetime"][20] not in set(frame["datetime"])
    assert {k: n for k, n in account["impossible"].items() if n} == {kind: 1}
    assert len(frame) == 25


def test_infinities_of_both_signs_in_one_row_are_impossible():
    raw = market()
    raw.loc[20, ["open", "low"]] = np.inf, -np.inf
    assert cleaned(raw)[1]["impossible"]["not_finite"] == 1


def test_rows_outside_the_calendar_are_dropped_and_above_the_limit_refused():
    raw = market()
    raw.loc[38, "datetime"] += HALF_HOUR  # 20:00, the close
    frame, account = cleaned(raw)
    assert account["outside_calendar"] == 1
    assert len(frame) == 25
    message = refusal(raw, max_outside_calendar_share=0.01)
    assert "outside the sessions of NYSE (first: row 39, 2024-07-05 20:00:00+00:00)" in message
    assert "raw.SPY.timezone" in message


def test_row_off_the_grid_of_rows_is_dropped():
    raw = market()
    raw.loc[20, "datetime"] += pd.Timedelta("7min")
    frame, account = cleaned(raw)
    assert account["off_grid"] == 1
    assert len(frame) == 25


def test_flat_rows_without_volume_are_absent_and_moving_ones_stay():
    raw = market()
    raw.loc[[20, 21], "volume"] = 0.0
    raw.loc[20, ["open", "high", "low", "close"]] = 100.0
    frame, account = cleaned(raw)
    assert account["vendor_filled"] == 1
    assert account["zero_volume_moving"] == 1
    assert raw["datetime"][20] not in set(frame["datetime"])
    assert raw["datetime"][21] in set(frame["datetime"])


def fill(raw: pd.DataFrame, rows) -> pd.DataFrame:
    raw.loc[rows, ["open", "high", "low", "close"]] = 100.0
    raw.loc[rows, "volume"] = 0.0
    return raw


def test_thin_beginning_is_cut_after_the_first_session_that_traded_enough():
    raw = fill(market(5), list(range(3, 13)) + list(range(15, 26)))
    frame, account = cleaned(raw)  # 3/13 and 2/13 traded; the third session is the evidence
    assert frame["datetime"].iloc[0] == raw["datetime"][39]
    assert account["thin_lead"] == 3 + 2 + 13


def test_market_that_never_trades_enough_is_illiquid_with_its_best_share():
    raw = fill(market(5), [i for i in range(65) if i % 13 > 2])
    message = refusal(raw)
    assert "illiquid" in message
    assert "best: 23.1%" in message
    assert "cleaning.min_traded_share" in message


def test_market_that_stops_trading_is_illiquid_with_its_share():
    raw = fill(market(6), [i for i in range(13, 65) if i % 13 > 1])
    assert "illiquid: 15.4% of the rows scheduled by calendar NYSE traded" in refusal(raw)


def test_prices_off_the_tick_are_only_counted():
    raw = market()
    raw.loc[[20, 21], "close"] += 0.004
    frame, account = cleaned(raw)
    assert account["off_tick"] == 2
    assert len(frame) == 26


@pytest.mark.parametrize(("mode", "rows"), [("flag", 52), ("drop", 51)])
def test_outlier_is_flagged_and_dropped_only_on_demand(mode, rows):
    raw = market(5)
    raw.loc[45, "high"] = 150.0
    frame, account = cleaned(raw, outliers=mode)
    assert account["outliers"] == 1
    assert account["outliers_dropped"] == 52 - rows
    assert len(frame) == rows
    assert frame["outlier"].sum() == (mode == "flag")


def test_stamps_at_the_close_declared_as_open_are_refused():
    message = refusal(market(6, shift="30min"))
    assert "100% of the sessions have a row at their close" in message
    assert "raw: {SPY: {stamps: close}}" in message


def test_stamps_at_the_open_declared_as_close_are_refused():
    message = refusal(market(6, shift="-30min"), stamps="close")
    assert "raw: {SPY: {stamps: open}}" in message


def test_stamps_at_the_open_declared_as_close_are_refused_where_the_file_has_closing_rows():
    raw = market(6, shift="-30min")
    closing = raw.iloc[12::13].assign(datetime=lambda rows: rows["datetime"] + HALF_HOUR)
    both = pd.concat([raw, closing]).sort_values("datetime", ignore_index=True)
    assert "raw: {SPY: {stamps: open}}" in refusal(both, stamps="close")


@pytest.mark.parametrize(
    ("shift", "stamps", "side"), [("30min", "close", "late"), ("-30min", "open", "early")]
)
def test_stamps_that_are_declared_already_are_not_advised_again(shift, stamps, side):
    message = refusal(market(6, shift=shift), stamps=stamps)
    assert f"with raw.SPY.stamps={stamps} the rows lie one 30min row too {side}" in message
    assert "raw.SPY.timezone" in message


@pytest.mark.parametrize("shift", ["4h", "-4h", "1h", "-1h"])
def test_times_of_another_zone_are_not_taken_for_stamps(shift):
    message = refusal(market(6, shift=shift), max_outside_calendar_share=0.1)
    assert "stamps" not in message
    assert "check raw.SPY.timezone" in message


def test_closing_row_beside_opening_rows_passes():
    raw = market(6)
    closing = raw[raw["datetime"].dt.strftime("%H:%M") == "19:30"].copy()
    closing["datetime"] += HALF_HOUR
    both = pd.concat([raw, closing]).sort_values("datetime", ignore_index=True)
    assert cleaned(both)[1]["outside_calendar"] == 6


def test_nothing_but_impossible_rows_is_refused_whatever_the_limit():
    assert "100.00% of the rows" in refusal(market().assign(high=1.0), max_impossible_share=1.0)
