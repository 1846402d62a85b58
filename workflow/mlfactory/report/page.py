"""The report: one html file that needs nothing else, in the order of `SECTIONS`."""

from collections.abc import Callable
from html import escape
from itertools import count
from pathlib import Path
from typing import Any

from mlfactory.files import atomic
from mlfactory.report import (
    backtests,
    barrier_search,
    calibration,
    checks,
    data_health,
    ensembles,
    feature_selection,
    fold_timeline,
    importance,
    label_shares,
    learning_curves,
    model_cost,
    provenance,
    score_intervals,
    summary,
    walk_forward,
)
from mlfactory.report._base import THEMES, Section
from mlfactory.report._markup import embedded, figures_of, section_html
from mlfactory.report._script import SCRIPT
from mlfactory.report._style import STYLE
from mlfactory.report.evidence import Evidence

SECTIONS: tuple[Callable[[Evidence], Section], ...] = (
    summary.section,
    walk_forward.section,
    score_intervals.section,
    ensembles.section,
    backtests.section,
    calibration.section,
    importance.section,
    feature_selection.section,
    learning_curves.section,
    model_cost.section,
    barrier_search.section,
    label_shares.section,
    checks.section,
    fold_timeline.section,
    data_health.section,
    provenance.section,
)
"""What the page holds, in order: a new section is a new module and a line here."""

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)
"""What the page may load: nothing but itself."""


def write(evidence: Evidence, path: str | Path) -> None:
    """Write the page, whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(html(evidence), encoding="utf-8")


def html(evidence: Evidence) -> str:
    """The page of one symbol."""
    from plotly.offline import get_plotlyjs

    sections = [section(evidence) for section in SECTIONS]
    numbers = count()
    body = "".join(section_html(section, numbers) for section in sections)
    title = f"{evidence.symbol}: model report"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>"
        f"<body><header><h1>{escape(title)}</h1>"
        f'<p class="under">{escape(_under(evidence))}</p></header>'
        f"{_navigation(sections, evidence)}<main>{body}</main>"
        "<footer>mlfactory. One file; it loads nothing.</footer>"
        f'<script type="application/json" id="figures">{embedded(figures(sections))}</script>'
        f'<script type="application/json" id="themes">{embedded(THEMES)}</script>'
        f"<script>{get_plotlyjs()}</script><script>{SCRIPT}</script></body></html>\n"
    )


def figures(sections: list[Section]) -> list[dict[str, Any]]:
    """Every figure of the page, in order."""
    return [
        {"data": figure.data, "layout": figure.layout, "height": figure.height}
        for section in sections
        for figure in figures_of(section)
    ]


def _under(evidence: Evidence) -> str:
    account, contract = evidence.account, evidence.contract
    named = f"{contract.description}; " if contract.description else ""
    return (
        f"{named}{account['bars']:,} bars of {account['bar_interval']}, {account['sessions']:,} "
        f"sessions of {account['calendar']}, {account['first_bar'][:10]} to "
        f"{account['last_bar'][:10]}"
    )


def _navigation(sections: list[Section], evidence: Evidence) -> str:
    """A button a horizon where there are several, and a link a section."""
    horizons = [part.horizon for part in evidence.horizons]
    buttons = "".join(
        f'<button type="button" data-horizon="{h}">h{h}</button>' for h in horizons[::-1]
    )
    chosen = f'<div class="horizons">{buttons}</div>' if len(horizons) > 1 else ""
    links = "".join(f'<a href="#{s.anchor}">{escape(s.title)}</a>' for s in sections)
    return f"<nav><div>{chosen}{links}</div></nav>"
