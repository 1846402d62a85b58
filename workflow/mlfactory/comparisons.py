"""Models beside what they were before calibration, paired on the same rows."""

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
