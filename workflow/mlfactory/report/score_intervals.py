"""Each model's k-fold scores with their intervals, beside both baselines and the nulls."""

from dataclasses import dataclass
from typing import Any

from mlfactory.report import null_distributions
from mlfactory.report._base import (
    NULL_COLOUR,
    Block,
    Chart,
    Figure,
    Note,
    Section,
    Table,
    axis,
    layout,
    model_colour,
    number,
    vertical,
)
from mlfactory.report.evidence import Evidence, HorizonEvidence
from mlfactory.report.summary import measured
from mlfactory.verdicts import CLASS_PRIOR, INFORMATION, baseline_losses, nulls


@dataclass(frozen=True)
class Measure:
    """One score: its key in the scores, how it is called, its unit, and how it is read."""

    key: str
    title: str
    unit: str
    shows: str
    alarming: str
    digits: int = 4


MEASURES = (
    Measure(
        "gain_volatility_clock_prior",
        "Gain over volatility and clock",
        "nats, higher is better",
        "Log-loss gained over a prior that knows volatility and time of day (line at 0)",
        "an interval that touches its grey null, or lies left of the line",
    ),
    Measure(
        "gain_class_prior",
        "Gain over the class prior",
        "nats, higher is better",
        "Log-loss gained over the class frequencies (line at 0), most of it by volatility and "
        "clock, which the null keeps",
        "reading it without the null, which is about as far right",
    ),
    Measure(
        "direction_gain",
        "Direction gain",
        "nats, higher is better",
        "Log-loss gained on rows that moved, over the share of long (line at 0)",
        "a value far above .01 on real data (look for a leak), or an interval that holds its null",
    ),
    Measure(
        "direction_auc",
        "Direction AUC",
        "area under the curve within folds",
        "How often a row that went long is ranked above one that went short",
        "comparing with 0.5: the grey null is what finding nothing looks like here",
        3,
    ),
    Measure(
        "log_loss",
        "Log-loss",
        "nats, lower is better",
        "Log-loss itself, with both baselines as lines: class prior dashed, volatility and clock "
        "dotted",
        "a model right of either line: that baseline alone does better",
    ),
    Measure(
        "calibration_error",
        "Calibration error",
        "probability, lower is better",
        "Mean distance between predicted probability and what happened; chance alone makes it "
        "more than 0, and an interval that begins at 0 holds perfect calibration",
        "an interval wholly above 0.03: probabilities cannot be taken at their word",
        3,
    ),
)
TWO_SIDED = (
    "Every row once, by a model of the other folds: it also learns from later rows than it "
    "predicts. More rows are scored than walk-forward can; the claim is the walk-forward one."
)
BASELINES = {CLASS_PRIOR: "dash", INFORMATION: "dot"}


def section(evidence: Evidence) -> Section:
    """Six charts and a table a horizon."""
    walked = any(part.walked for part in evidence.horizons)
    blocks: list[Block] = [Note(TWO_SIDED)] if walked else []
    for part in evidence.horizons:
        blocks += [*all_charts(part), *null_distributions.blocks(part)]
    title = "K-fold scores, which feed the ensembles"
    return Section("scores", title if walked else "Scores against their nulls", tuple(blocks))


def all_charts(part: HorizonEvidence, prefix: str = "") -> list[Block]:
    """A chart a measure, and a folded table of all numbers."""
    charts: list[Block] = [_chart(part, measure, prefix) for measure in MEASURES]
    return [*charts, _table(part, prefix)]


def _error(points: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Unequal bars to both ends of the intervals."""

    def distances(a: str, b: str) -> list[float]:
        return [0.0 if None in (p[a], p[b]) else p[a] - p[b] for p in points]

    high, low = distances("high", "value"), distances("value", "low")
    return {"type": "data", "symmetric": False, "array": high, "arrayminus": low, **more}


def _trace(
    names: list[str], points: list[dict[str, Any]], offset: float, digits: int, what: str
) -> dict[str, Any]:
    """Values with intervals; ``offset`` moves them off the line of their model."""
    return {
        **{"type": "scatter", "mode": "markers"},
        "x": [point["value"] for point in points],
        "y": [at + offset for at in range(len(names))],
        "customdata": [
            f"{name}{what}: {number(p['value'], digits)} "
            f"[{number(p['low'], digits)}, {number(p['high'], digits)}]"
            for name, p in zip(names, points, strict=True)
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _chart(part: HorizonEvidence, measure: Measure, prefix: str) -> Chart:
    models = part.scores["models"]
    names = list(models)
    points = [models[name][measure.key] for name in names]
    own = _trace(names, points, -0.12, measure.digits, "") | {
        "marker": {"color": [model_colour(name) for name in names], "size": 10},
        "error_x": _error(points, color="@ink", thickness=1.4, width=4),
    }
    drawn = [nulls(models[name], measure.key) for name in names]
    grey = []
    for replicate in range(max(map(len, drawn))):
        have = [i for i in range(len(names)) if replicate < len(drawn[i])]
        trace = _trace(
            [names[i] for i in have],
            [drawn[i][replicate] for i in have],
            0.0,
            measure.digits,
            ", null",
        )
        trace["y"] = [i + 0.18 + 0.05 * replicate for i in have]
        trace["marker"] = {"color": NULL_COLOUR, "size": 7, "symbol": "diamond"}
        trace["error_x"] = _error(
            [drawn[i][replicate] for i in have], color=NULL_COLOUR, thickness=1, width=3
        )
        grey.append(trace)
    ticks: dict[str, Any] = {"tickvals": list(range(len(names))), "ticktext": names}
    ticks |= {"showgrid": False, "zeroline": False}
    shape = layout(
        xaxis=axis(measure.unit, zeroline=False, nticks=6),
        yaxis=axis(autorange=False, range=[len(names) - 0.4, -0.6], **ticks),
        shapes=_baselines(measure.key, part.scores),
        margin={"l": 10, "r": 14, "t": 6, "b": 44},
    )
    confidence = part.scores["settings"]["bootstrap"]["confidence"]
    legend = ((f"model, {confidence:.0%} interval", "@ink"), ("its null", NULL_COLOUR))
    return Chart(
        f"{prefix}{measure.title}, h{part.horizon}",
        measure.shows,
        measure.alarming,
        (Figure((*grey, own), shape, 70 + 38 * len(names)),),
        legend if grey else legend[:1],
        part.horizon,
        half=True,
    )


def _baselines(key: str, scores: dict[str, Any]) -> list[dict[str, Any]]:
    """The baselines as lines: 0 for gains, both of them for log-loss."""
    if key == "log_loss":
        return [
            vertical(loss, colour="@soft", dash=BASELINES[gain])
            for gain, loss in baseline_losses(scores).items()
        ]
    return [vertical(0, colour="@soft", dash="solid")] if "gain" in key else []


def _table(part: HorizonEvidence, prefix: str) -> Table:
    rows = tuple(
        (
            model,
            *(measured(scores, m.key, m.digits) for m in MEASURES),
            number(scores["macro_f1"], 3),
        )
        for model, scores in part.scores["models"].items()
    )
    return Table(
        f"{prefix}All scores as numbers, h{part.horizon}",
        ("model", *(m.title for m in MEASURES), "macro-F1"),
        rows,
        note="value [interval], mean of the nulls. Macro-F1 is information, never to choose by.",
        horizon=part.horizon,
        folded=True,
    )
