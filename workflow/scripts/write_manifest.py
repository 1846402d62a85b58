from pathlib import Path

from mlfactory import raw_files, runtime, tables
from mlfactory.provenance import run_manifest

runtime.setup(snakemake)
manifest = run_manifest(
    snakemake.wildcards.symbol,
    raw=Path(snakemake.input.raw),
    settings=snakemake.params.settings,
    code=snakemake.params.code_by_step,
)
raw_files.refuse_other(snakemake.input.raw, snakemake.params.raw_hash)
tables.write_json(manifest, snakemake.output.manifest)
