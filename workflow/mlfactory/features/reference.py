"""docs/features.md out of the manifest; printed."""

from collections.abc import Iterator
from typing import Any

from mlfactory.features import catalog

COMMAND = "python -m mlfactory.features.reference > docs/features.md"
_HEAD = """# Features: {n_features} columns

Made by `{command}`; do not edit.

A row uses its own bar and earlier ones. Prices after a roll are forward-adjusted, and no column is
a level of price or volume. *Lookback* counts bars of five minutes up to the row's own; *sessions*
are those at the start of a file, the first maybe partial, in which the column is not complete. A
*bounded* column stays between fixed limits whatever prices do. The warm-up of all of them is
{warmup_bars} bars or {warmup_sessions} sessions, whichever is longer. `features.families` and
`features.timeframes` choose among them; `features.json` beside each table says what it holds.

| family | columns | module |
|---|---|---|
"""
_TABLE_HEAD = """
## {family}

| column | formula | unit | bounded | lookback | sessions | source |
|---|---|---|---|---|---|---|
"""


def document(manifest: dict[str, Any]) -> str:
    """The whole text of docs/features.md."""
    return "".join(_parts(manifest))


def _parts(manifest: dict[str, Any]) -> Iterator[str]:
    by_family = {
        family: [row for row in manifest["features"] if row["family"] == family]
        for family in manifest["families"]
    }
    yield _HEAD.format(command=COMMAND, **manifest)
    for family, rows in by_family.items():
        module = f"`workflow/mlfactory/features/{family}.py`"
        yield _line(f"[{family}](#{family})", len(rows), module)
    for family, rows in by_family.items():
        yield _TABLE_HEAD.format(family=family)
        for row in rows:
            yield _line(
                f"`{row['name']}`",
                row["formula"],
                row["unit"],
                "yes" if row["bounded"] else "",
                row["lookback"],
                row["sessions"] or "",
                row["source"],
            )


def _line(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    print(document(catalog.manifest()), end="")
