"""The table of scores as text, for the end of a run."""

import re
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from mlfactory.verdicts import (
    blend_verdicts,
    model_verdicts,
    nulls,
    probe_lines,
    verdict_line,
    worse_baseline,
)

LISTED = 3
"""Models that a line on the backtest names."""

_COLUMNS = (
    ("log-loss", "log_loss", 4),
    ("gain: class prior", "gain_class_prior", 4),
    ("gain: volatility+clock", "gain_volatility_clock_prior", 4),
    ("direction gain", "direction_gain", 4),
    ("direction AUC", "direction_auc", 3),
)


def _replicates(scores: dict[str, Any]) -> int:
    first = next(iter(scores["models"].values()))
    return len(nulls(first, "log_loss"))


def _lengths(blocks: dict[str, int]) -> str:
    """Sessions in a block, the wider interval of two lengths being shown."""
    words = " or ".join(blocks)
    return f"{words} session(s)" + (", the wider" if len(blocks) > 1 else "")


def _cell(scores: dict[str, Any], key: str, digits: int) -> str:
    value, low, high = (_number(scores[key][at], digits) for at in ("value", "low", "high"))
    known = [null["value"] for null in nulls(scores, key)]
    null = f" null {_number(float(np.mean(known)), digits)}" if known else ""
    return f"{value} [{low}, {high}]{null}"


def _number(value: float | None, digits: int) -> str:
    """Without a 0 before the point, which nearly every number here would have."""
    return "n/a" if value is None else re.sub(r"^(-?)0\.", r"\1.", f"{value:.{digits}f}")


def _aligned(lines: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    rows = ("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in lines)
    return [row.rstrip() for row in rows]


def _blocks(head: tuple[str, ...], models: list[tuple[str, ...]]) -> list[str]:
    """A line a score under each model's name, for narrow terminals."""
    lines = []
    for name, *cells in models:
        scores = list(zip(("", *head[1:]), (name, *cells), strict=True))[1:]
        lines += [name, *(f"  {line}" for line in _aligned(scores))]
    return lines


def scoreboard(
    scores: dict[str, Any], symbol: str, horizon: int, *, width: int | None = None
) -> str:
    """Walk-forward scores, where there are any, and below them the k-fold ones.

    One line a model: each score, its interval, and the mean of its nulls; below the leading table a
    verdict a model, and below each one of the horizon.

    Parameters
    ----------
    scores
        The content of a ``scores_h{horizon}.json``.
    width
        Of the terminal; a table that is wider gives each score a line. None: no terminal.
    """
    walked = scores.get("walk_forward")
    board = _board(
        scores, f"{symbol} h{horizon}: out-of-fold", horizon, width, explained=not walked
    )
    later = scores.get("validation")
    if later:
        rows = later["data"]["rows"]
        lines = [f"h{horizon}: ensembles beside their best members on validation, {rows} rows:"]
        lines += [f"  {line}" for line in against_best(later, horizon)]
        lines = (lines if lines[1:] else []) + blend_verdicts(scores, horizon)
        board = "\n".join([board, *_wrapped(lines, width)])
    if not walked:
        return board
    days = walked["settings"]["refit"]["retrain_sessions"]
    title = f"{symbol} h{horizon}: walk-forward, refitted every {days} sessions"
    return f"{_board(walked, title, horizon, width, explained=True)}\n\n{board}"


def _board(
    scores: dict[str, Any], what: str, horizon: int, width: int | None, *, explained: bool
) -> str:
    data = scores["data"]
    shares = ", ".join(f"{name} {share:.0%}" for name, share in data["class_shares"].items())
    head = ("model", *(name for name, _, _ in _COLUMNS))
    models = [
        (model, *(_cell(values, key, digits) for _, key, digits in _COLUMNS))
        for model, values in scores["models"].items()
    ]
    table = _aligned([head, *models])
    if width is not None and max(map(len, table)) > width:
        table = _blocks(head, models)
    bootstrap = scores["settings"]["bootstrap"]
    worse = worse_baseline(scores, horizon)
    title = f"{what}, {data['rows']} rows (effective {data['effective_rows']:.0f}), {shares}"
    words = [
        f"nats; gains: higher is better. [..] is the {bootstrap['confidence']:.0%} interval over "
        f"blocks of {_lengths(data['blocks'])}.",
        "null: the same procedure on labels moved by whole sessions, the mean of "
        f"{_replicates(scores)} draws.",
    ]
    learnt = "k-fold: models also learn from later rows than they predict; made to feed ensembles."
    below = [
        *(words if explained else [learnt]),
        *against_best(scores, horizon),
        *([worse] if worse else []),
        *probe_lines(scores, horizon),
        *(model_verdicts(scores, horizon) if explained else []),
        verdict_line(scores, horizon),
    ]
    return "\n".join([*_wrapped([title], width), *table, *_wrapped(below, width)])


def against_best(scores: dict[str, Any], horizon: int) -> list[str]:
    """A line an ensemble: its paired difference in log-loss to its best member."""
    found = {name: one.get("against_best") for name, one in scores["models"].items()}
    return [
        f"h{horizon}: {name}: log-loss {_number(one['value'], 4)} [{_number(one['low'], 4)}, "
        f"{_number(one['high'], 4)}] to its best member, {one['member']}, below 0 is better"
        for name, one in found.items()
        if one
    ]


def backtest_line(assessment: dict[str, Any], horizon: int) -> str | None:
    """What the test split would have earned, in a line; None where it was not traded."""
    models = assessment["samples"].get("test")
    if models is None:
        return None
    traded = sorted(
        (name for name in models if models[name]["trades"]), key=lambda n: -models[n]["trades"]
    )
    sure = [name for name in models if models[name]["verdict"] == "evidence"]
    listed = ", ".join(
        f"{name} {models[name]['trades']} trades, net {models[name]['net']:.2f}"
        for name in traded[:LISTED]
    )
    most = f" ({'most trades: ' if len(traded) > LISTED else ''}{listed})" if traded else ""
    return (
        f"h{horizon}: backtest of test after costs: {len(traded)} of {len(models)} models "
        f"trade{most}; evidence: {', '.join(sure) or 'none'}"
    )


def _wrapped(lines: list[str], width: int | None) -> list[str]:
    if width is None:
        return lines
    return [part for line in lines for part in textwrap.wrap(line, width, subsequent_indent="  ")]
