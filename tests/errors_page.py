"""docs/errors.md, made of the table of user errors: ``python tests/errors_page.py`` writes it."""

import tempfile
from pathlib import Path

import mended_raw
import mistakes_config
import mistakes_files
import mistakes_folds
import mistakes_raw
import mistakes_yaml
from mistakes import answer

PAGE = Path(__file__).parents[1] / "docs/errors.md"
HEAD = """# User errors and what the program answers

Each of these mistakes is answered by one line on stderr and exit status 1, before the first job,
and no file is written. `tests/test_user_errors.py` makes every one of them and compares the line
with this page, which `python tests/errors_page.py` writes.
"""
SECTIONS = {
    "Raw files": [*mistakes_raw.MISTAKES, *mistakes_files.MISTAKES],
    "Configuration: what the schema cannot see, and files that hold no configuration": (
        mistakes_config.OF_OVERLAYS
    ),
    "Configuration: every key of the schema": mistakes_config.OF_THE_SCHEMA,
    "Folds of your own, `folds: {file: folds.csv}`": mistakes_folds.MISTAKES,
    "Contracts, `config/contracts.yaml`": [
        *mistakes_yaml.OF_CONTRACTS,
        *mistakes_yaml.OF_CONTRACT_FILES,
    ],
    "Models, `config/models/<name>.yaml`": mistakes_yaml.OF_MODELS,
}
MENDED = """## Raw files that are mended

A few such rows are mended and counted; `results/<symbol>/bars.json` holds the count under `rows`,
and `./pipeline validate` shows it. The bars are those of a file without the mistake. Above the
limits of `cleaning` in the config such files are refused, as above.

| in the file | count |
|---|---|
"""


def cell(text):
    return text.replace("|", "\\|")


def row(mistake, line):
    """The table's row of a mistake and the line that it is answered by."""
    return f"| {cell(mistake.what)} | `{cell(line.strip())}` |"


def page(lines):
    """The whole page.

    Parameters
    ----------
    lines
        The answered line of each mistake, by its name.
    """
    parts = [HEAD]
    for title, mistakes in SECTIONS.items():
        rows = [row(mistake, lines[mistake.what]) for mistake in mistakes]
        parts.append("\n".join([f"## {title}", "", "| mistake | answer |", "|---|---|", *rows, ""]))
    mended = [f"| {cell(m.what)} | `{m.kind}` {m.count} |" for m in mended_raw.MENDED]
    return "\n".join([*parts, MENDED + "\n".join(mended) + "\n"])


def main():
    lines = {}
    for mistakes in SECTIONS.values():
        for mistake in mistakes:
            with tempfile.TemporaryDirectory() as folder:
                lines[mistake.what] = answer(mistake, Path(folder)).stderr
    PAGE.write_text(page(lines))


if __name__ == "__main__":
    main()
