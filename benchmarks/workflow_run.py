"""Running the workflow in a temporary folder and measuring all its processes."""

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cost:
    """What a command cost: wall and CPU seconds of all its processes, peak MB of the largest."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def snakemake(folder: Path, overlay: dict, targets: list[str], cores: int) -> Cost:
    """Make the targets in ``folder`` and measure it; earlier children must not have been larger."""
    config = folder / "overlay.yaml"
    config.write_text(yaml.safe_dump(overlay))
    command = [Path(sys.executable).parent / "snakemake", "--snakefile", ROOT / "Snakefile"]
    command += ["--directory", folder, "--configfile", config, "--cores", str(cores)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run([*command, *targets], capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("error:")]
        sys.exit("\n".join(said) or done.stderr)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, after.ru_maxrss / 1024)


def jobs(folder: Path) -> dict[str, tuple[float, float, float]]:
    """Wall seconds, CPU seconds and peak MB of every job, from its benchmark file."""
    found = {}
    for path in sorted(folder.glob("results/*/benchmarks/*.jsonl")):
        job = json.loads(path.read_text().splitlines()[0])
        found[path.stem] = (job["s"], job["cpu_time"], job["max_rss"])
    return found
