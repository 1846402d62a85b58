"""The closed-form probe's direction gain against the distributions of its nulls."""

from typing import Any

from mlfactory.report._base import (
    NULL_COLOUR,
    Block,
    Chart,
    Figure,
    Table,
    axis,
    layout,
    number,
    vertical,
)
from mlfactory.report.evidence import HorizonEvidence
from mlfactory.verdicts import DIRECTION

TITLES = {
    "session_shift": "labels moved by whole sessions",
    "free_shift": "labels moved freely",
    "sign_flip": "signs of returns flipped",
}
MEASURES = {
    "gain_class_prior": "gain over the class prior",
    "gain_volatility_clock_prior": "gain over volatility and clock",
    DIRECTION: "direction gain",
    "direction_auc": "direction AUC",
}


def blocks(part: HorizonEvidence) -> list[Block]:
    """A chart and a table of one horizon; nothing where no null of the probe was drawn."""
    probe = part.scores.get("probe") or {}
    if not any(score["nulls"] for score in probe.values()):
        return []
    return [_chart(part, probe[DIRECTION]), _table(part, probe)]


def _chart(part: HorizonEvidence, score: dict[str, Any]) -> Chart:
    kinds = list(score["nulls"])
    traces = tuple(
        {
            **{"type": "box", "orientation": "h", "boxpoints": False, "name": TITLES[kind]},
            "x": score["nulls"][kind]["values"],
            "y": [TITLES[kind]] * score["nulls"][kind]["count"],
            "marker": {"color": NULL_COLOUR},
            "line": {"color": NULL_COLOUR},
        }
        for kind in kinds
    )
    shape = layout(
        xaxis=axis("nats, higher is better", zeroline=False, nticks=6),
        yaxis=axis("", showgrid=False, zeroline=False),
        shapes=[vertical(score["value"], colour="@ink", dash="solid")],
        margin={"l": 10, "r": 14, "t": 6, "b": 44},
    )
    return Chart(
        f"The probe's direction gain among its nulls, h{part.horizon}",
        "A closed-form ridge regression of every feature (line) and the same on nulls (boxes: "
        "quartiles; whiskers: ends)",
        "a line within the boxes: a linear model finds no direction here",
        (Figure(traces, shape, 90 + 46 * len(kinds)),),
        (("the probe", "@ink"), ("its nulls", NULL_COLOUR)),
        part.horizon,
    )


def _table(part: HorizonEvidence, probe: dict[str, Any]) -> Table:
    rows = tuple(
        (
            f"{MEASURES[key]}: {TITLES[kind]}",
            number(score["value"]),
            number(drawn["mean"]),
            f"{number(drawn['quantiles']['0.025'])} to {number(drawn['quantiles']['0.975'])}",
            f"{drawn['p_value']:.3f}",
            str(drawn["count"]),
        )
        for key, score in probe.items()
        for kind, drawn in score["nulls"].items()
    )
    return Table(
        f"The probe and its nulls as numbers, h{part.horizon}",
        ("score: null", "probe", "null mean", "95 % of nulls", "p", "draws"),
        rows,
        note=(
            "p: the share of all draws, the data itself among them, that score as high. Flipped "
            "signs keep what volatility tells; labels moved freely keep nothing."
        ),
        horizon=part.horizon,
        folded=True,
    )
