"""The files ``barriers_h{horizon}.json``: which barriers a horizon's labels are made with, and why.

It imports no table library: with configured barriers the job that writes the file is nearly free.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlfactory.files import atomic, read_json

CONFIGURED, SEARCHED = "configured", "searched"
"""Where barriers come from."""


def configured(horizon: int, barriers: dict[str, Any]) -> dict[str, Any]:
    """The content of the file where nothing is searched.

    Parameters
    ----------
    horizon
        In bars.
    barriers
        ``k_up``, ``k_down`` (ATRs) and ``max_bars``.

    Returns
    -------
    ``source``, ``horizon``, ``barriers`` and ``searched_rows``: how many of the training split's
    first rows are never held out, here none.
    """
    return {"source": CONFIGURED, "horizon": horizon, "barriers": barriers, "searched_rows": 0}


def suggested(horizon: int, purge: int, *, searched: bool) -> str:
    """Lines for the config that give a horizon barriers, and a longer purge where they need one.

    # ASSUME barriers grow with the horizon as the default ones do from 5 to 20 bars

    Examples
    --------
    >>> suggested(20, 60, searched=False)
    '{labels: {barriers: {default: {20: {k_up: 2.70, k_down: 2.30, max_bars: 50}}}}}'
    """
    k_up, k_down, max_bars = 0.9 + 0.09 * horizon, 0.7 + 0.08 * horizon, 5 * horizon // 2
    values = f"k_up: {k_up:.2f}, k_down: {k_down:.2f}, max_bars: {max_bars}"
    reach = 3 * horizon if searched else max_bars
    more = f", splits: {{purge_bars: {reach}}}" if reach > purge else ""
    return f"{{labels: {{barriers: {{default: {{{horizon}: {{{values}}}}}}}}}{more}}}"


def write(content: dict[str, Any], path: str | Path) -> None:
    """Write the file, whole or not at all; equal content gives equal bytes."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")


def by_horizon(paths: Sequence[str | Path]) -> dict[int, dict[str, Any]]:
    """``k_up``, ``k_down`` and ``max_bars`` by horizon, out of one file a horizon."""
    contents = [read_json(path) for path in paths]
    return {content["horizon"]: content["barriers"] for content in contents}


def net_sharpes(records: list[dict[str, Any]]) -> list[float]:
    """Net Sharpe ratios of the trials that keep all constraints, the best first."""
    return sorted((r["net_sharpe"] for r in records if r["feasible"]), reverse=True)
