from mlfactory import runtime, schemas, tables
from mlfactory.nulls import shift_labels

runtime.setup(snakemake)
folds = shift_labels(
    tables.read(snakemake.input.folds, schemas.FOLDS),
    seed=snakemake.params.seed,
    replicate=int(snakemake.wildcards.replicate),
    kind=snakemake.wildcards.kind,
)
tables.write(folds, snakemake.output.folds, schemas.FOLDS)
