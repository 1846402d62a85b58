"""Sections as html; all text is escaped here."""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from mlfactory.report._base import (
    Block,
    Chart,
    Chip,
    Facts,
    Figure,
    Listing,
    Note,
    Section,
    Table,
)

LONG_FACT = 40
"""Characters from which a fact gets the room of two."""


def embedded(content: Any) -> str:
    """JSON that stands inside a script element: nothing in it can end the element."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def horizons_of(section: Section) -> list[int | None]:
    """None for what is of all horizons, then the horizons, as the section has them."""
    return sorted({block.horizon for block in section.blocks}, key=lambda h: h or 0)


def figures_of(section: Section) -> Iterator[Figure]:
    """The section's figures in the order in which `section_html` places them."""
    for horizon in horizons_of(section):
        for block in section.blocks:
            if isinstance(block, Chart) and block.horizon == horizon:
                yield from block.figures


def section_html(section: Section, numbers: Iterator[int]) -> str:
    """One section; ``numbers`` counts the figures of the page."""
    parts = [f'<section id="{section.anchor}"><h2>{escape(section.title)}</h2>']
    for horizon in horizons_of(section):
        mark = "" if horizon is None else f' data-horizon="{horizon}"'
        inside = "".join(
            _block(block, numbers) for block in section.blocks if block.horizon == horizon
        )
        parts.append(f'<div class="blocks"{mark}>{inside}</div>')
    return "".join(parts) + "</section>"


def _block(block: Block, numbers: Iterator[int]) -> str:
    match block:
        case Chart():
            return _chart(block, numbers)
        case Table():
            return _table(block)
        case Facts():
            items = "".join(
                f"<div class='{'long' if len(value) > LONG_FACT else 'short'}'>"
                f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
                for name, value in block.items
            )
            return f'<div class="block"><dl class="facts">{items}</dl></div>'
        case Note():
            kind = "note warning" if block.warning else "note"
            return f'<div class="block {kind}"><p>{escape(block.text)}</p></div>'
        case Listing():
            return _folded(block.title, f"<pre>{escape(block.text)}</pre>")


def _chart(chart: Chart, numbers: Iterator[int]) -> str:
    legend = "".join(
        f'<li><i style="background:{_css_colour(colour)}"></i>{escape(name)}</li>'
        for name, colour in chart.legend
    )
    figures = "".join(
        (f"<div><h4>{escape(figure.title)}</h4>" if figure.title else "<div>")
        + f'<div class="figure" data-figure="{next(numbers)}" style="height:{figure.height}px">'
        "</div></div>"
        for figure in chart.figures
    )
    return (
        f'<div class="block{" half" if chart.half else ""}"><h3>{escape(chart.title)}</h3>'
        f'<p class="says">{escape(chart.shows)}; <b>alarming:</b> {escape(chart.alarming)}.</p>'
        + (f'<ul class="legend">{legend}</ul>' if legend else "")
        + f'<div class="figures">{figures}</div></div>'
    )


def _css_colour(colour: str) -> str:
    return f"var(--{colour[1:]})" if colour.startswith("@") else colour


def _folded(title: str, inside: str) -> str:
    return (
        f'<div class="block"><details><summary>{escape(title)}</summary>'
        f'<div class="scroll">{inside}</div></details></div>'
    )


def _cell(cell: str | Chip) -> str:
    if isinstance(cell, Chip):
        return f'<span class="chip {cell.tone}">{escape(cell.text)}</span>'
    return f"<span>{escape(cell)}</span>"


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.header)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td data-name="{escape(name)}">{_cell(cell)}</td>'
            for name, cell in zip(table.header, row, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    note = f'<p class="says">{escape(table.note)}</p>' if table.note else ""
    rows = f'<table class="stack"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    rows = rows if table.rows else ""
    if table.folded:
        return _folded(table.title, note + rows)
    return (
        f'<div class="block"><h3>{escape(table.title)}</h3>'
        f'<div class="scroll">{rows}</div>{note}</div>'
    )
