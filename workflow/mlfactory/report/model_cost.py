"""What each model's fits cost."""

from typing import Any

import numpy as np

from mlfactory.report._base import Chart, Figure, Section, Table, axis, layout, model_colour
from mlfactory.report.evidence import Evidence

_HEADER = ("model", "horizon", "CPU s", "wall s", "peak MB", "rows", "steps", "on")


def section(evidence: Evidence) -> Section:
    """CPU seconds a fit, and a table with memory, rows, steps and device."""
    return Section("cost", "Cost of the models", (_chart(evidence), _table(evidence)))


def _chart(evidence: Evidence) -> Chart:
    names = [f"h{part.horizon}" for part in evidence.horizons]
    bars = tuple(
        {
            **{"type": "bar", "name": model, "x": names},
            "y": [mean(part.records[model], "cpu_s") for part in evidence.horizons],
            "marker": {"color": model_colour(model)},
            "hovertemplate": f"{model}, %{{x}}: %{{y:.1f}} CPU s a fit<extra></extra>",
        }
        for model in evidence.models
    )
    shape = layout(
        barmode="group",
        xaxis=axis(type="category"),
        yaxis=axis("CPU seconds a fit", rangemode="tozero"),
    )
    return Chart(
        "CPU seconds",
        "CPU seconds of one fit, mean over folds: the whole job, its start, search and refit",
        "a model that costs ten times another and scores no better",
        (Figure(bars, shape, 260),),
        legend=tuple((model, model_colour(model)) for model in evidence.models),
    )


def mean(records: list[dict[str, Any]], key: str) -> float:
    """Mean over folds of a measured cost."""
    return round(float(np.mean([record["cost"][key] for record in records])), 2)


def steps(record: dict[str, Any]) -> int | None:
    """Rounds or epochs that were kept; None of a model without; of two stages, both together."""
    fit = record.get("fit", record.get("early_stopping", {}))
    parts = [fit.get(stage, {}) for stage in ("move", "direction")] if "move" in fit else [fit]
    found = [part[key] for part in parts for key in ("rounds", "epochs") if key in part]
    return sum(found) if found else None


def _table(evidence: Evidence) -> Table:
    rows = []
    for part in evidence.horizons:
        for model, records in part.records.items():
            counted = [kept for kept in map(steps, records) if kept is not None]
            costs = (
                f"{mean(records, 'cpu_s'):.1f}",
                f"{mean(records, 'wall_s'):.1f}",
                f"{max(record['cost']['peak_mb'] for record in records):,.0f}",
                f"{np.mean([record['rows'] for record in records]):,.0f}",
            )
            kept = f"{np.mean(counted):.0f}" if counted else "none"
            on = ", ".join(sorted({"GPU" if r["device"] == "cuda" else "CPU" for r in records}))
            rows.append((model, f"h{part.horizon}", *costs, kept, on))
    return Table(
        "Means over folds, and the most memory of any",
        _HEADER,
        tuple(rows),
        "Seconds and memory are those of the machine that ran the fits; they differ from run to "
        "run. Steps: boosting rounds or epochs that were kept.",
        folded=True,
    )
