"""What the models look at."""

import numpy as np
import pandas as pd

from mlfactory.report._base import (
    Block,
    Chart,
    Figure,
    Section,
    Table,
    axis,
    layout,
    model_colour,
    number,
)
from mlfactory.report.evidence import Evidence, HorizonEvidence

TOP = 15
"""Features shown of each model."""


def section(evidence: Evidence) -> Section:
    """Families by model, then the first features of each model, horizon by horizon."""
    family = {f["name"]: f["family"] for f in evidence.manifest["features"]}
    blocks: list[Block] = []
    for part in evidence.horizons:
        blocks += [_families(part, family), _features(part), _stability(part)]
    return Section("importance", "Feature importance", tuple(blocks))


def by_family(importance: dict[str, pd.DataFrame], family: dict[str, str]) -> pd.DataFrame:
    """Mean share over folds of each family (rows, in their order) in each model (columns).

    Families of which no model reads a feature are left out.
    """
    read = {family[name] for table in importance.values() for name in table.columns}
    order = [name for name in dict.fromkeys(family.values()) if name in read]
    shares = {
        model: table.mean().groupby(lambda name: family[name]).sum().reindex(order).fillna(0.0)
        for model, table in importance.items()
    }
    return pd.DataFrame(shares, index=order)


def _families(part: HorizonEvidence, family: dict[str, str]) -> Chart:
    shares = (100 * by_family(part.importance, family)).round(1)
    top = float(shares.to_numpy().max())
    unread = [name for name in dict.fromkeys(family.values()) if name not in shares.index]
    left_out = f"; left out, because no model reads them: {', '.join(unread)}" if unread else ""
    heat = {
        "type": "heatmap",
        "x": shares.columns.tolist(),
        "y": [name.replace("_", " ") for name in shares.index],
        "z": shares.to_numpy().tolist(),
        "zmin": 0,
        "zmax": max(2 * top, 1.0),
        "colorscale": [[0, "@surface"], [1, "#0E86D4"]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "texttemplate": "%{z:.0f}%",
        "textfont": {"color": "@ink"},
        "hovertemplate": "%{x}, %{y}: %{z:.1f}%<extra></extra>",
    }
    shape = layout(
        xaxis=axis(showgrid=False, type="category"),
        yaxis=axis(autorange="reversed", showgrid=False, type="category"),
        margin={"l": 10, "r": 14, "t": 6, "b": 30},
    )
    return Chart(
        f"Families, h{part.horizon}",
        "Share of each model's importance that falls to each family of features, % of the model's "
        f"total, mean over folds{left_out.replace('_', ' ')}",
        "one family with nearly everything, above all time of day: the model is then a clock",
        (Figure((heat,), shape, 90 + 30 * len(shares)),),
        horizon=part.horizon,
    )


def top_features(table: pd.DataFrame) -> pd.DataFrame:
    """The `TOP` features by mean over folds: ``mean``, ``low`` and ``high`` over folds, percent."""
    summary = pd.DataFrame({"mean": table.mean(), "low": table.min(), "high": table.max()})
    return (100 * summary).sort_values("mean", ascending=False, kind="stable").head(TOP)


def _figure(model: str, table: pd.DataFrame) -> Figure:
    top = top_features(table)
    bar = {
        **{"type": "bar", "orientation": "h", "y": top.index.tolist()},
        "x": top["mean"].round(3).tolist(),
        "marker": {"color": model_colour(model)},
        "error_x": {
            **{"type": "data", "symmetric": False, "color": "@soft", "thickness": 1.2, "width": 3},
            "array": (top["high"] - top["mean"]).round(3).tolist(),
            "arrayminus": (top["mean"] - top["low"]).round(3).tolist(),
        },
        "customdata": np.column_stack([top["low"], top["high"]]).round(2).tolist(),
        "hovertemplate": "%{y}: %{x:.2f}% (%{customdata[0]} to %{customdata[1]})<extra></extra>",
    }
    shape = layout(
        xaxis=axis("% of the model's total", rangemode="tozero"),
        yaxis=axis(autorange="reversed", tickfont={"color": "@soft", "size": 10}, dtick=1),
        margin={"l": 10, "r": 14, "t": 6, "b": 44},
    )
    return Figure((bar,), shape, 80 + 20 * len(top), model)


def _features(part: HorizonEvidence) -> Chart:
    n_folds = len(next(iter(part.importance.values())))
    return Chart(
        f"Features, h{part.horizon}",
        f"The first {TOP} features of each model, mean over its {n_folds} folds with a line from "
        "the least to the most of any fold; each kind of model counts importance its own way",
        "one feature far above all others (look for a leak), or lines as long as their bars "
        "(another feature every fold: little is learnt)",
        tuple(_figure(m, table) for m, table in part.importance.items()),
        horizon=part.horizon,
    )


def stability(table: pd.DataFrame) -> tuple[float | None, int]:
    """How alike the folds rank the features, and how many are among the `TOP` of every fold.

    Parameters
    ----------
    table
        One row a fold, one column a feature.

    Returns
    -------
    The mean over pairs of folds of Spearman's rank correlation, None for one fold or where no
    feature differs; and a count.
    """
    ranks = table.rank(axis=1)
    pairs = ranks.T.corr().to_numpy()[np.triu_indices(len(table), 1)]
    pairs = pairs[np.isfinite(pairs)]
    best = table.rank(axis=1, ascending=False, method="first") <= TOP
    return (float(pairs.mean()) if len(pairs) else None), int(best.all().sum())


def _stability(part: HorizonEvidence) -> Table:
    rows = []
    for model, table in part.importance.items():
        alike, common = stability(table)
        rows.append((model, number(alike, 2), f"{common} of {min(TOP, table.shape[1])}"))
    return Table(
        f"Stability over folds, h{part.horizon}",
        ("model", "rank correlation", f"among the first {TOP} of every fold"),
        tuple(rows),
        "How alike the folds rank the features: Spearman's correlation, mean of pairs of folds; 1 "
        "is the same order. Alarming: near 0, every fold then looks at something else.",
        horizon=part.horizon,
    )
