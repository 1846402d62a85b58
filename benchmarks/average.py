"""The average of several models' out-of-fold probabilities beside each single model of a run.

    python benchmarks/average.py results/MES 20 svm gru --of catboost logistic [--config my.yaml]

Prints the log-loss of each model and of the average, with the CPU seconds of the folds' fits as the
jobs measured them; then the log-loss of the best single model of all of them, by these very rows,
less that of the average, paired, with its interval (above 0: the average wins). With `--in` those
that are averaged are another run's, such as one of plain three-class models, of the same rows.
"""

import argparse
from pathlib import Path

import numpy as np
from finished_run import EXAMPLE, FinishedRun, add_models, cpu_s, ends, predicted

from mlfactory.schemas import PROBABILITIES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help=EXAMPLE)
    add_models(parser)
    parser.add_argument("--of", nargs="+", required=True, help="the models that are averaged")
    parser.add_argument("--in", dest="other", type=Path, help="the run of the averaged ones")
    given = parser.parse_args()
    scorer = FinishedRun.read(given.results, given.horizon, given.models, given.config).scorer()
    names = sorted({*given.models, *([] if given.other else given.of)})
    tables = {name: predicted(given.results, name, given.horizon) for name in names}
    costs = {name: cpu_s(given.results, name, given.horizon) for name in names}
    run = given.other or given.results
    averaged = [predicted(run, name, given.horizon) for name in given.of]
    average = averaged[0].copy()
    columns = list(PROBABILITIES)
    average[columns] = np.mean([table[columns] for table in averaged], axis=0)
    losses = {name: scorer.score(table)["log_loss"]["value"] for name, table in tables.items()}
    for name in names:
        print(f"{name:14s} {losses[name]:.4f} {costs[name]:6.0f} CPU s")
    loss = scorer.score(average)["log_loss"]["value"]
    cost = sum(cpu_s(run, name, given.horizon) for name in given.of)
    print(f"{'average':14s} {loss:.4f} {cost:6.0f} CPU s, of {', '.join(given.of)}")
    best = min(names, key=lambda name: losses[name])
    gain = scorer.difference(tables[best], average)
    print(f"{best}, the best single one, less the average: {ends(gain)}")


if __name__ == "__main__":
    main()
