"""The table of scores as text, for the end of a run."""

from typing import Any

import numpy as np

_COLUMNS = (
    ("log-loss", "log_loss", 4),
    ("gain: class prior", "gain_class_prior", 4),
    ("gain: volatility+clock", "gain_volatility_clock_prior", 4),
    ("direction gain", "direction_gain", 4),
    ("direction AUC", "direction_auc", 3),
)


def _replicates(scores: dict[str, Any]) -> int:
    first = next(iter(scores["models"].values()))
    return sum(map(len, first["nulls"].values()))


def _cell(scores: dict[str, Any], key: str, digits: int) -> str:
    value, low, high = (_number(scores[key][at], digits) for at in ("value", "low", "high"))
    nulls = [replicate[key]["value"] for kind in scores["nulls"].values() for replicate in kind]
    known = [null for null in nulls if null is not None]
    null = f" null {_number(float(np.mean(known)), digits)}" if known else ""
    return f"{value} [{low}, {high}]{null}"


def _number(value: float | None, digits: int) -> str:
    """Without the 0 before the point, which every number here would have."""
    return "n/a" if value is None else f"{value:.{digits}f}".replace("0.", ".", 1)


def scoreboard(scores: dict[str, Any], title: str) -> str:
    """One line a model: each score, its interval, and the mean of its nulls.

    Parameters
    ----------
    scores
        The content of a ``scores_h{horizon}.json``.
    title
        The first line.
    """
    data = scores["data"]
    shares = ", ".join(f"{name} {share:.0%}" for name, share in data["class_shares"].items())
    lines = [("model", *(name for name, _, _ in _COLUMNS))]
    for model, values in scores["models"].items():
        lines.append((model, *(_cell(values, key, digits) for _, key, digits in _COLUMNS)))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    body = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in lines]
    confidence = scores["settings"]["bootstrap"]["confidence"]
    block = scores["settings"]["bootstrap"]["block_sessions"]
    return "\n".join(
        [
            f"{title}: out-of-fold, {data['rows']} rows (effective {data['effective_rows']:.0f}), "
            f"{shares}",
            *(line.rstrip() for line in body),
            f"nats; gains: higher is better. [..] is the {confidence:.0%} interval over blocks of "
            f"{block} session(s).",
            "null: the same procedure on labels moved by whole sessions, the mean of "
            f"{_replicates(scores)} draw(s). Compare a score with its null, not with 0.",
        ]
    )
