"""Which features were selected, and whether folds agree on them; how parameters were searched."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mlfactory import rankings
from mlfactory.model_inputs import columns, n_selected
from mlfactory.report._base import Block, Chart, Figure, Note, Section, axis, layout
from mlfactory.report.evidence import Evidence, HorizonEvidence

SHOWN = 40
"""Features shown of a heat map."""

SHARED = (
    "tuning.scope is shared: parameters were searched once on the whole training split, so the "
    "search has seen the rows that each fold holds out. Out-of-fold scores of tuned models are "
    "flattered by it; with tuning.scope: fold they are not. Walk-forward refits are not tuned."
)


def section(evidence: Evidence) -> Section:
    """What the search of parameters saw, then a heat map a horizon and kind of selection."""
    blocks: list[Block] = []
    if evidence.settings.get("tuning", {}).get("scope") == "shared":
        blocks.append(Note(SHARED))
    for part in evidence.horizons:
        blocks += _heat_maps(part, evidence)
    if not blocks:
        blocks.append(Note("No model of this run selects features; each reads all of its own."))
    return Section("selection", "Feature selection", tuple(blocks))


def by_kind(
    selecting: Mapping[str, Mapping[str, Any]], manifest: Mapping[str, Any]
) -> dict[tuple[int, tuple[str, ...]], list[str]]:
    """Models by what they select: how many features, and out of which."""
    kinds: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for name, model in selecting.items():
        kind = (n_selected(model) or 0, tuple(columns(manifest, model)))
        kinds.setdefault(kind, []).append(name)
    return kinds


def stable(
    selections: list[dict[str, Any]], names: tuple[str, ...], n_features: int, method: str
) -> pd.DataFrame:
    """Stability in each fold, the most stable feature first; a row a feature, a column a fold.

    See `rankings.stability`. Features that are among the first in no inner fold are left out.
    """
    by_fold = [
        rankings.stability(rankings.by_inner_fold(found, names, method), n_features)
        for found in selections
    ]
    table = pd.DataFrame(np.array(by_fold).T, index=list(names))
    mean = table.mean(axis=1).sort_values(ascending=False, kind="stable")
    return table.loc[mean[mean > 0].index]


def _heat_maps(part: HorizonEvidence, evidence: Evidence) -> list[Block]:
    if not part.selections:
        return []
    chosen = evidence.settings["selection"]
    return [
        _heat_map(part, models, n, names, chosen["method"], chosen["min_stability"])
        for (n, names), models in by_kind(evidence.selecting, evidence.manifest).items()
    ]


def _heat_map(
    part: HorizonEvidence,
    models: list[str],
    n_features: int,
    names: tuple[str, ...],
    method: str,
    least: float,
) -> Chart:
    table = stable(part.selections, names, n_features, method)
    shown = table.head(SHOWN)
    always = int((table >= least).all(axis=1).sum())
    heat = {
        "type": "heatmap",
        "x": [f"fold {fold}" for fold in shown.columns],
        "y": shown.index.tolist(),
        "z": (100 * shown).round(0).to_numpy().tolist(),
        "zmin": 0,
        "zmax": 150,
        "colorscale": [[0, "@surface"], [1, "#0E86D4"]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "texttemplate": "%{z:.0f}%",
        "textfont": {"color": "@ink", "size": 10},
        "hovertemplate": "%{y}, %{x}: %{z:.0f}% of its inner folds<extra></extra>",
    }
    shape = layout(
        xaxis=axis(showgrid=False, type="category"),
        yaxis=axis(
            autorange="reversed",
            showgrid=False,
            type="category",
            tickfont={"color": "@soft", "size": 10},
            dtick=1,
        ),
        margin={"l": 10, "r": 14, "t": 6, "b": 30},
    )
    return Chart(
        f"Stability of the selection of {', '.join(models)}, h{part.horizon}",
        f"Share of a fold's inner folds, %, in which a feature is among the first {n_features} of "
        f"{len(names)} by {method.replace('_', ' ')}; the first {len(shown)} of {len(table)} that "
        f"ever are. {always} pass {least:.0%} in every fold",
        "few features that pass in every fold: another set each time, and little is learnt",
        (Figure((heat,), shape, 60 + 18 * len(shown)),),
        horizon=part.horizon,
    )
