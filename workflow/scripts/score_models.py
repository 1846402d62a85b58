from mlfactory import runtime, schemas, tables
from mlfactory.folds import as_stacked
from mlfactory.scores import (
    by_model,
    null_replicates,
    nulls_by_kind,
    score_models,
    score_walks,
    walked_by_model,
)

runtime.setup(snakemake)
models, ensembles = snakemake.params.models, snakemake.params.ensembles
ensemble_oof = tables.read_all(snakemake.input.ensembles, schemas.PREDICTIONS)
stack = tables.read_stack(snakemake.input.stack, models)
null_stacks = [tables.read_stack(path, models) for path in snakemake.input.null_stacks]
train = tables.read_split(snakemake.input.train)
folds = tables.read(snakemake.input.folds, schemas.FOLDS)
null_folds = tables.read_all(snakemake.input.null_folds, schemas.FOLDS)
settings = {
    "embargo": snakemake.params.embargo,
    "bootstrap": snakemake.params.bootstrap,
    "seed": snakemake.params.seed,
}
scores = score_models(
    train,
    as_stacked(folds, stack),
    by_model(stack, models, dict(zip(ensembles, ensemble_oof, strict=True))),
    nulls_by_kind(
        snakemake.params.nulls,
        null_replicates(
            null_folds,
            null_stacks,
            tables.read_all(snakemake.input.null_ensembles, schemas.PREDICTIONS),
            models,
            ensembles,
        ),
        [tables.read_split(path) for path in snakemake.input.flipped],
    ),
    tables.read_json(snakemake.input.probe),
    **settings,
)
walked = score_walks(
    train,
    folds,
    walked_by_model(
        snakemake.params.walked,
        tables.read_all(snakemake.input.walks, schemas.WALK_FORWARD),
    ),
    null_folds,
    walked_by_model(
        snakemake.params.walked,
        tables.read_all(snakemake.input.null_walks, schemas.WALK_FORWARD),
    ),
    refit=snakemake.params.refit,
    **settings,
)
tables.write_json(scores | {"walk_forward": walked}, snakemake.output.scores)
