"""What of the workflow is done, missing, or would run again and why."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlfactory import failures, gone, running
from mlfactory.stages import STAGES, makes_files, stage_of

_WHY = {
    "missing": "missing",
    "updated input files": "an input is newer",
    "rule implementation changed": "the rule or its script changed",
    "set of input files changed": "the list of inputs changed",
    "params changed": "settings or code changed",
    "ok": "follows from the above",
}


def about(settings: dict[str, Any], targets: str = "") -> str:
    """What the status is of: symbols, horizons, the folder, and targets by comma if any are named.

    Examples
    --------
    >>> about({"symbols": ["DEMO"], "horizons": [5, 20], "results": "results"}, "report")
    'DEMO, horizons 5, 20, in results/: report'
    """
    horizons = settings["horizons"]
    which = f"horizon{'s' * (len(horizons) > 1)} {', '.join(map(str, horizons))}"
    where = f"{', '.join(settings['symbols'])}, {which}, in {settings['results']}/"
    return f"{where}: {targets.replace(',', ', ')}" if targets else where


def made_lines(settings: dict[str, Any]) -> Iterator[str]:
    """A line for each stage of which the symbols' files are there, whether up to date or not."""
    folders = [Path(settings["results"]) / symbol for symbol in settings["symbols"]]
    rules = [rule for path, rule in gone.made_by() if any(path.is_relative_to(f) for f in folders)]
    counts = Counter(stage_of(rule) for rule in rules if makes_files(rule))
    for stage in filter(counts.get, STAGES):
        yield f"{_stage(stage)}  {_files(counts[stage])} there"
    if not counts:
        yield "nothing is made yet"


def status_lines(summary: str) -> Iterator[str]:
    """A line for each stage, in the order that data flows, and the sum.

    Parameters
    ----------
    summary
        What ``snakemake --summary`` prints: a tab-separated line for each file that is made.

    Yields
    ------
    Lines for the screen; files are counted, not jobs.
    """
    rows = _rows(summary)
    for stage in STAGES:
        of_stage = [row for row in rows if stage_of(row["rule"]) == stage]
        if of_stage:
            yield f"{_stage(stage)}  {_files(len(of_stage))}: {_counts(of_stage, stage)}"
    done, gone = sum(map(_done, rows)), sum(map(_gone, rows))
    left = to_make(summary)
    rest = f"{left} to make" if left else f"{gone} gone" if gone else "nothing to do"
    yield f"{done} of {len(rows)} files are there and up to date: {rest}"


def to_make(summary: str) -> int:
    """The number of files that a run would make, from what ``snakemake --summary`` prints."""
    return sum(not _done(row) and not _gone(row) for row in _rows(summary))


def way_on(summary: str, command: str) -> list[str]:
    """Whether a run goes on here; else, if there is anything to make, what stopped the last one.

    Parameters
    ----------
    summary
        What ``snakemake --summary`` prints.
    command
        What to type to go on.
    """
    number = running.going()
    if number is not None:
        return [f"a run is going on (process {number})"]
    if not to_make(summary):
        return []
    killed = ["the last run was killed; what it had finished stays"]
    ended = killed if running.was_killed() else failures.last_lines()
    return [*ended, f"to go on: {command}"]


def _stage(stage: str) -> str:
    return stage.ljust(max(map(len, STAGES)))


def _files(count: int) -> str:
    return f"{count:3} file{'s' * (count != 1)}"


def _rows(summary: str) -> list[dict[str, str]]:
    return list(csv.DictReader(summary.splitlines(), delimiter="\t"))


def _done(row: dict[str, str]) -> bool:
    return row["plan"] == "no update" and row["status"] != "missing"


def _gone(row: dict[str, str]) -> bool:
    """Missing, but what is made of it is there: Snakemake does not make it again unasked.

    The launcher asks for those that Snakemake has a record of; what was copied here has none.
    """
    return row["plan"] == "no update" and row["status"] == "missing"


def _counts(rows: list[dict[str, str]], stage: str) -> str:
    done, gone = sum(map(_done, rows)), sum(map(_gone, rows))
    left = [row for row in rows if not _done(row) and not _gone(row)]
    why = Counter(_WHY.get(row["status"], row["status"]) for row in left)
    parts = [f"{done} done"] if done else []
    if gone:
        parts.append(f"{gone} gone, never made here: ./pipeline rerun {stage} makes them")
    return ", ".join([*parts, *(f"{count} to make ({reason})" for reason, count in why.items())])
