from mlfactory import runtime, schemas, tables
from mlfactory.scores import by_model, null_replicates, nulls_by_kind, score_models

runtime.setup(snakemake)
models, ensembles = snakemake.params.models, snakemake.params.ensembles
ensemble_oof = tables.read_all(snakemake.input.ensembles, schemas.PREDICTIONS)
null_stacks = [tables.read_stack(path, models) for path in snakemake.input.null_stacks]
scores = score_models(
    tables.read_split(snakemake.input.train),
    tables.read(snakemake.input.folds, schemas.FOLDS),
    by_model(
        tables.read_stack(snakemake.input.stack, models),
        models,
        dict(zip(ensembles, ensemble_oof, strict=True)),
    ),
    nulls_by_kind(
        snakemake.params.nulls,
        null_replicates(
            tables.read_all(snakemake.input.null_folds, schemas.FOLDS),
            null_stacks,
            tables.read_all(snakemake.input.null_ensembles, schemas.PREDICTIONS),
            models,
            ensembles,
        ),
        [tables.read_split(path) for path in snakemake.input.flipped],
    ),
    tables.read_json(snakemake.input.probe)[snakemake.wildcards.horizon],
    embargo=snakemake.params.embargo,
    bootstrap=snakemake.params.bootstrap,
    seed=snakemake.params.seed,
)
tables.write_json(scores, snakemake.output.scores)
