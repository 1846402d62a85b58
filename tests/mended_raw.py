"""Raw files with few wrong rows, which are mended and counted."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mistakes import minutes
from mistakes_raw import at, with_other_prices


@dataclass(frozen=True)
class Mended:
    """A file that is used all the same: as if it were another one, with a count that says so."""

    what: str
    content: pd.DataFrame
    like: pd.DataFrame
    kind: str
    count: int


def _without(row):
    return minutes().drop(index=row)


def _flat(rows):
    frame = at(rows, volume=0.0)
    for name in ("open", "high", "low"):
        frame.loc[rows, name] = frame.loc[rows, "close"]
    return frame


MENDED = [
    Mended("rows in reverse", minutes()[::-1], minutes(), "noted.out_of_order", 4139),
    Mended(
        "two rows exchanged",
        minutes().iloc[[*range(2000), 2001, 2000, *range(2002, 4140)]],
        minutes(),
        "noted.out_of_order",
        1,
    ),
    Mended(
        "every row twice",
        pd.concat([minutes(), minutes()]).sort_values("datetime", kind="stable"),
        minutes(),
        "removed.duplicates",
        4140,
    ),
    Mended(
        "a time again with other prices: the first stays",
        with_other_prices([2000]).sort_values("datetime", kind="stable"),
        minutes(),
        "removed.conflicting",
        1,
    ),
    Mended(
        "a row without a time",
        minutes().assign(datetime=lambda x: x["datetime"].where(x.index != 2000)),
        _without(2000),
        "removed.no_time",
        1,
    ),
    *(
        Mended(what, at(2000, **values), _without(2000), f"removed.{kind}", 1)
        for what, values, kind in (
            ("a high below the low", {"high": 1.0}, "high_below_low"),
            ("a price of zero", {"low": 0.0}, "price_not_positive"),
            ("a negative price", {"low": -1.0}, "price_not_positive"),
            ("an infinite price", {"high": np.inf}, "not_finite"),
            ("a missing price", {"close": np.nan}, "not_finite"),
            ("a missing volume", {"volume": np.nan}, "not_finite"),
            ("a negative volume", {"volume": -5.0}, "volume_negative"),
            ("a close above the high", {"close": 9999.0}, "open_or_close_outside"),
        )
    ),
    Mended(
        "a row outside the calendar",
        minutes().assign(
            datetime=lambda x: x["datetime"].where(
                x.index != 2759, pd.Timestamp("2024-07-09 21:30", tz="UTC")
            )
        ),
        _without(2759),
        "removed.outside_calendar",
        1,
    ),
    Mended(
        "a row between two minutes",
        minutes().assign(
            datetime=lambda x: x["datetime"] + pd.to_timedelta((x.index == 2000) * 7, unit="s")
        ),
        _without(2000),
        "removed.off_grid",
        1,
    ),
    Mended(
        "ten minutes that a vendor filled in: price still, volume 0",
        _flat(slice(2000, 2009)),
        minutes().drop(index=range(2000, 2010)),
        "removed.vendor_filled",
        10,
    ),
    Mended(
        "a price between two ticks: kept",
        at(2000, high=9000.1),
        at(2000, high=9000.1),
        "noted.off_tick",
        1,
    ),
]
