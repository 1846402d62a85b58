"""Whatever a raw file holds, it is refused in one line or read right, never with a traceback."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mistakes import minutes
from mistakes_raw import as_parquet, pa
from mlfactory import config, contracts, ingest
from mlfactory.bars import bars_from_raw
from mlfactory.errors import UserError
from mlfactory.raw_files import raw_settings

PLAIN = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
NAMES = ("datetime", "open", "high", "low", "close", "volume")
SETTINGS = config.load([])
MES = contracts.load(config.ROOT / "config/contracts.yaml")["MES"]
SOUND = as_parquet(pa.Table.from_pandas(minutes()[:200].assign(contract="MESU4")))


def read(path):
    """The frame of a raw file after the reader's own promises, or the line of its refusal."""
    raw = {"interval": pd.Timedelta("1min"), "timezone": "UTC", "stamps": "open", "symbol": "MES"}
    try:
        frame, account = ingest.read_raw(path, **raw)
    except UserError as error:
        line = str(error)
    else:
        check(frame, account)
        return frame
    assert "\n" not in line
    assert line.startswith(path.name)
    return line


def check(frame, account):
    """What the reader promises of what it returns."""
    assert list(frame.columns) == [*NAMES, "contract"]
    assert str(frame["datetime"].dtype) == "datetime64[ns, UTC]"
    assert frame["datetime"].is_monotonic_increasing
    assert frame["datetime"].is_unique
    assert (frame[[*NAMES[1:]]].dtypes == "float64").all()
    left_out = account["duplicates"] + sum(account["impossible"].values())
    assert len(frame) + left_out == account["read"]


def cleaned(path):
    """Cleaned bars, of which nothing is impossible, or a refusal."""
    try:
        bars, _, _ = bars_from_raw(
            path,
            symbol="MES",
            contract=MES,
            raw=raw_settings(SETTINGS, "MES") | {"timezone": "UTC"},
            bars=SETTINGS["bars"],
            cleaning=SETTINGS["cleaning"],
        )
    except UserError:
        return
    assert len(bars)
    assert (bars["low"] <= bars["high"]).all()
    assert np.isfinite(bars[["open", "high", "low", "close"]].to_numpy()).all()


TIMES = st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01")).map(pd.Timestamp)
MINUTES = st.integers(0, 3000).map(lambda n: pd.Timestamp("2024-07-08") + pd.Timedelta(n, "min"))
NUMBERS = st.one_of(st.floats(), st.floats(90, 110), st.integers(-(2**60), 2**60).map(float))
CELLS = {
    "float64": NUMBERS,
    "int64": st.integers(-(2**63), 2**63 - 1),
    "bool": st.booleans(),
    "datetime64[ns]": st.one_of(MINUTES, TIMES),
    "object": st.one_of(st.none(), st.text(max_size=8), st.sampled_from(["5000", "1e400", "nan"])),
}


@st.composite
def tables(draw):
    """A few rows of columns with the right names, mostly, and any content."""
    n = draw(st.integers(0, 12))
    likely = {"datetime": "datetime64[ns]"}
    frame = {}
    for name in (*NAMES, *draw(st.sampled_from([(), ("contract",), ("time",), ("Close ",)]))):
        kind = draw(st.sampled_from([likely.get(name, "float64")] * 6 + sorted(CELLS)))
        cells = draw(st.lists(CELLS[kind], min_size=n, max_size=n))
        frame[name] = pd.Series(cells, dtype=kind)
    left_out = draw(st.sampled_from([None] * 8 + list(NAMES)))
    return pd.DataFrame({name: frame[name] for name in frame if name != left_out})


@PLAIN
@given(table=tables())
def test_any_small_table_is_read_right_or_refused(tmp_path, table):
    path = tmp_path / "MES_1m.parquet"
    table.to_parquet(path)
    read(path)
    cleaned(path)
    path = tmp_path / "MES_1m.csv"
    table.to_csv(path, index=False)
    read(path)


@PLAIN
@given(
    text=st.text(
        st.sampled_from('datetimeopnhigwclsvu,;"\n\r\t 0123456789.-:TZ+\x00é'), max_size=200
    )
)
def test_any_text_is_no_csv_or_is_read(tmp_path, text):
    path = tmp_path / "MES_1m.csv"
    for head in ("", ",".join(NAMES) + "\n", ",".join(NAMES) + "\n2024-07-08 00:00,1,1,1,1,1\n"):
        path.write_text(head + text)
        read(path)


PLACES = st.integers(0, len(SOUND) - 1) | st.integers(len(SOUND) - 3000, len(SOUND) - 1)
"""The latter are of the footer, where the parser of the library is."""


@settings(PLAIN, max_examples=300)
@given(
    flips=st.lists(st.tuples(PLACES, st.integers(1, 255)), max_size=2),
    end=st.sampled_from([len(SOUND)] * 9) | st.integers(0, len(SOUND)),
)
def test_bytes_that_flip_in_a_sound_parquet_are_refused_or_read(tmp_path, flips, end):
    content = bytearray(SOUND)
    for place, by in flips:
        content[place] ^= by
    path = tmp_path / "MES_1m.parquet"
    path.write_bytes(content[:end])
    read(path)


def test_sound_file_is_read_whole(tmp_path):
    path = tmp_path / "MES_1m.parquet"
    path.write_bytes(SOUND)
    assert len(read(path)) == 200


@pytest.mark.parametrize("year", [-500, 12000])
def test_time_of_a_year_that_has_no_text_is_named_by_its_year(tmp_path, year):
    frame = minutes()[:60]
    times = frame["datetime"].dt.tz_localize(None).astype("datetime64[us]").to_numpy().copy()
    times[7] = np.datetime64(year - 1970, "Y").astype("datetime64[us]")
    path = tmp_path / "MES_1m.parquet"
    frame.assign(datetime=times).to_parquet(path)
    assert f"datetime in row 8 is of the year {year}, beyond the years" in read(path)


@pytest.mark.parametrize("name", [b"close", b"contract", b"UTC"])
def test_name_or_zone_that_is_no_text_is_refused_or_left_unread(tmp_path, name):
    path = tmp_path / "MES_1m.parquet"
    place = SOUND.find(name)
    while place >= 0:
        path.write_bytes(SOUND[:place] + b"\xe4" + SOUND[place + 1 :])
        read(path)
        place = SOUND.find(name, place + 1)
