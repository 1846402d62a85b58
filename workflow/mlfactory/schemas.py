"""The data contracts: every table's columns, types, units and row rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field

CLASSES = ("short", "neutral", "long")
"""Label order: 0 short, 1 neutral, 2 long."""

TIME = "datetime64[ns, UTC]"


@dataclass(frozen=True)
class Column:
    """One column: its pandas type, its unit, whether it may be missing, and its range."""

    dtype: str
    unit: str = ""
    nullable: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Schema:
    """One table: its columns in order, and the rows' rules.

    Attributes
    ----------
    name
        What error messages call the table.
    columns
        Columns by name, in order.
    time_key
        Whether ``datetime`` is unique and ascending.
    sums_to_one
        Groups of columns whose sum is 1 in every row.
    ordered
        Pairs of columns of which the first is never above the second.
    """

    name: str
    columns: dict[str, Column]
    time_key: bool = True
    sums_to_one: tuple[tuple[str, ...], ...] = ()
    ordered: tuple[tuple[str, str], ...] = field(default=())


_TIME = Column(TIME, "bar open, UTC")
_PRICE = Column("float64", "price", low=0.0)
_PROBABILITY = Column("float32", "probability", low=0.0, high=1.0)
_OHLC_ORDER = (
    ("low", "open"),
    ("low", "close"),
    ("low", "high"),
    ("open", "high"),
    ("close", "high"),
)
_OHLCV = {
    "datetime": _TIME,
    "open": _PRICE,
    "high": _PRICE,
    "low": _PRICE,
    "close": _PRICE,
    "volume": Column("float64", "contracts", low=0.0),
}

RAW = Schema(
    "simulated raw rows",
    {**_OHLCV, "volume": Column("int64", "contracts", low=0)},
    ordered=_OHLC_ORDER,
)

BARS = Schema(
    "bars",
    {
        **_OHLCV,
        "n_raw": Column("int32", "raw rows", low=1),
        "session": Column("int32", "days since 1970 of the session's date"),
        "session_open": Column(TIME, "UTC"),
        "session_close": Column(TIME, "UTC"),
        "segment": Column("int32", "uninterrupted stretch", low=0),
        "contract": Column("str", "contract name", nullable=True),
    },
    ordered=_OHLC_ORDER,
)

RAW_BARS = Schema(
    "raw bars",
    {**_OHLCV, "bar": Column("int32", "row of bars", low=0)},
    ordered=_OHLC_ORDER,
)

LABELS = Schema(
    "labels",
    {
        "datetime": _TIME,
        "label": Column("Int8", "0 short, 1 neutral, 2 long", nullable=True, low=0, high=2),
        "t1": Column(TIME, "end of the raw row that decided", nullable=True),
        "ret": Column("float64", "fraction of entry price", nullable=True),
        "mae": Column("float64", "fraction of entry price", nullable=True, low=0),
        "mfe": Column("float64", "fraction of entry price", nullable=True, low=0),
        "bars_held": Column("Int32", "bars", nullable=True, low=1),
        "ambiguous": Column("bool"),
        "tradable": Column("bool"),
        "event": Column("bool"),
        "uniqueness": Column("float64", "mean of 1/concurrency", nullable=True, low=0, high=1),
        "quality": Column("float64", "score of the path", nullable=True, low=0, high=1),
    },
)

FOLDS = Schema(
    "folds",
    {
        "datetime": _TIME,
        "end": Column(TIME, "bar end, UTC"),
        "session": Column("int32", "days since 1970 of the session's date"),
        "minute": Column("int32", "minutes since the session's open", low=0),
        "fold": Column("Int16", "fold that holds the row out", nullable=True, low=0),
        "label": LABELS.columns["label"],
        "t1": LABELS.columns["t1"],
        "bars_held": LABELS.columns["bars_held"],
        "uniqueness": LABELS.columns["uniqueness"],
        "quality": LABELS.columns["quality"],
    },
)

_CURRENCY = Column("float64", "currency of the contract")
_PAID = Column("float64", "currency of the contract", low=0.0)

TRADES = Schema(
    "trades",
    {
        "datetime": Column(TIME, "opening of the bar at whose end the signal stands, UTC"),
        "entry_time": Column(TIME, "opening of the raw row that fills it, UTC"),
        "exit_time": Column(TIME, "end of the raw row that ends it; after a hole its opening"),
        "session": Column("int32", "days since 1970 of the entry's session"),
        "side": Column("int8", "1 long, -1 short", low=-1, high=1),
        "contracts": Column("int32", "contracts", low=1),
        "entry_price": Column("float64", "price before slippage", low=0.0),
        "exit_price": Column("float64", "price before slippage", low=0.0),
        "exit": Column("str", "target, stop, vertical, session, roll, hole, end"),
        "bars_held": Column("int32", "bars", low=1),
        "volatile": Column("bool", "whether the market was volatile at the signal"),
        "gross": _CURRENCY,
        "slippage": _PAID,
        "commission": _PAID,
        "net": _CURRENCY,
    },
    ordered=(("entry_time", "exit_time"),),
)

EQUITY = Schema(
    "equity",
    {
        "date": Column(TIME, "the session's date"),
        "session": Column("int32", "days since 1970 of the session's date"),
        "gross": _CURRENCY,
        "slippage": _PAID,
        "commission": _PAID,
        "net": _CURRENCY,
        "equity": Column("float64", "currency, the sum of net so far"),
        "held": Column("float64", "currency that one contract held all the time would earn"),
        "exposure": Column("float64", "share of bars with a position", low=0.0, high=1.0),
        "trades": Column("int32", "entries", low=0),
        "contracts_traded": Column("int32", "contracts bought and sold", low=0),
    },
    time_key=False,
)

SPLIT_MARKS = ("datetime", "session", "segment")
"""The columns of a split that are no features."""

PROBABILITIES = tuple(f"prob_{name}" for name in CLASSES)

PREDICTIONS = Schema(
    "predictions",
    {"datetime": _TIME, **dict.fromkeys(PROBABILITIES, _PROBABILITY)},
    sums_to_one=(PROBABILITIES,),
)

UNCALIBRATED = tuple(f"uncalibrated_{name}" for name in PROBABILITIES)


def held_out(calibrated: bool) -> Schema:
    """What a fold's fit predicts of its held-out rows; also before its calibration, if any."""
    if not calibrated:
        return PREDICTIONS
    columns = {**PREDICTIONS.columns, **dict.fromkeys(UNCALIBRATED, _PROBABILITY)}
    return Schema("held-out predictions", columns, sums_to_one=(PROBABILITIES, UNCALIBRATED))


NEW_PREDICTIONS = Schema(
    "predictions of new rows",
    {
        **PREDICTIONS.columns,
        "signal": Column("int8", "1 long, -1 short, 0 no position", low=-1, high=1),
        "contracts": Column("int32", "contracts of a position", low=0),
    },
    sums_to_one=(PROBABILITIES,),
)

WALK_FORWARD = Schema(
    "walk-forward predictions",
    {
        "datetime": _TIME,
        "refit": Column("int16", "refit that predicts the row, from 0", low=0),
        **dict.fromkeys(PROBABILITIES, _PROBABILITY),
    },
    sums_to_one=(PROBABILITIES,),
)

PREDICTED = {"oof": PREDICTIONS, "walkforward": WALK_FORWARD}
"""The tables that a stacking dataset is built from, by ``stacking.source``."""


def features(names: Sequence[str]) -> Schema:
    """The features table: time and one float32 column per feature; missing in the warm-up only."""
    columns = {name: Column("float32", nullable=True) for name in names}
    return Schema("features", {"datetime": _TIME, **columns})


def split(names: Sequence[str]) -> Schema:
    """A split: complete unscaled features, with the segment and session of each bar."""
    columns = {name: Column("float32") for name in names}
    rows = {name: BARS.columns[name] for name in SPLIT_MARKS}
    return Schema("split", {**rows, **columns})


def published(names: Sequence[str], horizons: Sequence[int]) -> Schema:
    """A split of the published dataset: scaled features, and each horizon's label and weight."""
    scaled = Column("float32", "interquartile ranges from the training median", low=-5, high=5)
    weight = Column("float32", "quality tier", nullable=True, low=0.5, high=1.5)
    return Schema(
        "published dataset",
        {
            "datetime": _TIME,
            "symbol": Column("str", "contract"),
            **dict.fromkeys(names, scaled),
            **{f"label_h{h}": LABELS.columns["label"] for h in horizons},
            **{f"sample_weight_h{h}": weight for h in horizons},
        },
    )


def member_columns(model: str) -> tuple[str, ...]:
    """The names of one model's probabilities in a stacking dataset, in label order."""
    return tuple(f"{model}_{column}" for column in PROBABILITIES)


def stacking_dataset(models: Sequence[str]) -> Schema:
    """Held-out training rows with every base model's probabilities, aligned by time."""
    probabilities = {c: _PROBABILITY for model in models for c in member_columns(model)}
    return Schema(
        "stacking dataset",
        {
            "datetime": _TIME,
            **probabilities,
            "models_agree": Column("bool"),
            "avg_confidence": _PROBABILITY,
            "avg_entropy": Column("float32", "nats", low=0.0, high=1.0987),
            "y_true": LABELS.columns["label"],
            "fold": Column("int16", low=0),
            "t1": LABELS.columns["t1"],
            "sample_weight": Column("float64", "mean 1 over labelled rows", nullable=True, low=0),
        },
        sums_to_one=tuple(member_columns(model) for model in models),
    )
