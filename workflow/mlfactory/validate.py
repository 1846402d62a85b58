"""What can be known of a run before its first job: the raw file, the splits, and their worth."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mlfactory import config as configuration
from mlfactory import contracts, given_folds, raw_files, recipes, registry, row_kinds
from mlfactory.errors import UserError
from mlfactory.features import catalog
from mlfactory.labels import label_bars
from mlfactory.model_inputs import columns
from mlfactory.schemas import CLASSES
from mlfactory.search_space import check_search_space
from mlfactory.splits import Split, require_sessions, sharpe_standard_error, split_bars
from mlfactory.stretch import last_bars, require_enough, searched_rows, usable
from mlfactory.symbol_bars import bars_of

MANY_OFF_TICK = 0.9
"""Share of rows off the tick above which the tick is doubted; adjusted prices are about half so."""

COMMON_TICKS = (1.0, 0.5, 0.25, 0.1, 0.05, 0.03125, 0.025, 0.01, 0.005, 0.001, 0.0001)

MANY_CUT = 0.2
"""Share of rows whose label's window is cut, from which on a warning says so."""

MANY_THIN = 0.5
"""Share of rows before trading was dense, above which the calendar is doubted."""


def check_models(settings: dict[str, Any], root: Path = configuration.ROOT) -> None:
    """Refuse a model's yaml that the model itself would refuse once its fit has begun."""
    loaded = configuration.load_models(settings["models"], root)
    combined = recipes.load(settings, root).values()
    for model in (*loaded.values(), *(one["model"] for one in combined)):
        name = model["model"]["type"]
        registry.make(model, settings["threads"])
        check_search_space(name, model["search_space"], registry.get(name).PARAMETERS)
    made = catalog.configured(settings)
    described = [{"name": f.name, "family": family} for family, f in catalog.features(made)]
    for name in settings["models"]:
        columns({"families": list(made.families), "features": described}, loaded[name])


def validate(settings: dict[str, Any], symbol: str) -> Iterator[str]:
    """Read, clean and split a symbol's raw file without writing anything.

    Yields
    ------
    Lines for the screen: rows kept and removed, warm-up, sessions of each split, and the standard
    error that an annual Sharpe ratio measured on the test split would have.

    Raises
    ------
    UserError
        Whatever would stop the run.
    """
    check_models(settings)
    known = contracts.load(configuration.ROOT / "config/contracts.yaml")
    contract = contracts.get(known, symbol)
    bars, raw_bars, account = bars_of(settings, contract)
    yield from _account_lines(symbol, bars, account)
    yield from _doubt_of_tick(symbol, contract.tick_size, bars, account)
    if symbol not in settings["synthetic"]:
        yield from _unread(settings, symbol, account)
    chosen = catalog.configured(settings)
    first_row = catalog.first_complete_row(bars, chosen)
    splits = split_bars(bars, first_row, settings["splits"])
    warmup_sessions = bars["session"].iloc[: first_row + 1].nunique()
    # A file that ends within the warm-up does not say how many sessions of it there would be.
    warmup_sessions = max(warmup_sessions, catalog.warmup_sessions(chosen) + 1)
    doubt = _doubt_of_calendar(account)
    require_sessions(splits, settings["splits"], symbol, warmup_sessions, doubt)
    _require_folds(settings, symbol, bars, splits[0])
    test = splits[-1]
    error = sharpe_standard_error(test.n_sessions, contract.calendar)
    left_out = len(bars) - first_row - sum(s.stop - s.start for s in splits)
    yield (
        f"{symbol}: {first_row} bars of warm-up, {len(bars) - first_row} rows after it, "
        f"{left_out} of them purged or embargoed at the borders"
    )
    for s in splits:
        yield f"{symbol}: {s.name}: {s.stop - s.start} rows, {s.n_sessions} sessions"
    train = slice(splits[0].start, splits[0].stop)
    which = ", with the configured barriers" if settings["labels"]["search"]["enabled"] else ""
    for horizon in settings["horizons"]:
        barriers = configuration.barriers(settings, symbol, horizon)
        labels = label_bars(
            bars,
            raw_bars,
            horizon=horizon,
            contract=contract,
            raw_interval=pd.Timedelta(account["raw_interval"]),
            **barriers,
            **configuration.label_settings(settings),
        )
        words = labels_in_words(labels.iloc[train], bars.iloc[train], barriers["max_bars"])
        up, down = barriers["k_up"], barriers["k_down"]
        terms = f"{up:g} ATR up, {down:g} down, at most {barriers['max_bars']} bars"
        yield f"{symbol}: h{horizon} ({terms}){which}: {words}"
    yield (
        f"{symbol}: an annual Sharpe ratio measured on the {test.n_sessions} test sessions has a "
        f"standard error of {error:.2f}: one below {2 * error:.1f} cannot be told from 0"
    )


def _doubt_of_tick(
    symbol: str, tick_size: float, bars: pd.DataFrame, account: dict[str, Any]
) -> Iterator[str]:
    """A question, where nearly no price is a multiple of the contract's tick."""
    rows = account["rows"]
    share = rows["noted"]["off_tick"] / max(rows["kept"], 1)
    if share <= MANY_OFF_TICK:
        return
    close = bars["close"].to_numpy()
    fits = [
        tick
        for tick in COMMON_TICKS
        if tick != tick_size and np.mean(np.abs(close / tick - np.rint(close / tick)) < 1e-4) > 0.95
    ]
    found = f"; closes are multiples of {fits[0]:g}" if fits else ""
    yield (
        f"{symbol}: warning: {share:.0%} of the rows have a price that is no multiple of "
        f"tick_size={tick_size:g}{found}: is it right in config/contracts.yaml? Slippage and the "
        "least width of the barriers are counted in ticks"
    )


def _unread(settings: dict[str, Any], symbol: str, account: dict[str, Any]) -> Iterator[str]:
    """What is there for the symbol, a second raw file or a zone, and is not read."""
    choice = raw_files.choice_in_words(settings, symbol)
    if choice:
        yield f"{symbol}: note: {choice}"
    zone, times = raw_files.raw_settings(settings, symbol)["timezone"], account["times"]
    if zone and not times.startswith("naive"):
        why = "they are epoch numbers" if times == "epoch" else f"they carry their own, {times}"
        yield f"{symbol}: note: raw.{symbol}.timezone={zone} is not used for the times: {why}"


def _doubt_of_calendar(account: dict[str, Any]) -> str:
    """A question, where most rows were cut as a thin beginning: sessions may be too long."""
    rows = account["rows"]
    share = rows["removed"]["thin_lead"] / rows["read"]
    if share <= MANY_THIN:
        return ""
    return (
        f"{share:.0%} of the rows lie before trading was dense by calendar {account['calendar']}: "
        "is that the contract's calendar? "
    )


def labels_in_words(labels: pd.DataFrame, bars: pd.DataFrame, max_bars: int) -> str:
    """How many rows of a table of schema LABELS have a label, of which class, and why so few."""
    known = labels["label"].dropna().to_numpy(dtype=np.int64)
    shares = np.bincount(known, minlength=3) / max(len(known), 1)
    classes = ", ".join(f"{name} {share:.0%}" for name, share in zip(CLASSES, shares, strict=True))
    words = f"{len(known) / len(labels):.0%} of the training rows have a label ({classes})"
    cut = float(labels["t1"].isna().mean())
    if cut <= MANY_CUT:
        return words
    return (
        f"{words}; warning: for {cut:.0%} the {max_bars} bars that a label may take reach over the "
        f"end of the session or a hole{_only_first(labels, bars)}: choose a shorter horizon, or "
        "labels: {cross_sessions: true} to hold over night"
    )


def _only_first(labels: pd.DataFrame, bars: pd.DataFrame) -> str:
    """That only the first bars of sessions have labels, where it is so."""
    session = bars["session"].to_numpy()
    number = bars.groupby(session).cumcount().to_numpy() + 1
    last = pd.Series(number).groupby(session).max().median()
    known = labels["t1"].notna().to_numpy()
    if not known.any():
        return ""
    latest = pd.Series(number[known]).groupby(session[known]).max().median()
    if latest > 0.9 * last:
        return ""
    return (
        f"; only the first {latest:.0f} of a session's {last:.0f} bars have one, models learn from "
        "those alone, and no later bar is traded"
    )


def _first_held_out(settings: dict[str, Any], symbol: str, bars: pd.DataFrame, train: Split) -> int:
    """The first bar of the training split that a fold may hold out: the first not searched."""
    search = settings["labels"]["search"]
    if not search["enabled"]:
        return train.start
    share, longest = search["share"], max(settings["horizons"])
    first = train.start + searched_rows(train.stop - train.start, share)
    searched = bars.iloc[train.start : first]
    rows = usable(last_bars(searched, settings["labels"]["cross_sessions"]), longest)
    sessions = searched["session"].to_numpy()[rows]
    require_enough(sessions, symbol=symbol, share=share, horizon=longest)
    return first


def _require_folds(settings: dict[str, Any], symbol: str, bars: pd.DataFrame, train: Split) -> None:
    """Refuse folds that would leave no whole session to train on, and own ones without a row."""
    folds = settings["folds"]
    first = _first_held_out(settings, symbol, bars, train)
    given = given_folds.blocks(folds["file"])
    if given is not None:
        times = bars["datetime"].iloc[train.start : train.stop].reset_index(drop=True)
        given_folds.held_out_by(times, given, first - train.start, folds["file"])
        return
    n_sessions = bars["session"].iloc[first : train.stop].nunique()
    n_splits, embargo = folds["n_splits"], folds["embargo"]["sessions"]
    if n_sessions * (n_splits - 1) / n_splits - embargo < 1 or n_splits > n_sessions:
        raise UserError(
            f"config: folds.n_splits={n_splits} and folds.embargo.sessions={embargo} are too many "
            f"for the {n_sessions} sessions of the training split; lower one of them or get more "
            "data"
        )


def _account_lines(symbol: str, bars: pd.DataFrame, account: dict[str, Any]) -> Iterator[str]:
    """What the raw file held and what became of it."""
    rows = account["rows"]
    yield (
        f"{symbol}: {account['file']}: {rows['read']} raw rows, {rows['kept']} kept, {len(bars)} "
        f"bars of {account['bar_interval']}, {bars['session'].nunique()} sessions, segments: "
        f"{bars['segment'].nunique()}, {bars['datetime'].iloc[0]} to {bars['datetime'].iloc[-1]}"
    )
    yield f"{symbol}: times: {account['times']}, taken to mark the rows' {account['stamps']}"
    for what, of in (("removed", rows["read"]), ("noted", rows["kept"])):
        if any(rows[what].values()):
            yield f"{symbol}: {what}: {row_kinds.in_words(rows[what], of)}"
    hole = account["largest_hole"]
    if hole["sessions"]:
        yield (
            f"{symbol}: warning: no row traded in {hole['sessions']} sessions between "
            f"{hole['after']} and {hole['before']}; is the file complete?"
        )
