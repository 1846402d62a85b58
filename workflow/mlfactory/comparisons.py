"""Models beside others on the same rows: an ensemble and its best member, before and after."""

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from mlfactory.scores import Scorer


def add_calibration(
    models: dict[str, Any],
    scorer: "Scorer",
    predictions: dict[str, pd.DataFrame],
    uncalibrated: dict[str, pd.DataFrame],
) -> None:
    """Add to each calibrated model ``calibration``: what it scored before, and the paired gain.

    Parameters
    ----------
    models
        The scores of every model, which are added to.
    scorer
        What scored them.
    predictions, uncalibrated
        Tables of schema PREDICTIONS by model, after and before calibration; of the latter only the
        calibrated models. The gain is in nats, above 0 where calibration helps.
    """
    for name, table in uncalibrated.items():
        before = scorer.score(table)
        models[name]["calibration"] = {
            "before": {key: before[key] for key in ("log_loss", "calibration_error")},
            "gain": scorer.difference(table, predictions[name]),
        }


def best_members(scores: dict[str, Any], ensembles: dict[str, list[str]]) -> dict[str, str]:
    """Of each ensemble the member of least log-loss by these scores."""
    losses = {name: one["log_loss"]["value"] for name, one in scores["models"].items()}
    return {name: min(members, key=lambda m: losses[m]) for name, members in ensembles.items()}


def add_differences(
    models: dict[str, Any],
    scorer: "Scorer",
    predictions: dict[str, pd.DataFrame],
    best: dict[str, str],
) -> None:
    """Add to each ensemble ``against_best``: its paired difference in log-loss to that member."""
    for name, member in best.items():
        if name in models:
            found = scorer.difference(predictions[name], predictions[member])
            models[name]["against_best"] = {"member": member, **found}
