"""Out-of-fold predictions of two finished runs on the same rows: paired differences, and the costs.

    python benchmarks/paired.py results/MES results/tuned/MES 20 xgboost [--config my.yaml]

Prints a line a model: log-loss in each run; the log-loss gained by the second over the first with
its interval, paired, by sessions (above 0: the second wins); and the CPU seconds of the folds' fits
and tunings in each, as the jobs measured them.
"""

import argparse
from pathlib import Path

from finished_run import EXAMPLE, FinishedRun, add_models, cpu_s, ends, predicted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path, help=EXAMPLE)
    parser.add_argument("second", type=Path)
    add_models(parser)
    given = parser.parse_args()
    scorer = FinishedRun.read(given.first, given.horizon, given.models, given.config).scorer()
    for model in given.models:
        both = [predicted(run, model, given.horizon) for run in (given.first, given.second)]
        costs = [cpu_s(run, model, given.horizon) for run in (given.first, given.second)]
        losses = [scorer.score(table)["log_loss"]["value"] for table in both]
        gain = scorer.difference(*both)
        print(
            f"{model}: log-loss {losses[0]:.4f} and {losses[1]:.4f}; gained {ends(gain)}; CPU s "
            f"{costs[0]:.0f} and {costs[1]:.0f}, {costs[1] / costs[0]:.1f} times",
            flush=True,
        )


if __name__ == "__main__":
    main()
