"""Each model's walk-forward scores, the headline, and how they compare with the k-fold ones."""

from dataclasses import replace
from typing import Any

from mlfactory.report import score_intervals
from mlfactory.report._base import Block, Note, Section, Table, number
from mlfactory.report.evidence import Evidence, HorizonEvidence
from mlfactory.report.summary import blocks_in_words, measured, reading
from mlfactory.verdicts import DIRECTION, INFORMATION

PREFIX = "Walk-forward: "


def section(evidence: Evidence) -> Section:
    """How it was walked, the scores beside the k-fold ones, and a chart a measure."""
    blocks: list[Block] = []
    for part in evidence.horizons:
        if part.walked is None:
            words = "No model was walked forward; walk_forward.enabled is false in the config."
            blocks.append(Note(words, part.horizon))
            continue
        blocks += [_how(part, part.walked), _beside_k_fold(part, part.walked)]
        blocks += score_intervals.all_charts(replace(part, scores=part.walked), PREFIX)
    return Section("walk-forward", "Walk-forward scores", tuple(blocks))


def _how(part: HorizonEvidence, walked: dict[str, Any]) -> Note:
    refit, data = walked["settings"]["refit"], walked["data"]
    past = (
        f"the last {refit['window_sessions']} sessions"
        if refit["window"] == "rolling"
        else "all of the past"
    )
    return Note(
        f"Each model was fitted anew every {refit['retrain_sessions']} sessions on {past}, labels "
        f"that end later left out, and predicted the sessions up to the next fit; the first "
        f"{refit['first_share']:.0%} of the training split's sessions only train. {data['rows']:,} "
        f"rows scored, {data['effective_rows']:,.0f} effective, session blocks resampled: "
        f"{blocks_in_words(data['blocks'])}. Baselines are fitted at the same "
        "borders. Ensembles are not walked forward: their scores are k-fold and on validation.",
        part.horizon,
    )


def _beside_k_fold(part: HorizonEvidence, walked: dict[str, Any]) -> Table:
    rows = tuple(
        (
            model,
            measured(scores, INFORMATION),
            reading(scores, INFORMATION),
            number(part.scores["models"][model][INFORMATION]["value"]),
            measured(scores, DIRECTION),
            reading(scores, DIRECTION),
            number(part.scores["models"][model][DIRECTION]["value"]),
        )
        for model, scores in walked["models"].items()
    )
    return Table(
        f"Walk-forward beside k-fold, h{part.horizon}",
        (
            *("model", "gain over volatility and clock, nats", "reading", "k-fold"),
            *("direction: gain, nats", "reading", "k-fold"),
        ),
        rows,
        note=(
            "value [interval], mean of the nulls. A k-fold gain well above the walk-forward one "
            "says that later data was needed for it, or that the market has changed."
        ),
        horizon=part.horizon,
    )
