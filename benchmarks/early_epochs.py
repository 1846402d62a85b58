"""How well the first epochs of a network, fitted on a fifth of the rows, tell its loss on all.

    python benchmarks/early_epochs.py results/DEMO 20 tcn [--settings 24]

Draws settings from the model's search space and fits each on all rows of all inner folds of fold
0, by two seeds: their mean loss is what there is to know. Then as a trial of a search is fitted, on
the first inner fold, but to its end. Prints the rank correlation of the two over the settings, by
epochs, and what a setting drawn at random and the best four of them lose against the default.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tuning import prepared

from mlfactory import config, tuning

AFTER = (1, 2, 4, 8, 20)
"""Epochs of which the least loss on the rows that stop a fit is compared."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("horizon", type=int)
    parser.add_argument("model")
    parser.add_argument("--settings", type=int, default=24)
    options = parser.parse_args()
    options.begin = {}
    settings = config.load([])
    trials, _ = prepared(options, settings, settings["seed"])
    random = np.random.default_rng(settings["seed"])
    own = {key: trials.model["training"][key] for key in trials.model["search_space"]}
    drawn = [own, *(draw(trials.model, random) for _ in range(options.settings))]
    table = pd.DataFrame([row(trials, parameters) for parameters in drawn])
    print(table.assign(rate=[p["learning_rate"] for p in drawn]).round(4).to_string())
    above = table["truth"][1:] - table["truth"][0]
    print(f"{options.model}: one of {len(above)} loses {above.mean():+.4f} against the default")
    for name in table.columns.drop("truth"):
        by = table[name][1:]
        rank = by.corr(above, method="spearman")
        four = above[by.nsmallest(4).index].mean()
        print(f"{name}: rank correlation {rank:.2f}; best four {four:+.4f}")


def draw(model: dict[str, Any], random: np.random.Generator) -> dict[str, Any]:
    """Parameters at random from a search space."""
    drawn: dict[str, Any] = {}
    for key, of in model["search_space"].items():
        if "choices" in of:
            drawn[key] = random.choice(of["choices"]).item()
            continue
        low, high = (np.log(of[end]) if of.get("log") else of[end] for end in ("low", "high"))
        value = random.uniform(low, high)
        value = float(np.exp(value) if of.get("log") else value)
        drawn[key] = round(value) if isinstance(of["low"], int) else value
    return drawn


def row(trials: tuning.Trials, parameters: dict[str, Any]) -> dict[str, float]:
    """The loss on all rows, and what a trial shows of it."""
    seeds = (trials.seed, trials.seed + 1000)
    truth = [replace(trials, seed=seed, shared={}).losses(parameters, 1) for seed in seeds]
    curve: list[float] = []

    def note(losses: list[float]) -> bool:
        curve[:] = losses
        return False

    held_out = trials.loss(parameters, 0, tuning.EVERY, note)
    return {
        "truth": float(np.mean(truth)),
        "one inner fold, all rows": truth[1][0],
        **{f"{n} epochs": min(curve[:n]) for n in AFTER},
        "held out, at the end": held_out,
    }


if __name__ == "__main__":
    main()
