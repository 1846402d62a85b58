from mlfactory import runtime, schemas, tables
from mlfactory.stacking import by_member, stacking_dataset

runtime.setup(snakemake)
models = snakemake.params.models
schema = schemas.PREDICTED[snakemake.params.source]
stack = stacking_dataset(
    tables.read(snakemake.input.folds, schemas.FOLDS),
    by_member(models, tables.read_all(snakemake.input.predictions, schema)),
    weights=snakemake.params.weights,
)
tables.write(stack, snakemake.output.stack, schemas.stacking_dataset(models))
