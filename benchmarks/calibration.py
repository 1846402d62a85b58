"""Each calibration against none, on the same rows of a finished run.

    python benchmarks/calibration.py results/MES 20 lightgbm logistic [--config my.yaml]

Reads the training split, folds and feature manifest of that folder. Prints a line a model and
method: out-of-fold log-loss and calibration error of the usual fit, and of the calibrated one
before and after; the log-loss gained over the usual fit with its interval, paired, by sessions
(above 0: calibration wins); CPU seconds of all folds' fits.
"""

from typing import Any

import pandas as pd
from finished_run import FinishedRun

from mlfactory.calibration import METHODS, OFF
from mlfactory.stacking import uncalibrated


def words(scores: dict[str, Any]) -> str:
    """Log-loss, and calibration error."""
    return f"{scores['log_loss']['value']:.4f} {scores['calibration_error']['value']:.4f}"


def main() -> None:
    run = FinishedRun.of_command_line(__doc__)
    scorer = run.scorer()
    for name, model, train in run.inputs():
        parts, cpu = run.out_of_fold(train, model, calibration=OFF)
        usual = pd.concat(parts, ignore_index=True)
        start = f"{run.name} {name}"
        print(f"{start} off: {words(scorer.score(usual))}; {cpu:.0f} CPU s", flush=True)
        for method in METHODS:
            parts, cpu = run.out_of_fold(train, model, calibration=method)
            before = uncalibrated(run.folds, [name], parts)[name]
            after = pd.concat(parts, ignore_index=True)
            gain = scorer.difference(usual, after)
            low, high = gain["low"], gain["high"]
            print(
                f"{start} {method}: before {words(scorer.score(before))}, after "
                f"{words(scorer.score(after))}; gained {gain['value']:+.4f} "
                f"[{low:+.4f}, {high:+.4f}]; {cpu:.0f} CPU s",
                flush=True,
            )


if __name__ == "__main__":
    main()
