"""What a schema cannot say of a configuration: which values are none, or not together."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import pandas as pd

from mlfactory import recipes
from mlfactory.checks.check import AT_LEAST
from mlfactory.configured_barriers import barriers
from mlfactory.errors import nearest
from mlfactory.features.families import FAMILIES
from mlfactory.model_files import load_models
from mlfactory.schema_words import written

BASELINE_FAMILIES = ("temporal", "volatility")
"""Feature families that the baselines of the scores read."""


def contradictions(settings: dict[str, Any]) -> Iterator[str]:
    """What cannot be, each in a line with key, value and way out.

    Parameters
    ----------
    settings
        The configuration, as its schema allows it and with every default.

    Raises
    ------
    UserError
        At a mistake in a model's yaml, in a recipe, or in barriers.
    """
    checks = (
        _intervals,
        _zones,
        _models,
        _embargo,
        _families,
        _timeframes,
        _barriers,
        _search,
        _splits,
        _stacking,
        _backtest,
        _starts,
        _checks,
        _symbols,
    )
    for check in checks:
        yield from check(settings)


def _interval(text: str) -> pd.Timedelta | None:
    try:
        value = pd.Timedelta(text)
    except ValueError:
        return None
    return (
        value
        if value > pd.Timedelta(0) and value % pd.Timedelta("1min") == pd.Timedelta(0)
        else None
    )


def _intervals(settings: dict[str, Any]) -> Iterator[str]:
    given = {f"bars.{key}": settings["bars"][key] for key in ("interval", "max_gap")}
    for symbol, raw in settings["raw"].items():
        if raw["interval"] is not None:
            given[f"raw.{symbol}.interval"] = raw["interval"]
    for key, text in given.items():
        if _interval(text) is None:
            yield f"{key}={text!r} is not a whole number of minutes; write it like 5min"
    bar = pd.Timedelta(settings["bars"]["interval"])
    for symbol, raw in settings["raw"].items():
        if raw["interval"] and bar % pd.Timedelta(raw["interval"]) != pd.Timedelta(0):
            yield (
                f"bars.interval={settings['bars']['interval']} is not a multiple of "
                f"raw.{symbol}.interval={raw['interval']}; raise bars.interval"
            )


def _zones(settings: dict[str, Any]) -> Iterator[str]:
    for symbol, raw in settings["raw"].items():
        try:
            ZoneInfo(raw["timezone"] or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            hint = nearest(raw["timezone"], available_timezones())
            yield f"raw.{symbol}.timezone={raw['timezone']!r} is no zone; {hint}"


def _models(settings: dict[str, Any]) -> Iterator[str]:
    for name, model in load_models(settings["models"]).items():
        if model["model"]["family"] == "ensemble":
            yield f"models: {name} is an ensemble; move it to ensembles"
    recipes.load(settings)


def _embargo(settings: dict[str, Any]) -> Iterator[str]:
    """Sequences must not reach over the embargo into rows that are held out."""
    embargo = settings["folds"]["embargo"]["min_bars"]
    for name, model in load_models(settings["models"]).items():
        length = model["needs"]["sequence_length"]
        if length > embargo:
            yield (
                f"folds.embargo.min_bars={embargo} is shorter than needs.sequence_length={length} "
                f"in config/models/{name}.yaml: rows held out would be trained on as part of later "
                "sequences; raise folds.embargo.min_bars"
            )


def _families_of_model(name: str, model: dict[str, Any], made: list[str]) -> Iterator[str]:
    families = model["needs"].get("families", made)
    key = f"config/models/{name}.yaml: needs.families"
    for family in families:
        if family not in FAMILIES:
            yield f"{key}: unknown family {family!r}; {nearest(family, FAMILIES)}"
    if not set(families) & set(made):
        yield (f"{key}={families} are none of features.families={made}; add one of them to either")


def _families(settings: dict[str, Any]) -> Iterator[str]:
    families = settings["features"]["families"]
    for family in families:
        if family not in FAMILIES:
            yield f"features.families: unknown family {family!r}; {nearest(family, FAMILIES)}"
    for family in BASELINE_FAMILIES:
        if family not in families:
            yield f"features.families lacks {family}, which the scores' baselines read; add it"
    for name, model in load_models(settings["models"]).items():
        yield from _families_of_model(name, model, families)


def _timeframes(settings: dict[str, Any]) -> Iterator[str]:
    interval = settings["bars"]["interval"]
    bar, day = pd.Timedelta(interval), pd.Timedelta(days=1)
    chosen = settings["features"]
    seen: dict[pd.Timedelta, str] = {}
    for timeframe in chosen["timeframes"] if "timeframe" in chosen["families"] else ():
        session = timeframe == "1d"
        length = day if session else pd.Timedelta(timeframe)
        key = f"features.timeframes: {timeframe}"
        if length <= bar:
            yield (
                f"{key} is not longer than bars.interval={interval}; take {timeframe} out of "
                "features.timeframes, or lower bars.interval"
            )
        if length >= day and not session:
            yield f"{key} is not shorter than a day; write 1d, which is a session"
        if length % bar != pd.Timedelta(0) and not session:
            yield f"{key} is no multiple of bars.interval={interval}; choose a multiple"
        if length in seen:
            yield f"{key} is as long as {seen[length]}; take one out"
        seen[length] = timeframe


def _barriers(settings: dict[str, Any]) -> Iterator[str]:
    for symbol in settings["symbols"]:
        for horizon in settings["horizons"]:
            barriers(settings, symbol, horizon)
    yield from ()


def _search(settings: dict[str, Any]) -> Iterator[str]:
    search = settings["labels"]["search"]
    key = "labels.search"
    if search["k_min"] >= search["k_max"]:
        yield (
            f"{key}.k_min={search['k_min']} is not below {key}.k_max={search['k_max']}; lower k_min"
        )
    if search["startup_trials"] > search["trials"]:
        yield (
            f"{key}.startup_trials={search['startup_trials']} is above {key}.trials="
            f"{search['trials']}: nothing would be learnt from a trial; lower startup_trials"
        )
    kind = settings["labels"]["events"]["kind"]
    if search["enabled"] and kind != "every_bar":
        yield (
            f"{key}.enabled=true with labels.events.kind={kind}: the search trades at every bar; "
            "set one of them back, false or every_bar"
        )
    purge, reach = settings["splits"]["purge_bars"], 3 * max(settings["horizons"])
    if search["enabled"] and purge < reach:
        yield (
            f"splits.purge_bars={purge} is shorter than {reach}, three times the longest of "
            f"horizons, which {key} may choose: labels would leak over the borders; raise "
            f"splits.purge_bars to at least {reach}"
        )


def _splits(settings: dict[str, Any]) -> Iterator[str]:
    splits = settings["splits"]
    shares = splits["train_share"] + splits["val_share"]
    if shares >= 1:
        yield f"splits.train_share + splits.val_share = {shares:g} leaves no test; lower one"
    dates = [splits["val_start"], splits["test_start"]]
    if (dates[0] is None) != (dates[1] is None):
        yield "splits.val_start and splits.test_start are set together; set both or neither"
    if None in dates:
        return
    try:
        val, test = (pd.to_datetime(date, utc=True) for date in dates)
    except ValueError as error:
        yield (
            f"splits.val_start={dates[0]}, splits.test_start={dates[1]}: {error}; write dates such "
            "as 2024-01-31"
        )
    else:
        if val >= test:
            yield (
                f"splits.val_start={dates[0]} is not before splits.test_start={dates[1]}; move one"
            )


def _stacking(settings: dict[str, Any]) -> Iterator[str]:
    if settings["stacking"]["source"] == "walkforward" and not settings["walk_forward"]["enabled"]:
        yield (
            "stacking.source=walkforward with walk_forward.enabled=false: nothing would be walked "
            "forward; set one of them back, oof or true"
        )


def _backtest(settings: dict[str, Any]) -> Iterator[str]:
    given = settings["backtest"]
    capital, margin = given["capital"], given["margin_per_contract"]
    if (capital is None) != (margin is None):
        yield (
            f"backtest.capital={written(capital)} with backtest.margin_per_contract="
            f"{written(margin)}: each is a limit only with the other; set both or neither"
        )
    elif capital is not None and capital < margin:
        yield (
            f"backtest.capital={capital:g} is below backtest.margin_per_contract={margin:g}: not "
            "one contract could be held; raise backtest.capital"
        )
    if given["size"] == "probability" and given["max_contracts"] < 2:
        yield (
            "backtest.size=probability with backtest.max_contracts=1: a size between none and one "
            "contract is either of them; raise backtest.max_contracts, or set backtest.size: one"
        )


def _starts(settings: dict[str, Any]) -> Iterator[str]:
    for symbol, market in settings["synthetic"].items():
        try:
            date.fromisoformat(market["start"])
        except ValueError:
            key = f"synthetic.{symbol}.start={market['start']!r}"
            yield f"{key} is no day of the calendar; write it as 2024-01-31"


def _checks(settings: dict[str, Any]) -> Iterator[str]:
    for measure, limits in settings["checks"].items():
        warn, fail = limits["warn"], limits["fail"]
        if warn is None or fail is None:
            continue
        least = measure in AT_LEAST
        if warn < fail if least else warn > fail:
            side = "above" if least else "below"
            yield (
                f"checks.{measure}.fail={fail:g} is {side} checks.{measure}.warn={warn:g}, so that "
                "it would stop before it warns; move one"
            )


def _symbols(settings: dict[str, Any]) -> Iterator[str]:
    symbols = settings["symbols"]
    if len(symbols) > 1 and not settings["allow_batch_symbols"]:
        yield batch_refusal(symbols)


def batch_refusal(symbols: list[str]) -> str:
    """The message that refuses several symbols in one run."""
    return (
        f"symbols {', '.join(symbols)} in one run: one contract a run is the rule; "
        "name one, or set allow_batch_symbols: true"
    )
