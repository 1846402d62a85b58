"""Every way in which a raw file is refused for its name, its kind, or what the config says."""

from mistakes import FILE, OVERLAY, Mistake, minutes
from mistakes_raw import local, named, zone

# what is wrong: the file's name, content, config, and the words of the answer
REFUSED_ELSEWHERE = {
    "no file": (None, None, "", f"{FILE}: no such file", "put the contract's rows there"),
    "empty csv": ("MES_1m.csv", b"", "", "is empty (0 bytes)", "export it again"),
    "csv in another encoding": (
        "MES_1m.csv",
        "datetime;größe\n".encode("latin-1"),
        "",
        "is not csv",
        "export it again",
    ),
    "csv with another separator": (
        "MES_1m.csv",
        b"datetime;open;high;low;close;volume\n2024-07-08;1;1;1;1;1\n",
        "",
        "has no column datetime (found: datetime;open;high;low;close;volume)",
        "rename or add it",
    ),
    "csv with a row of more fields": (
        "MES_1m.csv",
        b"datetime,open,high,low,close,volume,note\n1,1,1,1,1,1,a\n1,1,1,1,1,1,a,b\n",
        "",
        "is not csv",
        "Expected 7 fields in line 3, saw 8",
        "export it again",
    ),
    "csv with thousands separators": (
        "MES_1m.csv",
        b"datetime,open,high,low,close,volume\n2024-07-08 00:00+00:00,5,000,5000,5000,5000,1\n",
        "",
        "row 1 has more fields than the header has columns",
        "export numbers without thousands separators",
    ),
    "minutes called five-minute rows": (
        "MES_5m.parquet",
        minutes(),
        "",
        "datetime is off the grid of the declared interval 5min in 80.0% of the rows",
        "above the limit 1%",
        "declare the true one",
    ),
    "bars that are no multiple of the rows": (
        "MES_2m.parquet",
        minutes()[::2],
        "",
        "bars.interval=5min is no multiple of the raw interval 2min",
        "choose a multiple",
    ),
    "bars longer than the file": (
        "MES_1m.parquet",
        minutes()[:2000],
        "bars: {interval: 1380min}\nfeatures: {timeframes: [1d]}\ncleaning: {min_traded_share: 0}",
        "not one whole bar of 1380min is left after cleaning",
        "get more rows or lower bars.interval",
    ),
    "more folds than sessions": (
        "MES_1m.parquet",
        minutes(n_sessions=12),
        "folds: {n_splits: 9}\nfeatures: {timeframes: [15min]}\n"
        "splits: {embargo_sessions: 0, min_sessions: {train: 1, val: 1, test: 1}}",
        "config: folds.n_splits=9 and folds.embargo.sessions=1 are too many for the 7 sessions of "
        "the training split; lower one of them or get more data",
    ),
    "too few sessions to search barriers": (
        "MES_1m.parquet",
        minutes(n_sessions=12),
        "labels: {search: {enabled: true}}\nfeatures: {timeframes: [15min]}\n"
        "splits: {embargo_sessions: 0, min_sessions: {train: 1, val: 1, test: 1}}",
        "error: MES: labels.search.share=0.2 of the training split leaves",
        "a search at horizon 20 needs 600 and 5; raise it, get more data, or set labels.search.ena",
    ),
    "hour that the clock change skips": (
        "MES_1m.parquet",
        local("2024-03-10 02:30"),
        zone("America/New_York"),
        "datetime cannot be placed in America/New_York (2024-03-10 02:30:00 is a nonexistent time",
        "check raw.MES.timezone, or write the times with their offset or in UTC",
    ),
    "hour that the clock change repeats, there once": (
        "MES_1m.parquet",
        local("2024-11-03 01:00", 30),
        zone("America/New_York"),
        "datetime cannot be placed in America/New_York (2024-11-03 01:00:00 is an ambiguous time",
        "check raw.MES.timezone, or write the times with their offset or in UTC",
    ),
}


def _files(name, content, config):
    files = {} if name is None else {f"data/raw/{name}": content}
    return files | ({OVERLAY: config} if config else {})


OF_THE_CONFIG = {
    *("bars that are no multiple of the rows", "more folds than sessions"),
    "too few sessions to search barriers",
}
MISTAKES = [
    Mistake(
        what,
        named(None if what in OF_THE_CONFIG else name, words),
        _files(name, content, config),
    )
    for what, (name, content, config, *words) in REFUSED_ELSEWHERE.items()
]
MISTAKES.append(
    Mistake(
        "name that is nearly right",
        (f"error: {FILE}: no such file, but there is mes_1min.csv; rename it to MES_1m.csv",),
        {"data/raw/mes_1min.csv": b"datetime\n"},
    )
)
