"""The configuration: what the files and the command line say, completed, checked, and in parts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlfactory import given_folds
from mlfactory.config_consistency import batch_refusal, contradictions
from mlfactory.configured_barriers import barriers
from mlfactory.errors import UserError, shown
from mlfactory.model_files import ROOT, load_models
from mlfactory.schema_values import fill_defaults, text_keys, typed, validate
from mlfactory.schema_words import written
from mlfactory.yaml_files import read_yaml

__all__ = [
    "ROOT",
    "barriers",
    "batch_refusal",
    "checked",
    "choice",
    "label_settings",
    "load",
    "load_models",
    "of_symbol",
    "ranking",
    "trading",
]


def checked(
    config: dict[str, Any], root: Path = ROOT, sources: Sequence[tuple[str, Any]] = ()
) -> dict[str, Any]:
    """The configuration, completed with defaults and checked.

    Parameters
    ----------
    config
        As read from config/config.yaml, overlays and the command line.
    root
        The workflow's folder.
    sources
        Where it was read from, for messages; see `validate`.

    Returns
    -------
    A new mapping with every key of the schema.

    Raises
    ------
    UserError
        At the first mistake, naming key, value, limit and way out.
    """
    schema = read_yaml(root / "config/config.schema.yaml")
    settings = typed(text_keys(config), schema)
    validate(settings, schema, "config", sources)
    settings = fill_defaults(settings, schema)
    given = given_folds.blocks(settings["folds"]["file"])
    if given is not None:
        settings["folds"]["n_splits"] = int(given["fold"].max()) + 1
    for words in contradictions(settings):
        raise UserError(f"config: {words}")
    return settings


def load(
    overlays: list[Path], root: Path = ROOT, *, overrides: dict[str, Any] | None = None
) -> dict[str, Any]:
    """config/config.yaml with overlays and overrides merged over it, completed and checked."""
    sources = []
    for path in (root / "config/config.yaml", *overlays):
        content = read_yaml(path)
        if content is None:
            raise UserError(
                f"{shown(path)}: is empty; write keys with values, such as horizons: [20], or "
                "leave the file out"
            )
        if not isinstance(content, dict):
            raise UserError(f"{shown(path)}: is {written(content)}, not keys with values")
        sources.append((shown(path), text_keys(content)))
    sources.append(("command line", overrides or {}))
    merged: dict[str, Any] = {}
    for _, content in sources:
        merged = _merged(merged, content)
    return checked(merged, root, sources)


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {**under, **over}
    for key in under.keys() & over.keys():
        if isinstance(under[key], dict) and isinstance(over[key], dict):
            both[key] = _merged(under[key], over[key])
    return both


def label_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """What labels depend on besides their barriers: the other arguments of `labels.label_bars`."""
    names = ("atr_period", "atr_floor_ticks", "cross_sessions", "events")
    return {name: settings["labels"][name] for name in names}


def ranking(settings: dict[str, Any]) -> dict[str, Any]:
    """What the ranking of features depends on: arguments of `selection.ranked`."""
    return {name: settings["selection"][name] for name in ("inner_folds", "cluster_correlation")}


def choice(settings: dict[str, Any]) -> dict[str, Any]:
    """What a model's choice out of a ranking depends on: arguments of `rankings.chosen`."""
    return {name: settings["selection"][name] for name in ("method", "min_stability")}


def trading(settings: dict[str, Any]) -> dict[str, Any]:
    """How predictions are traded: ``trader``, what a `backtest.Trader` is made of, and the rest.

    ``meta_label``, what `meta_filter.fit` is given, is there only where signals are filtered.
    """
    block = settings["backtest"]
    filtered = {"least": block["meta_label"]["least"], "embargo": settings["folds"]["embargo"]}
    names = ("signal", "size", "overlap", "max_contracts", "capital", "margin_per_contract")
    return {
        "trader": {name: block[name] for name in names},
        "flat_at_session_end": block["flat_at_session_end"],
        **({"meta_label": filtered} if block["meta_label"]["enabled"] else {}),
    }


def of_symbol(settings: dict[str, Any], symbol: str) -> dict[str, Any]:
    """The settings without what is of other symbols only."""

    def own(table: dict[str, Any]) -> dict[str, Any]:
        return {key: table[key] for key in (symbol, "default") if key in table}

    labels = {**settings["labels"], "barriers": own(settings["labels"]["barriers"])}
    tables = {key: own(settings[key]) for key in ("raw", "synthetic")}
    return {**settings, **tables, "symbols": [symbol], "labels": labels}
