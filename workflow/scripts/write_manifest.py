from pathlib import Path

from mlfactory import runtime, tables
from mlfactory.provenance import run_manifest

runtime.setup(snakemake)
manifest = run_manifest(
    snakemake.wildcards.symbol,
    raw=Path(snakemake.input.raw),
    settings=snakemake.params.settings,
    code=snakemake.params.code_by_step,
)
tables.write_json(manifest, snakemake.output.manifest)
