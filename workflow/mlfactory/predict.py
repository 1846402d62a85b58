"""Probabilities for new rows of a contract by a model that a run has fitted."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mlfactory import (
    backtest_files,
    contracts,
    novelty,
    raw_files,
    schemas,
    tables,
    trained,
)
from mlfactory import config as configuration
from mlfactory._typing import Int64Array1D
from mlfactory.backtest import Market, Trader
from mlfactory.bars import bars_from_raw
from mlfactory.contracts import Contract
from mlfactory.errors import UserError, shown
from mlfactory.features import catalog
from mlfactory.features.memory import first_bar_needed
from mlfactory.models._rows import FeatureRows
from mlfactory.oof import feature_rows
from mlfactory.regimes import USUAL_SESSIONS
from mlfactory.schemas import SPLIT_MARKS
from mlfactory.sessions import session_opens

DAY = pd.Timedelta(days=1)
ANY_OUTSIDE = {"max_outside_calendar_share": 1.0}
"""New rows may have extended hours though the run's file had few; cleaning.min_traded_share still
refuses sessions that are not full as the zone is another."""
_EXPIRY = re.compile(r"([A-Z0-9]+?)[FGHJKMNQUVXZ][0-9]{1,4}")
"""A root, and the month and year that a contract expires in, such as MESZ5."""


@dataclass(frozen=True)
class NewRows:
    """The end of a raw file, as far as features and sequences need it.

    Attributes
    ----------
    n_bars
        Bars in the whole file.
    bars, raw_bars
        Tables of schemas BARS and RAW_BARS.
    table
        The bars with complete features, a split without labels.
    features
        The same as model input.
    asked
        How many of the last rows are asked for.
    account
        See `bars.bars_from_raw`.
    """

    n_bars: int
    bars: pd.DataFrame
    raw_bars: pd.DataFrame
    table: pd.DataFrame
    features: FeatureRows
    asked: int
    account: dict[str, Any]

    @property
    def rows(self) -> Int64Array1D:
        """The rows of ``table`` that are asked for."""
        return np.arange(len(self.table) - self.asked, len(self.table))


def new_rows(
    path: Path,
    settings: Mapping[str, Any],
    fitted: trained.Trained,
    contract: Contract,
    *,
    last: int | None,
    before: int = 0,
) -> NewRows:
    """Read a raw file as the workflow does, and compute the features of its bars.

    Parameters
    ----------
    path
        Raw rows, those of the warm-up first.
    last
        How many bars are asked for, the last ones; None: all that have their warm-up. Then
        features are those of the whole file to the byte; else they are computed from the warm-up
        on, and differ by what a recursive indicator remembers, less than 1e-5 of their scale.
    before
        Rows before those asked for that are wanted too, where there are any.

    Raises
    ------
    UserError
        When the file cannot be used, is of another contract, or has less than the warm-up.
    """
    bars, raw_bars, account = bars_from_raw(
        path,
        symbol=contract.symbol,
        contract=contract,
        raw=raw_files.raw_settings(dict(settings), contract.symbol),
        bars=settings["bars"],
        cleaning=settings["cleaning"] | ANY_OUTSIDE,
    )
    _require_own_contracts(bars["contract"], fitted.contracts(), path, contract.symbol)
    chosen = catalog.configured(settings)
    n_bars, complete = len(bars), catalog.first_complete_row(bars, chosen)
    asked = n_bars - complete if last is None else last
    if asked < 1 or complete + asked > n_bars:
        raise UserError(
            f"{path.name}: {n_bars} bars in {bars['session'].nunique()} sessions leave "
            f"{n_bars - complete} with complete features, {max(asked, 1)} are asked for; features "
            f"look back {catalog.warmup_bars(chosen)} bars and {catalog.warmup_sessions(chosen)} "
            "sessions: give the rows of that time too, before the first one to predict"
        )
    if last is not None:
        row = max(n_bars - last - before - fitted.look_back, complete)
        bars, raw_bars = _from(_first_needed(bars, row, chosen), bars, raw_bars)
    features = catalog.build(bars, timezone=account["timezone"], chosen=chosen)
    whole = slice(catalog.first_complete_row(bars, chosen), None)
    table = pd.concat(
        [bars[list(SPLIT_MARKS)].iloc[whole], features.drop(columns="datetime").iloc[whole]], axis=1
    ).reset_index(drop=True)
    return NewRows(n_bars, bars, raw_bars, table, feature_rows(table), asked, account)


def _first_needed(bars: pd.DataFrame, row: int, chosen: catalog.FeatureSet) -> int:
    """The first bar that a row's features need, and whether its market is volatile, which costs."""
    opens = session_opens(bars["session"].to_numpy())
    own = int(np.searchsorted(opens, row, side="right")) - 1
    usual = int(opens[max(own - USUAL_SESSIONS, 0)])
    return min(first_bar_needed(bars, row, chosen) or 0, usual)


def _from(
    first: int, bars: pd.DataFrame, raw_bars: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The bars from ``first`` on, and their raw rows."""
    raw_bars = raw_bars[raw_bars["bar"] >= first]
    raw_bars = raw_bars.assign(bar=raw_bars["bar"] - first).reset_index(drop=True)
    return bars.iloc[first:].reset_index(drop=True), raw_bars


def predict(
    settings: Mapping[str, Any],
    *,
    symbol: str,
    horizon: int,
    model: str,
    path: Path,
    last: int | None = None,
    max_age_days: int | None = None,
    refuse_drift: bool = False,
) -> tuple[pd.DataFrame, list[str]]:
    """Predict the bars of a raw file.

    Parameters
    ----------
    settings
        The configuration of the run that fitted the model.
    path, last
        See `new_rows`.
    max_age_days
        The most days between the training rows' end and the last bar; None: any.
    refuse_drift
        Whether rows are refused that are farther from the training rows than any stretch of these.

    Returns
    -------
    One row a bar, schema NEW_PREDICTIONS; and what is to be said of the model's age and of how far
    the new rows are from those that it was fitted on.

    Raises
    ------
    UserError
        Whatever `trained.load` and `new_rows` refuse; a model that is too old, and rows that are
        too far, where that is asked for.
    """
    known = contracts.load(configuration.ROOT / "config/contracts.yaml")
    contract = contracts.get(known, symbol)
    _require_own_name(path, symbol, known)
    fitted = trained.load(settings, symbol, horizon, model)
    trading, chosen = fitted.trading(horizon, model, symbol)
    barriers = tables.read_json(fitted.folder / f"barriers_h{horizon}.json")["barriers"]
    # Bets of so many bars before may still be active, and count in a size.
    before = barriers["max_bars"]
    new = new_rows(path, settings, fitted, contract, last=last, before=before)
    rows = np.arange(max(new.rows[0] - before, 0), len(new.table))
    probabilities = fitted.predict(new.table, new.features, rows)
    market = backtest_files.market_of(
        new.bars,
        new.raw_bars,
        contract=contract,
        barriers=barriers,
        raw_interval=pd.Timedelta(new.account["raw_interval"]),
        bar_interval=pd.Timedelta(new.account["bar_interval"]),
        labels=configuration.label_settings(dict(settings)),
        trading=trading,
    )
    table = _with_signals(probabilities, market, Trader(**trading["trader"]), chosen)
    times = new.table["datetime"].iloc[new.rows]
    lines = [
        f"{symbol} h{horizon} {model}: {len(times)} of {new.n_bars} bars predicted, "
        f"{times.iloc[0]} to {times.iloc[-1]}",
        *_outside(new.account, contract),
        *_age(fitted, times, max_age_days),
        *_novelty(fitted, new, refuse=refuse_drift),
        _signals_in_words(chosen, trading, market),
    ]
    return table.iloc[-new.asked :].reset_index(drop=True), lines


def _with_signals(
    predicted: pd.DataFrame, market: Market, trader: Trader, chosen: Mapping[str, Any]
) -> pd.DataFrame:
    """Predictions with the side and the contracts that the backtest would want of each bar."""
    rows = market.rows(predicted["datetime"])
    wanted = backtest_files.wanted(market, trader, predicted, chosen)[rows]
    return predicted.assign(
        signal=np.sign(wanted).astype(np.int8), contracts=np.abs(wanted).astype(np.int32)
    )


def _signals_in_words(chosen: Mapping[str, Any], trading: Mapping[str, Any], market: Market) -> str:
    threshold, judge = chosen["threshold"], chosen["meta_filter"]
    if threshold is None:
        return "signals: none, as no threshold earned anything out of fold after costs"
    trader = trading["trader"]
    late = "" if market.in_session.all() else "; none where a label would outlive the session"
    judged = f"; only where the meta-label filter gives {judge['least']:g} or more" if judge else ""
    return (
        f"signals: {trader['signal']} beyond {threshold:g}, size {trader['size']}, at most "
        f"{trader['max_contracts']} contracts{late}{judged}"
    )


def write(table: pd.DataFrame, path: Path) -> None:
    """Write predictions as parquet, or as csv where the path ends so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        tables.write_csv(table, path)
    else:
        tables.write(table, path, schemas.NEW_PREDICTIONS)


def _outside(account: Mapping[str, Any], contract: Contract) -> Iterator[str]:
    """Rows that no session holds, and which are left out."""
    rows = account["rows"]
    read, outside = rows["read"], rows["removed"]["outside_calendar"]
    if outside:
        yield (
            f"note: {outside / read:.1%} of the rows are outside the sessions of "
            f"{contract.calendar} and are left out"
        )


def _age(fitted: trained.Trained, times: pd.Series, most_days: int | None) -> Iterator[str]:
    """How long before the last new bar the training rows end, and whether bars are among them."""
    until, last = fitted.last_training_bar(), times.iloc[-1]
    days = (last - until) / DAY
    words = f"the models' training rows end {until}, {days:.0f} days before the last bar"
    if most_days is not None and days > most_days:
        raise UserError(
            f"{words}; --max-age-days is {most_days}: run again with newer rows, or raise it"
        )
    yield words
    known = int((times <= until).sum())
    if known:
        yield (
            f"warning: {known} of these bars are no later than that: the models were fitted on "
            "them, and what they say of them proves nothing"
        )


def _novelty(fitted: trained.Trained, new: NewRows, *, refuse: bool) -> Iterator[str]:
    """How far the new rows are from the training rows, in words."""
    names = fitted.features
    train = tables.read_split(fitted.folder / "splits/train.parquet")[list(names)]
    after = (new.table["datetime"].iloc[new.rows] > fitted.last_training_bar()).to_numpy()
    later = new.features.named(names).values[new.rows[after]]
    found = novelty.novelty(train.to_numpy(dtype=np.float32), later)
    if found is None:
        yield (
            f"drift: cannot be told from {len(later)} new rows; {novelty.LEAST_ROWS} are the "
            "least, and a quarter of the training rows"
        )
        return
    for name, one in (
        ("mean population stability index", found.stability),
        ("AUC of old against new rows", found.classified),
    ):
        higher = int((one.past > one.value).sum())
        yield (
            f"drift: {name} {one.value:.2f} in the last {found.rows} new rows; {higher} of "
            f"{len(one.past)} stretches as long within the training rows were farther from the rest"
        )
    moved = novelty.largest(found.columns, names)
    if moved:
        yield f"drift: farthest by population stability index: {moved}"
    if refuse and found.unseen:
        raise UserError(
            f"drift: the last {found.rows} rows (mean population stability index "
            f"{found.stability.value:.2f}, AUC of old against new "
            f"{found.classified.value:.2f}) are farther from the training rows than any stretch of "
            "these; run again with newer rows, or leave --refuse-drift out"
        )


def _require_own_name(path: Path, symbol: str, known: Mapping[str, contracts.Contract]) -> None:
    """Refuse a file that is named after another contract."""
    named = re.match(r"[A-Za-z0-9]+", path.stem)
    other = named[0].upper() if named else symbol
    if other != symbol and other in known:
        raise UserError(
            f"{shown(path)}: is named after {other}, the model is of {symbol}; give the rows of "
            f"{symbol}, or rename the file"
        )


def _require_own_contracts(names: pd.Series, known: pd.Series, path: Path, symbol: str) -> None:
    """Refuse rows of contracts whose root the run's own rows do not have."""
    own = {_root(name) for name in known.dropna().unique()}
    for name in names.dropna().unique() if own else ():
        if _root(name) not in own:
            raise UserError(
                f"{path.name}: holds contract {name}, the run of {symbol} read "
                f"{known.dropna().iloc[-1]} and the like; give the rows of {symbol}"
            )


def _root(name: str) -> str:
    """A contract's name without the month and year that it expires in, where it has these."""
    found = _EXPIRY.fullmatch(name.strip().upper())
    return found[1] if found else ""
