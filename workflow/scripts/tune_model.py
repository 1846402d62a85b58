from pathlib import Path

from mlfactory import gpu, ledger, runtime, schemas, tables
from mlfactory.model_inputs import columns, optional_json
from mlfactory.oof import tune_fold

runtime.setup(snakemake)
manifest = tables.read_json(snakemake.input.manifest)
found = tune_fold(
    tables.read_split(snakemake.input.train, columns(manifest, snakemake.params.model)),
    tables.read(snakemake.input.folds, schemas.FOLDS),
    embargo=snakemake.params.embargo,
    model=snakemake.params.model,
    ranking=optional_json(snakemake.input.selection),
    choice=snakemake.params.choice,
    **snakemake.params.search,
    weights=snakemake.params.weights,
    fit_share=snakemake.params.fit_share,
    threads=snakemake.params.threads,
    seed=snakemake.params.seed,
    device=gpu.claimed(snakemake.params.model),
    origin=dict(snakemake.wildcards),
)
tables.write_json(found, snakemake.output.tuning)
of_null = Path(snakemake.output.tuning).parents[3] / ledger.NAME  # no trial on the symbol
symbol, null = snakemake.wildcards.symbol, snakemake.wildcards.null
ledger.add(found, of_null if null else ledger.of_symbol(symbol))
