"""How the barriers were chosen: how sharp the optimum is, and what costs and chance make of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlfactory.barrier_files import SEARCHED, net_sharpes
from mlfactory.report._base import (
    NULL_COLOUR,
    Block,
    Chart,
    Chip,
    Facts,
    Figure,
    Note,
    Section,
    Table,
    axis,
    layout,
    number,
    vertical,
)
from mlfactory.report.evidence import Evidence, HorizonEvidence

KEPT, BROKEN, BEST = "#0E86D4", "#B9C0C9", "#D55E00"
LEGEND = (("keeps the class shares", KEPT), ("does not", BROKEN), ("chosen", BEST))
RATIO = "Sharpe ratio a session"
NEAREST = 10
"""Trials around the chosen one that say how sharp the optimum is."""

AT_BOUND = 0.03
"""Share of the range within which an optimum counts as at its bound."""

Trials = list[dict[str, Any]]


def section(evidence: Evidence) -> Section:
    """A line where nothing was searched; else charts and a reading for each horizon."""
    blocks: list[Block] = []
    taken = [part for part in evidence.horizons if part.barriers["source"] != SEARCHED]
    if taken:
        barriers = "; ".join(f"h{part.horizon}: {_words(part.barriers)}" for part in taken)
        blocks.append(
            Note(f"The configured barriers were taken, nothing was searched. {barriers}.")
        )
    for part in evidence.horizons:
        if part.barriers["source"] == SEARCHED:
            blocks += [_facts(part), _reading(part), _optimum(part), _costs(part), _chance(part)]
    return Section("barriers", "Barriers", tuple(blocks))


def _words(content: dict[str, Any]) -> str:
    terms = content["barriers"]
    return f"{terms['k_up']:g} ATR up, {terms['k_down']:g} down, {terms['max_bars']} bars"


def _kept(content: dict[str, Any]) -> Trials:
    return [trial for trial in content["trials"] if trial["feasible"]]


def _best(content: dict[str, Any]) -> dict[str, Any]:
    return content["trials"][content["best"]]


def bounds_met(content: dict[str, Any]) -> list[str]:
    """Which of the chosen barriers lie at a bound of what was searched."""
    study, best = content["study"], content["barriers"]
    low, high = study["k_min"], study["k_max"]
    margin = AT_BOUND * (high - low)
    met = [name for name in ("k_up", "k_down") if not low + margin < best[name] < high - margin]
    return met + ["max_bars"] * (best["max_bars"] in study["max_bars"])


def around(content: dict[str, Any]) -> float | None:
    """Mean net Sharpe ratio of the trials nearest to the chosen one; None where it stands alone.

    Only trials that keep the constraints count; nearness is the distance of all three barriers as
    shares of their ranges.
    """
    study, best = content["study"], _best(content)
    k, bars = study["k_max"] - study["k_min"], study["max_bars"][1] - study["max_bars"][0]
    ranges = {"k_up": k, "k_down": k, "max_bars": bars}
    others = [trial for trial in _kept(content) if trial["number"] != content["best"]]

    def distance(trial: dict[str, Any]) -> float:
        return sum(((trial[name] - best[name]) / r) ** 2 for name, r in ranges.items())

    nearest = sorted(others, key=distance)[:NEAREST]
    return float(np.mean([trial["net_sharpe"] for trial in nearest])) if nearest else None


def _facts(part: HorizonEvidence) -> Facts:
    content = part.barriers
    searched, study, best = content["searched"], content["study"], _best(content)
    return Facts(
        (
            ("found", _words(content)),
            ("searched", f"{searched['first'][:16]} to {searched['last'][:16]} (UTC)"),
            ("rows that no fold holds out", f"{content['searched_rows']:,}"),
            ("sessions", f"{searched['sessions']:,}"),
            ("trials that keep the class shares", f"{len(_kept(content))} of {study['trials']}"),
            ("trades of the chosen trial", f"{best['trades']:,}"),
            ("sampler", f"{study['sampler']}, seed {study['seed']}"),
        ),
        horizon=part.horizon,
    )


def _reading(part: HorizonEvidence) -> Table:
    content = part.barriers
    best, near, met = _best(content), around(content), bounds_met(content)
    lucky = [null[0] for null in content["nulls"] if null]
    above = best["net_sharpe"] > max(lucky, default=0.0)
    flat = near is not None and near > 0.5 * best["net_sharpe"] > 0
    rows: tuple[tuple[str | Chip, ...], ...] = (
        (
            "Is it better than the best of each search with nothing to find?",
            Chip("yes, in sample" if above else "no", "fair" if above else "flat"),
            f"net {number(best['net_sharpe'], 2)}; nothing to find: "
            f"{', '.join(number(value, 2) for value in lucky) or 'n/a'}",
        ),
        (
            "Do its neighbours earn too?",
            Chip("yes, it is flat" if flat else "no", "good" if flat else "flat"),
            f"{NEAREST} nearest trials, mean {number(near, 2)}",
        ),
        (
            "Is it inside the range?",
            Chip("at its bound" if met else "yes", "flat" if met else "good"),
            ", ".join(met) or _words(content),
        ),
    )
    return Table(
        "Can the optimum be believed?",
        ("question", "answer", RATIO),
        rows,
        note=(
            f"In sample: the best of {content['study']['trials']} trials is flattered by their "
            "number, and nothing here says what the barriers earn later. Nothing to find: the same "
            f"search, as long, in which each row has the features of another; above all "
            f"{len(content['nulls'])} of them is what luck does one time in "
            f"{len(content['nulls']) + 1}."
        ),
        horizon=part.horizon,
    )


def _dots(trials: Trials, x: str, y: str, colour: str, size: int = 7) -> dict[str, Any]:
    """One trace; each trial's barriers are in its hover text."""
    return {
        **{"type": "scatter", "mode": "markers"},
        "x": [trial[x] for trial in trials],
        "y": [trial[y] for trial in trials],
        "marker": {"color": colour, "size": size, "opacity": 0.85},
        "customdata": [
            f"trial {t['number']}: {t['k_up']:g} up, {t['k_down']:g} down, {t['max_bars']} bars, "
            f"gross {number(t['gross_sharpe'], 2)}, net {number(t['net_sharpe'], 2)}, "
            f"{t['trades']} trades"
            for t in trials
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _traces(content: dict[str, Any], x: str, y: str) -> tuple[dict[str, Any], ...]:
    """Trials that break a constraint, those that keep all, and the chosen one on top."""
    broken = [trial for trial in content["trials"] if not trial["feasible"]]
    best = _dots([_best(content)], x, y, BEST, 13)
    best["marker"] |= {"symbol": "star", "line": {"color": "@surface", "width": 1}}
    return _dots(broken, x, y, BROKEN), _dots(_kept(content), x, y, KEPT), best


def _against(content: dict[str, Any], name: str, unit: str, bounds: Sequence[float]) -> Figure:
    shape = layout(xaxis=axis(f"{name}, {unit}"), yaxis=axis(f"net {RATIO}", zeroline=True))
    shape["shapes"] = [vertical(bound) for bound in bounds]
    return Figure(_traces(content, name, "net_sharpe"), shape, 260)


def _optimum(part: HorizonEvidence) -> Chart:
    content, study = part.barriers, part.barriers["study"]
    k_range = (study["k_min"], study["k_max"])
    return Chart(
        f"Scores of all trials, h{part.horizon}",
        "What each pair of barriers earned after costs, against how far away they were; dotted "
        "lines are the bounds of the search",
        "a star at a dotted line (raise the range), or one high point among low neighbours: that "
        "is noise that was picked",
        (
            _against(content, "k_up", "ATR", k_range),
            _against(content, "k_down", "ATR", k_range),
            _against(content, "max_bars", "bars", study["max_bars"]),
        ),
        LEGEND,
        part.horizon,
    )


def _costs(part: HorizonEvidence) -> Chart:
    content = part.barriers
    gross = [trial["gross_sharpe"] for trial in content["trials"]]
    ends = [min(gross), max(gross)]
    diagonal = {
        **{"type": "scatter", "mode": "lines", "x": ends, "y": ends, "hoverinfo": "skip"},
        "line": {"color": "@line", "width": 1.5, "dash": "dot"},
    }
    shape = layout(
        xaxis=axis(f"{RATIO}, before costs"), yaxis=axis(f"{RATIO}, after costs", zeroline=True)
    )
    figure = Figure((diagonal, *_traces(content, "gross_sharpe", "net_sharpe")), shape, 300)
    return Chart(
        f"What costs take, h{part.horizon}",
        "Each trial before and after the round trip's cost; on the dotted line costs would be "
        "nothing",
        "a star right of 0 and below it: what was found does not pay for its trades",
        (figure,),
        LEGEND,
        part.horizon,
        half=True,
    )


def _ranked(values: list[float], name: str, colour: str, width: float) -> dict[str, Any]:
    return {
        **{"type": "scatter", "mode": "lines", "name": name},
        **{"x": list(range(1, len(values) + 1)), "y": values},
        "line": {"color": colour, "width": width},
        "hovertemplate": f"{name}, number %{{x}}: %{{y:.2f}}<extra></extra>",
    }


def _chance(part: HorizonEvidence) -> Chart:
    content = part.barriers
    lines = [_ranked(null, "nothing to find", NULL_COLOUR, 1.5) for null in content["nulls"]]
    kept = net_sharpes(content["trials"])
    lines.append(_ranked(kept, "trials", KEPT, 2.5))
    shape = layout(xaxis=axis("trials from best to worst"), yaxis=axis(f"net {RATIO}"))
    return Chart(
        f"The same search with nothing to find, h{part.horizon}",
        "Trials that keep the class shares from best to worst, beside those of searches in "
        "which each row has the features of another",
        "a best trial that is positive although theirs are too, or a blue line among the grey "
        "ones: the search found luck",
        (Figure(tuple(lines), shape, 300),),
        (("trials", KEPT), ("nothing to find", NULL_COLOUR)),
        part.horizon,
        half=True,
    )
