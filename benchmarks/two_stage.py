"""Each model as one three-class problem and in two stages, on the same rows of a finished run.

    python benchmarks/two_stage.py results/MES 20 lightgbm logistic [--config my.yaml]

Reads the training split, folds and feature manifest of that folder. Prints a line a model:
log-loss both ways, their paired difference with its 95 % interval by sessions (below 0: two stages
win), direction gain both ways, and CPU seconds of all folds' fits.
"""

import numpy as np
import pandas as pd
from finished_run import FinishedRun

from mlfactory.metrics import log_losses
from mlfactory.scores import Scorer
from mlfactory.stacking import probabilities
from mlfactory.statistics import interval

WAYS = ("multiclass", "two_stage")


def paired(scorer: Scorer, one: pd.DataFrame, other: pd.DataFrame) -> dict[str, float]:
    """Mean difference of log-loss, other less one, with its interval over blocks of sessions."""
    at = np.searchsorted(scorer.held_out, scorer.rows)
    losses = [log_losses(scorer.y, probabilities(table)[at]) for table in (one, other)]
    return interval(scorer.resamples[0].mean(losses[1] - losses[0]), scorer.confidence)


def main() -> None:
    run = FinishedRun.of_command_line(__doc__)
    scorer = run.scorer()
    for name, model, train in run.inputs():
        fits = {way: run.out_of_fold(train, model | {"decomposition": way}) for way in WAYS}
        found = {way: pd.concat(parts, ignore_index=True) for way, (parts, _) in fits.items()}
        scores = {way: scorer.score(table) for way, table in found.items()}
        difference = paired(scorer, *found.values())
        words = [f"{run.name} {name:14s}"]
        for way in WAYS:
            score = scores[way]
            words.append(
                f"{way}: {score['log_loss']['value']:.4f} direction "
                f"{score['direction_gain']['value']:+.4f} AUC "
                f"{score['direction_auc']['value']:.3f} {fits[way][1]:.0f} CPU s;"
            )
        low, high = difference["low"], difference["high"]
        words.append(f"difference {difference['value']:+.4f} [{low:+.4f}, {high:+.4f}]")
        print(*words, flush=True)


if __name__ == "__main__":
    main()
