"""Every way in which a raw file can be malformed so that it is refused."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mistakes import FILE, Mistake, minutes

TEN = slice(100, 109)
"""Rows 101 to 110, 0.24 % of three sessions: above the limit of 0.1 %."""


def at(rows, **values):
    """Minutes of which some rows have other values."""
    frame = minutes()
    frame[list(values)] = frame[list(values)].astype("float64")
    frame.loc[rows, list(values)] = list(values.values())
    return frame


def as_text(row, column, text):
    frame = minutes().astype({column: "str"})
    frame.loc[row, column] = text
    return frame


def as_parquet(table):
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def close_twice():
    table = pa.Table.from_pandas(minutes())
    return as_parquet(table.append_column("close", table.column("close")))


def with_other_prices(rows):
    """The minutes, and some of them again with another close."""
    frame = minutes()
    again = frame.iloc[rows].assign(close=lambda x: x["low"])
    return pd.concat([frame, again], ignore_index=True)


def without_volume(share, *, flat):
    """Minutes of which a share has volume 0, and perhaps a price that stands still."""
    frame = minutes()
    empty = np.random.default_rng(1).random(len(frame)) < share
    frame.loc[empty, "volume"] = 0
    if flat:
        for name in ("open", "high", "low"):
            frame.loc[empty, name] = frame.loc[empty, "close"]
    return frame


def with_hole():
    parts = [minutes("2023-07-10", 2), minutes("2024-07-08", 2)]
    return pd.concat(parts, ignore_index=True)


def local(start, n=60):
    """An hour of minutes in times without a zone."""
    return minutes()[:n].assign(datetime=pd.date_range(start, periods=n, freq="1min"))


def moved(by, n_sessions=3):
    frame = minutes(n_sessions=n_sessions)
    return frame.assign(datetime=frame["datetime"] + pd.Timedelta(by))


def by_day(n_sessions, dense):
    """Minutes of regular hours, 390 a session, and all minutes from a session on."""
    frame = minutes(n_sessions=n_sessions)
    row = frame.index.to_numpy()
    return frame[(row % 1380 >= 930) & (row % 1380 < 1320) | (row // 1380 >= dense)]


def zone(name):
    return f"raw: {{MES: {{timezone: {name}}}}}"


PARQUET = as_parquet(pa.Table.from_pandas(minutes()))
MEND = "mend the file or raise cleaning.max_impossible_share"
LIMIT = "0.24% of the rows are impossible"
FEW = "(60)"

# what is wrong: content, and the words of the answer; the file is MES_1m.parquet
REFUSED = {
    "empty file": (b"", "is empty (0 bytes)", "export it again"),
    "not parquet": (b"datetime,open\n1,2\n", "is not a whole parquet file", "export it again"),
    "truncated parquet": (PARQUET[:-40], "is not a whole parquet file", "export it again"),
    "parquet damaged inside": (
        PARQUET[:5000] + bytes(2000) + PARQUET[7000:],
        "is not a whole parquet file",
        "export it again",
    ),
    "columns but no rows": (minutes()[:0], "has columns but no rows", "export it again"),
    "missing column": (
        minutes().drop(columns="low"),
        "has no column low (found: datetime, open, high, close, volume)",
        "rename or add it",
    ),
    "column twice": (close_twice(), "more than one column close", "keep one of them"),
    "date and time apart": (
        minutes().rename(columns={"datetime": "date"}).assign(time="09:30"),
        "has columns date and time",
        "join them into one, datetime",
    ),
    "text in a price": (
        as_text(3, "close", "5OOO"),
        "close in row 4 is '5OOO', not a number (1 such rows)",
        "mend or remove them",
    ),
    "text in the volume": (
        as_text(8, "volume", "1,200"),
        "volume in row 9 is '1,200', not a number (1 such rows)",
        "mend or remove them",
    ),
    "contract that is a list": (
        minutes().assign(contract=[[1]] * 4140),
        "contract is of type list<",
        "not numbers, times or text; write it as one of these",
    ),
    "price of raw bytes": (
        minutes().assign(close=b"\xff"),
        "close is of type binary, not numbers, times or text; write it as one of these",
    ),
    "all volumes missing": (
        minutes().assign(volume=np.nan),
        "volume is missing in all 4140 rows",
        "export the file with its volume",
    ),
    "all volumes zero": (
        minutes().assign(volume=0),
        "illiquid or too short: volume is above 0 in 0 rows of 0 sessions",
        "lower cleaning.min_traded_share",
    ),
    "97 % of the volumes zero, prices standing still": (
        without_volume(0.97, flat=True),
        "illiquid or too short: volume is above 0 in",
        "traded in 30% of its rows by calendar CME_Equity",
        "lower cleaning.min_traded_share",
    ),
    "97 % of the volumes zero, prices moving": (
        without_volume(0.97, flat=False),
        "illiquid or too short: volume is above 0 in",
        "traded in 30% of its rows by calendar CME_Equity",
        "lower cleaning.min_traded_share",
    ),
    "trading that ends after the first session": (
        minutes().assign(volume=lambda x: np.where((x.index < 1380) | (x.index % 50 == 0), 5, 0)),
        "illiquid: 2.0% of the rows scheduled by calendar CME_Equity traded (volume above 0), ",
        "lower cleaning.min_traded_share",
    ),
    "one row": (
        minutes()[:1],
        "too short: volume is above 0 in 1 rows of 1 sessions",
        "more sessions",
    ),
    "too little data": (
        minutes(),
        "MES: too little data",
        "train has 0 sessions after warm-up",
        "get more data",
    ),
    "too little data by the calendar": (
        by_day(12, dense=10),
        "MES: too little data: 79% of the rows lie before trading was dense by calendar CME_Equity"
        ": is that the contract's calendar? train has 0 sessions",
    ),
    "calendar whose sessions are too long": (
        by_day(12, dense=12),
        "no session before the last traded in 30% of its rows by calendar CME_Equity (best: 28.3%)",
        "is that the contract's calendar?",
    ),
    "constant price": (
        minutes().assign(open=5000.0, high=5000.0, low=5000.0, close=5000.0),
        "open, high, low and close are 5000 in all 2760 rows",
        "export the file again",
    ),
    "high below low": (
        at(TEN, high=4000.0),
        f"{LIMIT} (high_below_low 10), above the limit 0.10%",
        "first: row 101 (2024-07-07 23:40:00+00:00)",
        "high 4000 low 5001.25",
        MEND,
    ),
    "zero price": (
        at(TEN, low=0.0),
        f"{LIMIT} (price_not_positive 10), above the limit 0.10%",
        "first: row 101 (",
        "low 0 ",
        MEND,
    ),
    "negative price": (
        at(TEN, low=-37.63),
        f"{LIMIT} (price_not_positive 10), above the limit 0.10%",
        "first: row 101 (",
        "low -37.63",
        MEND,
    ),
    "infinite price": (
        at(TEN, high=np.inf),
        f"{LIMIT} (not_finite 10), above the limit 0.10%",
        "first: row 101 (",
        "high inf",
        MEND,
    ),
    "missing prices": (
        at(TEN, open=np.nan),
        f"{LIMIT} (not_finite 10), above the limit 0.10%",
        "first: row 101 (",
        "open nan",
        MEND,
    ),
    "negative volume": (
        at(TEN, volume=-1.0),
        f"{LIMIT} (volume_negative 10), above the limit 0.10%",
        "first: row 101 (",
        "volume -1",
        MEND,
    ),
    "close above high": (
        at(TEN, close=6000.0),
        f"{LIMIT} (open_or_close_outside 10), above the limit 0.10%",
        "first: row 101 (",
        "close 6000",
        MEND,
    ),
    "conflicting times": (
        with_other_prices(range(100, 110)),
        f"{LIMIT} (conflicting 10), above the limit 0.10%",
        "first: rows 101 and 4141 differ at 2024-07-07 23:40:00+00:00",
        MEND,
    ),
    "rows without a time": (
        minutes().assign(datetime=lambda x: x["datetime"].where(x.index % 400 != 7)),
        "0.27% of the rows are impossible (no_time 11), above the limit 0.10%",
        "first: row 8 has no time",
        MEND,
    ),
    "no times": (
        minutes().assign(datetime=pd.NaT),
        "datetime is missing in all 4140 rows",
        "export the file with its times",
    ),
    "future times": (
        local("2199-01-01").assign(datetime=lambda x: x["datetime"].dt.tz_localize("UTC")),
        "datetime in row 1 is 2199-01-01 00:00:00+00:00, in the future",
        f"remove such rows {FEW}",
    ),
    "times that no nanoseconds reach": (
        minutes().assign(
            datetime=lambda x: (
                x["datetime"]
                .dt.as_unit("us")
                .where(x.index != 6, pd.Timestamp("9999-12-31", tz="UTC").as_unit("us"))
            )
        ),
        "datetime in row 7 is 9999-12-31 00:00:00+00:00, beyond the years 1678 to 2261",
        "mend or remove it",
    ),
    "row numbers for times": (
        minutes()[:60].assign(datetime=range(60)),
        "datetime in row 1 is 1970-01-01 00:00:00+00:00, before 1980-01-01",
        f"write ISO times or epoch numbers, or remove such rows {FEW}",
    ),
    "epoch numbers of two units": (
        minutes().assign(
            datetime=lambda x: (
                x["datetime"].astype("int64") // np.where(x.index == 9, 1, 10**9).astype("int64")
            )
        ),
        "datetime in row 10 is 1720390140000000000, no epoch number of the unit that the others",
        "mend or remove it",
    ),
    "epoch number beyond all time": (
        minutes().assign(
            datetime=lambda x: (x["datetime"].astype("int64") / 1e9).where(x.index != 9, 1e300)
        ),
        "datetime in row 10 is 1e+300, no epoch number of the unit that the others have",
        "mend or remove it",
    ),
    "text for a time": (
        as_text(2, "datetime", "08/07/2024 22:02+00:00"),
        "datetime in row 3 is '08/07/2024 22:02+00:00', not a time such as 2024-03-26 09:30",
        "mend or remove them",
    ),
    "mixed time zones": (
        as_text(2, "datetime", "2024-07-07 22:02:00"),
        "datetime has a zone in row 1 (2024-07-07 22:00:00+00:00) and none in row 3 "
        "(2024-07-07 22:02:00)",
        "write all of them alike",
    ),
    "times without a zone": (
        local("2024-07-08 18:00"),
        "datetime has no zone (first: 2024-07-08 18:00:00)",
        "add to the config, say, raw: {MES: {timezone: America/New_York}}",
    ),
    "five-minute rows": (
        minutes()[::5],
        "the rows are 5min apart, not 1min as declared",
        "call the file MES_5m.parquet and set raw: {MES: {interval: 5min}}",
    ),
    "times between the minutes": (
        minutes().assign(datetime=lambda x: x["datetime"] + pd.to_timedelta(x.index % 7, unit="s")),
        "datetime is off the grid of the declared interval 1min in 85.7% of the rows",
        "above the limit 1%",
        "declare the true one, raw: {MES: {interval: 1min}}, or mend the times",
    ),
    "times that mark the rows' close": (
        moved("1min", 6),
        "of the sessions have a row at their close and few one at the other end",
        "set raw: {MES: {stamps: close}}",
    ),
    "rows outside the calendar": (
        moved("3D"),
        "33.3% of the rows are outside the sessions of CME_Equity (first: row 2761, 2024-07-12 "
        "22:00:00+00:00), above the limit 10.0%",
        "check raw.MES.timezone and the contract's calendar, or raise "
        "cleaning.max_outside_calendar_share",
    ),
    "no row inside the calendar": (
        moved("5D")[:60],
        "calendar CME_Equity has no session between 2024-07-12 22:00:00+00:00 and 2024-07-12 "
        "22:59:00+00:00, the file's first and last time",
        "check the times' zone and the contract's calendar",
    ),
    "gap of a year": (
        with_hole(),
        "no row traded in 256 sessions between row 2760 (2023-07-11 20:59:00+00:00) and row 2761 "
        "(2024-07-07 22:00:00+00:00), above the limit 60",
        "get the missing rows, cut the file at the hole, or raise cleaning.max_hole_sessions",
    ),
}

OF_THE_SYMBOL = {"too little data", "too little data by the calendar"}


def named(name, words):
    return tuple(words) if name is None else (f"error: {name}: ", *words)


MISTAKES = [
    Mistake(what, named(None if what in OF_THE_SYMBOL else FILE[9:], words), {FILE: content})
    for what, (content, *words) in REFUSED.items()
]
