"""Whether what is predicted at 40% happens in 40% of the cases."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mlfactory import metrics
from mlfactory._typing import Float64Array1D, Float64Array2D, Int8Array1D, Int64Array1D
from mlfactory.report._base import (
    CLASS_COLOURS,
    Block,
    Chart,
    Figure,
    Section,
    Table,
    axis,
    layout,
    number,
    with_interval,
)
from mlfactory.report.evidence import Evidence, HorizonEvidence
from mlfactory.schemas import CLASSES
from mlfactory.statistics import block_numbers, bootstrap_counts, stretch

SAMPLES = 200
MIN_ROWS = 50
"""Bins with fewer rows are counted and have no point."""


@dataclass(frozen=True)
class Curve:
    """One class's curve over the bins of predicted probability; NaN where there are no rows.

    Attributes
    ----------
    predicted, observed, low, high
        (10,) mean prediction, share of rows that were of the class, and its interval.
    rows
        (10,) rows in each bin.
    """

    predicted: Float64Array1D
    observed: Float64Array1D
    low: Float64Array1D
    high: Float64Array1D
    rows: Int64Array1D


def section(evidence: Evidence) -> Section:
    """A chart a horizon, with a figure a model, of a calibrated one also before it; their table."""
    blocks: list[Block] = []
    for part in evidence.horizons:
        blocks += [_chart(part), *([_table(part)] if part.uncalibrated else [])]
    return Section("calibration", "Calibration", tuple(blocks))


def curves(
    y: Int8Array1D, p: Float64Array2D, block: Int64Array1D, *, confidence: float, seed: int
) -> list[Curve]:
    """The curve of each class, with intervals from resampling blocks.

    Parameters
    ----------
    y
        (n,) labels.
    p
        (n, 3) probabilities.
    block
        (n,) the bootstrap block of each row, 0 to s - 1.
    """
    n_blocks, n_bins = int(block.max()) + 1, metrics.CALIBRATION_BINS
    cell = block[:, None] * 3 * n_bins + metrics.calibration_bins(y, p)

    def sums(values: np.ndarray) -> Float64Array2D:
        size = n_blocks * 3 * n_bins
        total = np.bincount(cell.ravel(), weights=values.ravel(), minlength=size)
        return total.astype(np.float64).reshape(n_blocks, 3 * n_bins)

    counts = bootstrap_counts(n_blocks, SAMPLES, seed)
    rows = sums(np.ones_like(p))
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = (counts @ sums(np.eye(3)[y])) / (counts @ rows)
        predicted = sums(p).sum(axis=0) / rows.sum(axis=0)
    tail = (1 - confidence) / 2
    low, high = np.full((2, 3 * n_bins), np.nan)
    filled = rows.sum(axis=0) > 0
    ends = np.nanquantile(observed[1:, filled], (tail, 1 - tail), axis=0)
    wider = stretch(confidence, np.count_nonzero(rows[:, filled], axis=0))
    low[filled], high[filled] = observed[0, filled] + wider * (ends - observed[0, filled])
    total = rows.sum(axis=0).astype(np.int64)
    cells = [slice(c * n_bins, (c + 1) * n_bins) for c in range(3)]
    return [Curve(predicted[c], observed[0, c], low[c], high[c], total[c]) for c in cells]


def _lines(curve: Curve, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The curve, and the rows behind its points."""
    shown = curve.rows >= MIN_ROWS
    x, y = curve.predicted[shown], curve.observed[shown]
    colour = CLASS_COLOURS[name]
    line = {
        **{"type": "scatter", "mode": "lines+markers", "name": name},
        "x": x.round(4).tolist(),
        "y": y.round(4).tolist(),
        "customdata": curve.rows[shown].tolist(),
        "line": {"color": colour, "width": 1.6},
        "marker": {"color": colour, "size": 6},
        "error_y": {
            **{"type": "data", "symmetric": False, "color": colour, "thickness": 1, "width": 2},
            "array": (curve.high[shown] - y).round(4).tolist(),
            "arrayminus": (y - curve.low[shown]).round(4).tolist(),
        },
        "hovertemplate": f"{name}: predicted %{{x:.3f}}, happened %{{y:.3f}}, "
        "%{customdata:,} rows<extra></extra>",
    }
    rows = {
        **{"type": "bar", "name": name, "yaxis": "y2", "marker": {"color": colour}},
        "x": ((np.arange(metrics.CALIBRATION_BINS) + 0.5) / metrics.CALIBRATION_BINS).tolist(),
        "y": curve.rows.tolist(),
        "hovertemplate": f"{name}: %{{y:,}} rows<extra></extra>",
    }
    return line, rows


def model_curves(part: HorizonEvidence, model: str, before: bool = False) -> list[Curve]:
    """The curve of each class of one model, resampled as its scores are.

    ``before`` gives those before its calibration.
    """
    y, p, session = part.scored(model, before)
    settings = part.scores["settings"]
    return curves(
        y,
        p,
        block_numbers(session.to_numpy(), int(np.min(settings["bootstrap"]["block_sessions"]))),
        confidence=settings["bootstrap"]["confidence"],
        seed=settings["seed"],
    )


def _limit(found: list[Curve]) -> float:
    """The end of both axes: the tenth above every point and interval."""
    ends = [
        np.r_[c.high, c.predicted][np.tile(c.rows >= MIN_ROWS, 2)].max(initial=0) for c in found
    ]
    return min(1.0, float(np.ceil(10 * max(ends)) / 10) + 0.02)


def _figure(model: str, found: list[Curve], limit: float) -> Figure:
    data = [t for name, curve in zip(CLASSES, found, strict=True) for t in _lines(curve, name)]
    diagonal = {
        **{"type": "line", "xref": "x", "yref": "y", "x0": 0, "y0": 0, "x1": 1, "y1": 1},
        "line": {"color": "@soft", "width": 1, "dash": "dot"},
    }
    shape = layout(
        xaxis=axis("predicted probability", range=[0, limit], anchor="y2"),
        yaxis=axis("share that happened", range=[0, limit], domain=[0.34, 1]),
        yaxis2=axis("rows", domain=[0, 0.22], nticks=3),
        shapes=[diagonal],
        bargap=0.1,
    )
    return Figure(tuple(data), shape, 380, model)


def _chart(part: HorizonEvidence) -> Chart:
    found = {}
    for model in part.predictions:
        if model in part.uncalibrated:
            found[f"{model}, before calibration"] = model_curves(part, model, before=True)
        found[model] = model_curves(part, model)
    limit = max(map(_limit, found.values()))
    return Chart(
        f"Predicted and observed, h{part.horizon}",
        "For each tenth of predicted probability, the share of rows that turned out so, with "
        f"session-block intervals, and below it the number of rows (under {MIN_ROWS}: no point)",
        "curves flatter than the dotted diagonal (overconfident), or that cross it with intervals "
        "clear of it where most rows are",
        tuple(_figure(model, curves, limit) for model, curves in found.items()),
        tuple(CLASS_COLOURS.items()),
        part.horizon,
    )


def _table(part: HorizonEvidence) -> Table:
    """What calibration changed of each calibrated model."""
    rows = []
    for model in part.uncalibrated:
        scores = part.scores["models"][model]
        before, gain = scores["calibration"]["before"], scores["calibration"]["gain"]
        rows.append(
            (
                model,
                with_interval(gain),
                number(before["log_loss"]["value"]),
                number(scores["log_loss"]["value"]),
                with_interval(before["calibration_error"], 3),
                with_interval(scores["calibration_error"], 3),
            )
        )
    return Table(
        f"Before and after calibration, h{part.horizon}",
        (
            *("model", "log-loss gained", "log-loss before", "log-loss after"),
            *("calibration error before", "calibration error after"),
        ),
        tuple(rows),
        note="Out of fold; value [interval]. The gain is paired, above 0 where calibration helps. "
        "Each fit was calibrated within its own training rows.",
        horizon=part.horizon,
    )
