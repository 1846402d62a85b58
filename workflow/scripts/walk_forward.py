from mlfactory import gpu, runtime, schemas, tables
from mlfactory.model_inputs import columns
from mlfactory.walkforward import walk_forward

runtime.setup(snakemake)
manifest = tables.read_json(snakemake.input.manifest)
predictions = walk_forward(
    tables.read_split(snakemake.input.train, columns(manifest, snakemake.params.model)),
    tables.read(snakemake.input.folds, schemas.FOLDS),
    refit=snakemake.params.refit,
    embargo=snakemake.params.embargo,
    model=snakemake.params.model,
    **snakemake.params.fit,
    **snakemake.params.selection,
    threads=snakemake.params.threads,
    seed=snakemake.params.seed,
    device=gpu.claimed(snakemake.params.model),
    origin=dict(snakemake.wildcards),
)
tables.write(predictions, snakemake.output.walk, schemas.WALK_FORWARD)
