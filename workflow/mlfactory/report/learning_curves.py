"""How each model's loss fell while it was trained, and where it stopped."""

from typing import Any

from mlfactory.report._base import Block, Chart, Figure, Note, Section, axis, layout, model_colour
from mlfactory.report.evidence import Evidence, HorizonEvidence

STAGES = {"": "three classes", "move": "neutral or not", "direction": "direction"}
"""What a curve is of: one problem, or a stage of two."""


def section(evidence: Evidence) -> Section:
    """A figure for each model and stage that goes step by step, horizon by horizon."""
    blocks: list[Block] = [block for part in evidence.horizons for block in _blocks(part)]
    return Section("learning", "Learning curves", tuple(blocks))


def curves(record: dict[str, Any]) -> dict[str, dict[str, list[float]]]:
    """``validation_curve`` and, where there is one, ``training_curve`` of each stage of a fit."""
    search = record.get("early_stopping", {})
    found = {stage: search.get(stage, {}) if stage else search for stage in STAGES}
    return {
        stage: {key: part[key] for key in ("validation_curve", "training_curve") if key in part}
        for stage, part in found.items()
        if len(part.get("validation_curve", ())) > 1
    }


def _blocks(part: HorizonEvidence) -> list[Block]:
    figures = tuple(
        _figure(
            model, stage, [curves(record).get(stage, {}) for record in records], model_colour(model)
        )
        for model, records in part.records.items()
        for stage in STAGES
        if any(stage in curves(record) for record in records)
    )
    if not figures:
        return [Note("No model of this run is trained step by step.", horizon=part.horizon)]
    return [
        Chart(
            f"Learning curves, h{part.horizon}",
            "Log-loss on the rows held out for early stopping (lines, one a fold; the dot is where "
            "it was least) and, of neural models, on the training rows (dotted), nats, by boosting "
            "round, epoch or penalty",
            "a least loss at the very end (more rounds would help), or at the first step (nothing "
            "is learnt)",
            figures,
            horizon=part.horizon,
        )
    ]


def _figure(model: str, stage: str, by_fold: list[dict[str, list[float]]], colour: str) -> Figure:
    lines: list[dict[str, Any]] = []
    for fold, found in enumerate(by_fold):
        for key, values in found.items():
            lines.append(_line(values, f"fold {fold}", colour, dotted=key == "training_curve"))
        if "validation_curve" in found:
            lines.append(_least(found["validation_curve"], f"fold {fold}", colour))
    shape = layout(
        xaxis=axis("step", rangemode="tozero"),
        yaxis=axis("log-loss, nats"),
        margin={"l": 54, "r": 14, "t": 6, "b": 44},
    )
    title = f"{model}: {STAGES[stage]}" if stage else model
    return Figure(tuple(lines), shape, 240, title)


def _line(values: list[float], name: str, colour: str, *, dotted: bool) -> dict[str, Any]:
    return {
        **{"type": "scatter", "mode": "lines", "name": name},
        "x": list(range(1, len(values) + 1)),
        "y": [round(value, 5) for value in values],
        "line": {"color": colour, "width": 1.3, "dash": "dot" if dotted else "solid"},
        "hovertemplate": f"{name}, step %{{x}}: %{{y:.4f}}<extra></extra>",
    }


def _least(values: list[float], name: str, colour: str) -> dict[str, Any]:
    best = min(range(len(values)), key=values.__getitem__)
    return {
        **{"type": "scatter", "mode": "markers", "name": name},
        **{"x": [best + 1], "y": [round(values[best], 5)]},
        "marker": {"color": colour, "size": 7, "line": {"color": "@surface", "width": 1}},
        "hovertemplate": f"{name}, least at step %{{x}}: %{{y:.4f}}<extra></extra>",
    }
