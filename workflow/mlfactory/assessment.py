"""The backtests of one horizon in figures, and whether any of them is evidence of anything."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mlfactory import performance
from mlfactory.multiple_testing import LEVEL, holm
from mlfactory.splits import EXCHANGE_SESSIONS_PER_YEAR, SESSIONS_PER_YEAR

Traded = tuple[pd.DataFrame, pd.DataFrame]
"""Trades and equity of one model."""


def assess(
    samples: Mapping[str, Mapping[str, Traded]],
    chosen: Mapping[str, Any],
    ledger: list[dict[str, Any]],
    *,
    looks: int,
    calendar: str,
    timezone: str,
    confidence: float,
) -> dict[str, Any]:
    """The content of ``backtest/h{horizon}.json``.

    Parameters
    ----------
    samples
        By sample and model the trades and the equity.
    chosen
        What `thresholds.choose` gave.
    ledger
        Every trial ever made on this symbol.
    looks
        How often the test split's outcome has been looked at.
    calendar, timezone
        Of the contract, for a year's sessions and a trade's hour.
    confidence
        Of intervals.

    Returns
    -------
    ``trials`` and what the choice of thresholds was worth; under ``samples``, by sample and model,
    `performance.summary` with its ``groups``, its ``threshold`` and its ``verdict``; under
    ``retrained`` what `retrained` says, and under ``meta_label`` what `filtered` says.
    """
    trials, variance = performance.trial_statistics(ledger)
    of_trials: dict[str, Any] = {"trials": trials, "trial_variance": variance}
    found: dict[str, dict[str, Any]] = {}
    for sample, models in samples.items():
        found[sample] = {
            model: performance.summary(
                trades,
                equity,
                sessions_per_year=SESSIONS_PER_YEAR.get(calendar, EXCHANGE_SESSIONS_PER_YEAR),
                confidence=confidence,
                **of_trials,
            )
            | {
                "threshold": chosen["models"][model]["threshold"],
                "groups": performance.by_group(trades, timezone),
            }
            for model, (trades, equity) in models.items()
        }
        judge(found[sample])
    worth = ("probability_of_overfitting", "superior_predictive_ability")
    return (
        of_trials
        | {"looks": looks}
        | {name: chosen[name] for name in worth}
        | {"meta_label": filtered(chosen["models"])}
        | {"samples": found, "retrained": retrained(samples, confidence)}
    )


def filtered(models: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """What the filter of signals did out of fold: ``least``, and a model's counts by name.

    None where signals were not filtered. See `meta_filter.fit`.
    """
    filters = {m: one["meta_filter"] for m, one in models.items() if one.get("meta_filter")}
    if not filters:
        return None
    least = next(iter(filters.values()))["least"]
    return {"least": least, "models": {m: one["out_of_fold"] for m, one in filters.items()}}


def retrained(
    samples: Mapping[str, Mapping[str, Traded]], confidence: float
) -> dict[str, dict[str, dict[str, float | None]]]:
    """By split and model what refits on the way earned more than the single fit.

    Of the splits and models that were traded both ways; see `performance.difference`.
    """
    found = {}
    for split in ("val", "test"):
        once, again = samples.get(split, {}), samples.get(f"walkforward_{split}", {})
        found[split] = {
            model: performance.difference(
                again[model][1]["net"].to_numpy(), once[model][1]["net"].to_numpy(), confidence
            )
            for model in again
            if model in once
        }
    return {split: models for split, models in found.items() if models}


def judge(models: Mapping[str, dict[str, Any]]) -> None:
    """Add to each model its ``p_value``, the same after Holm, and a ``verdict``.

    The p-value is that of a Sharpe ratio above what the best of all trials is expected to show by
    chance, one less the deflated ratio; Holm's correction is for the number of models that are
    judged side by side. Evidence is a p-value below `LEVEL` after both.
    """
    traded = {name: one for name, one in models.items() if one["sharpe"] is not None}
    p_values = [1 - one["sharpe"]["deflated"] for one in traded.values()]
    corrected = dict(zip(traded, holm(p_values), strict=True))
    for name, one in models.items():
        one["p_value"] = 1 - one["sharpe"]["deflated"] if name in traded else None
        one["p_holm"] = corrected.get(name)
        one["verdict"] = _verdict(one)


def _verdict(one: Mapping[str, Any]) -> str:
    if one["p_holm"] is None:
        if one["trades"]:
            return "cannot be measured"
        return "not traded" if one["threshold"] is None else "no signal"
    return "evidence" if one["p_holm"] < LEVEL else "no evidence"
