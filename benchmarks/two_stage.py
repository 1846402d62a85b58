"""Each model as one three-class problem and in two stages, on the same rows of a finished run.

    python benchmarks/two_stage.py results/MES 20 lightgbm logistic [--config my.yaml]

Reads the training split, folds and feature manifest of that folder. Prints a line a model:
log-loss both ways, their paired difference with its interval (below 0: two stages win), direction
gain both ways, and CPU seconds of all folds' fits.
"""

import pandas as pd
from finished_run import FinishedRun, ends

WAYS = ("multiclass", "two_stage")


def main() -> None:
    run = FinishedRun.of_command_line(__doc__)
    scorer = run.scorer()
    for name, model, train in run.inputs():
        fits = {way: run.out_of_fold(train, model | {"decomposition": way}) for way in WAYS}
        found = {way: pd.concat(parts, ignore_index=True) for way, (parts, _) in fits.items()}
        scores = {way: scorer.score(table) for way, table in found.items()}
        difference = scorer.difference(found["two_stage"], found["multiclass"])
        words = [f"{run.name} {name:14s}"]
        for way in WAYS:
            score = scores[way]
            words.append(
                f"{way}: {score['log_loss']['value']:.4f} direction "
                f"{score['direction_gain']['value']:+.4f} AUC "
                f"{score['direction_auc']['value']:.3f} {fits[way][1]:.0f} CPU s;"
            )
        words.append(f"difference {ends(difference)}")
        print(*words, flush=True)


if __name__ == "__main__":
    main()
