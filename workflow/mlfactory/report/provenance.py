"""What a run was made of: file, configuration, code, libraries, machine, and what it cost."""

import json
import platform
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from mlfactory.provenance import pins, run_manifest
from mlfactory.report._base import (
    Block,
    Chart,
    Chip,
    Facts,
    Figure,
    Listing,
    Section,
    Table,
    axis,
    layout,
)
from mlfactory.report.evidence import Evidence


def section(evidence: Evidence) -> Section:
    """Hashes and versions, the contract's terms, costs by step, the configuration, the code."""
    costs = cost_table(evidence.folder)
    other = differing(pins())
    made_of = run_manifest(
        evidence.symbol, raw=evidence.raw, settings=evidence.settings, code=evidence.code
    )
    blocks: list[Block] = [_facts(evidence, made_of, other), _terms(evidence)]
    if len(costs):
        blocks += [_costs(costs), _cost_numbers(costs)]
    listing = yaml.safe_dump(evidence.settings, sort_keys=False, allow_unicode=True)
    blocks += [
        Listing("Configuration as used", listing),
        _code(made_of["code"]),
        _libraries(other),
    ]
    return Section("provenance", "Provenance", tuple(blocks))


def processor() -> str:
    """The processor's name, as far as the machine tells."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def differing(locked: dict[str, str]) -> dict[str, str]:
    """Installed versions that are not those of the lock, by library; "none" where absent."""
    found = {}
    for name, wanted in locked.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "none"
        if installed.partition("+")[0] != wanted.partition("+")[0]:  # 2.1+cpu is a build of 2.1
            found[name] = installed
    return found


def _facts(evidence: Evidence, made_of: dict[str, Any], other: dict[str, str]) -> Facts:
    listed = ", ".join(f"{name} {installed}" for name, installed in other.items())
    raw = made_of["raw"]
    return Facts(
        (
            ("raw file", raw["file"]),
            ("its size, MB", f"{raw['bytes'] / 1e6:,.1f}"),
            ("its sha256", raw["sha256"]),
            ("configuration, sha256", made_of["config"]["sha256"]),
            ("requirements.lock, sha256", made_of["lock"]["sha256"]),
            ("libraries not at the locked version", listed or f"none of {len(pins())}"),
            ("Python", f"{platform.python_version()} on {platform.system()}"),
            ("processor", processor()),
            ("seed", str(evidence.settings["seed"])),
            ("page made", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        )
    )


def _terms(evidence: Evidence) -> Table:
    terms = {k: v for k, v in asdict(evidence.contract).items() if v not in (None, "")}
    currency = evidence.contract.currency
    units = {
        "tick_size": "price",
        "multiplier": f"{currency} per 1.0 of price",
        "commission_per_contract": f"{currency} per contract (share, coin), round trip",
        "commission_bps": "basis points of the price, round trip",
        "slippage_ticks": "ticks a fill",
        "slippage_bps": "basis points a fill",
    }
    rows = tuple((name, _shown(value), units.get(name, "")) for name, value in terms.items())
    return Table("The contract", ("term", "value", "unit"), rows)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {content}" for key, content in value.items())
    return str(value)


def _step(stem: str) -> str:
    """The step of a job, from the name of its file: without horizon, fold and replicate."""
    return re.sub(r"_h\d+(_\w+)?$", "", stem)


def _measurements(folder: Path) -> Iterator[dict[str, object]]:
    for path in sorted(folder.glob("**/benchmarks/*.jsonl")):
        null = "null " if "nulls" in path.relative_to(folder).parts else ""
        for line in path.read_text().splitlines():
            content = json.loads(line)
            yield {
                "step": null + _step(path.stem),
                "cpu": float(content["cpu_time"] or 0),
                "wall": float(content["s"] or 0),
                "memory": float(content["max_rss"] or 0),
            }


def cost_table(folder: Path) -> pd.DataFrame:
    """Measured cost of each step, dearest first.

    Returns
    -------
    Index: step. ``jobs``, ``cpu`` and ``wall`` (seconds, summed), ``memory`` (MB, highest); no
    rows where nothing was measured.
    """
    jobs = pd.DataFrame(list(_measurements(folder)), columns=["step", "cpu", "wall", "memory"])
    return (
        jobs.groupby("step")
        .agg(
            jobs=("cpu", "size"), cpu=("cpu", "sum"), wall=("wall", "sum"), memory=("memory", "max")
        )
        .sort_values("cpu", ascending=False, kind="stable")
    )


def _costs(costs: pd.DataFrame) -> Chart:
    bar = {
        **{"type": "bar", "orientation": "h", "y": costs.index.tolist()},
        "x": costs["cpu"].round(2).tolist(),
        "marker": {"color": "#0E86D4"},
        "customdata": costs["jobs"].tolist(),
        "hovertemplate": "%{y}: %{x:.1f} CPU s in %{customdata} jobs<extra></extra>",
    }
    shape = layout(
        xaxis=axis("CPU seconds, all jobs of the step"),
        yaxis=axis(autorange="reversed", dtick=1, tickfont={"color": "@soft", "size": 10}),
        margin={"l": 10, "r": 14, "t": 6, "b": 44},
    )
    return Chart(
        "What the run cost",
        f"CPU seconds of each step, {costs['cpu'].sum():,.0f} in all: the last measurement of each "
        "job in this folder, those of earlier configurations included",
        "one step that is most of the bill, or far dearer than on the last run",
        (Figure((bar,), shape, 80 + 20 * len(costs)),),
    )


def _cost_numbers(costs: pd.DataFrame) -> Table:
    rows = tuple(
        (str(step), str(jobs), f"{cpu:,.1f}", f"{wall:,.1f}", f"{memory:,.0f}")
        for step, jobs, cpu, wall, memory in costs.itertuples()
    )
    header = ("step", "jobs", "CPU s", "wall s", "most memory of a job, MB")
    return Table("Costs as numbers", header, rows, folded=True)


def _code(code: dict[str, Any]) -> Table:
    return Table(
        f"Code: {code['sha256'][:16]}",
        ("step", "hash of its code and libraries"),
        tuple(code["steps"].items()),
        note="A step runs again when its hash changes; comments and docstrings do not count.",
        folded=True,
    )


def _libraries(other: dict[str, str]) -> Table:
    rows = tuple(
        (name, wanted, Chip(other[name], "fair") if name in other else wanted)
        for name, wanted in pins().items()
    )
    return Table("Libraries", ("library", "locked", "installed"), rows, folded=True)
