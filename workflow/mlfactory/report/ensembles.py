"""Each ensemble beside its best member, and what it weighs."""

from typing import Any

from mlfactory.report._base import (
    Block,
    Chart,
    Chip,
    Figure,
    Note,
    Section,
    Table,
    axis,
    layout,
    model_colour,
    with_interval,
    words,
)
from mlfactory.report.evidence import Evidence, HorizonEvidence
from mlfactory.report.summary import blocks_in_words

LISTED = 4
"""Members that are named even where they are all models; more would widen the page."""


def section(evidence: Evidence) -> Section:
    """Of each horizon the paired differences out of fold and on validation, and the weights."""
    blocks: list[Block] = []
    for part in evidence.horizons:
        if not part.members:
            blocks.append(Note("No ensemble is configured.", part.horizon))
            continue
        blocks += [_table(part, len(evidence.models)), _weights(part)]
    return Section("ensembles", "Ensembles beside their best member", tuple(blocks))


LEAST_SESSIONS = 30
"""Session blocks below which an interval of a difference is too narrow to be read."""


def reading(difference: dict[str, Any] | None, sessions: int) -> Chip:
    """Whether the whole interval of a difference in log-loss lies on one side of 0."""
    if difference is None or difference["low"] is None:
        return Chip("n/a", "flat")
    if sessions < LEAST_SESSIONS:
        return Chip("too few sessions", "flat")
    if difference["high"] < 0:
        return Chip("better", "good")
    return Chip("worse" if difference["low"] > 0 else "no difference", "flat")


def _table(part: HorizonEvidence, n_models: int) -> Table:
    out_of_fold = part.scores["models"]
    validation = part.scores.get("validation") or {"models": {}, "data": None}
    validated = validation["models"]
    sessions = [
        max(one["data"]["blocks"].values()) if one["data"] else 0
        for one in (part.scores, validation)
    ]
    rows = []
    for name, weights in part.members.items():
        found = [one.get(name, {}).get("against_best") for one in (out_of_fold, validated)]
        member = next((one["member"] for one in found if one), "n/a")
        cells: list[str | Chip] = []
        for one, n in zip(found, sessions, strict=True):
            cells += ["n/a" if one is None else with_interval(one), reading(one, n)]
        whole = len(weights) == n_models > LISTED
        listed = f"all {n_models} models" if whole else ", ".join(weights)
        rows.append((name, listed, member, *cells))
    data = validation["data"]
    said = (
        ""
        if data is None
        else f" Validation: its second part, {data['rows']:,} rows, {data['effective_rows']:,.0f} "
        f"effective, session blocks resampled: {blocks_in_words(data['blocks'])}."
    )
    return Table(
        f"Difference in log-loss to the best member, h{part.horizon}",
        (
            *("ensemble", "members", "best member out of fold", "out of fold, nats", "reading"),
            *("on validation, nats", "reading"),
        ),
        tuple(rows),
        note=(
            "Paired, value [interval]; below 0 the ensemble is better. The best member is the one "
            "of least log-loss out of fold, so that out of fold it is flattered, and on validation "
            "it is not. Blending learns on the first part of validation and has nothing out of "
            f"fold.{said}"
        ),
        horizon=part.horizon,
    )


def _weights(part: HorizonEvidence) -> Chart:
    members = list(dict.fromkeys(m for weights in part.members.values() for m in weights))
    traces = tuple(
        {
            **{"type": "bar", "orientation": "h", "name": words(member)},
            "y": [words(name) for name in part.members],
            "x": [round(weights.get(member, 0.0), 4) for weights in part.members.values()],
            "marker": {"color": model_colour(member)},
        }
        for member in members
    )
    shape = layout(
        barmode="stack",
        xaxis=axis("share of the weights", range=[0, 1], zeroline=False),
        yaxis=axis("", showgrid=False, autorange="reversed"),
        margin={"l": 10, "r": 14, "t": 6, "b": 44},
    )
    return Chart(
        f"What each ensemble weighs, h{part.horizon}",
        "Shares of the members: weights of a vote; of a regression the absolute coefficients",
        "one member that has it all: the ensemble is that member",
        (Figure(traces, shape, 90 + 34 * len(part.members)),),
        tuple((member, model_colour(member)) for member in members),
        part.horizon,
    )
