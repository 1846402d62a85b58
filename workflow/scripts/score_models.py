from mlfactory import ledger, runtime, schemas, tables
from mlfactory.comparisons import best_members
from mlfactory.folds import as_stacked, later_split
from mlfactory.scores import (
    by_model,
    by_replicate,
    null_replicates,
    nulls_by_kind,
    score_models,
    score_walks,
)
from mlfactory.significance import shared_trials
from mlfactory.stacking import uncalibrated
from mlfactory.validation_scores import score_validation

runtime.setup(snakemake)
models, ensembles = snakemake.params.models, snakemake.params.ensembles
ensemble_oof = tables.read_all(snakemake.input.ensembles, schemas.PREDICTIONS)
stack = tables.read_stack(snakemake.input.stack, models)
null_stacks = [tables.read_stack(path, models) for path in snakemake.input.null_stacks]
train = tables.read_split(snakemake.input.train)
val = tables.read_split(snakemake.input.val)
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
    ensembles=snakemake.params.members,
    trials=shared_trials(
        ledger.read(ledger.of_symbol(snakemake.wildcards.symbol)),
        snakemake.params.shared,
        int(snakemake.wildcards.horizon),
        snakemake.params.members,
    ),
    uncalibrated=uncalibrated(
        folds,
        snakemake.params.calibrated,
        tables.read_all(snakemake.input.uncalibrated, schemas.held_out(calibrated=True)),
    ),
    **settings,
)
validation = score_validation(
    train,
    folds,
    val,
    later_split(
        val,
        tables.read(snakemake.input.bars, schemas.BARS),
        tables.read(snakemake.input.labels, schemas.LABELS),
        tables.read_json(snakemake.input.account),
    ),
    dict(
        zip(
            snakemake.params.validated,
            tables.read_all(snakemake.input.validated, schemas.PREDICTIONS),
            strict=True,
        )
    ),
    best_members(scores, snakemake.params.members),
    blends=snakemake.params.blends,
    null_blends=by_replicate(
        snakemake.params.blends,
        tables.read_all(snakemake.input.null_blends, schemas.PREDICTIONS),
    ),
    judged=scores["models"],
    **settings,
)
walked = score_walks(
    train,
    folds,
    by_replicate(
        snakemake.params.walked,
        tables.read_all(snakemake.input.walks, schemas.WALK_FORWARD),
    ),
    null_folds,
    by_replicate(
        snakemake.params.walked,
        tables.read_all(snakemake.input.null_walks, schemas.WALK_FORWARD),
    ),
    refit=snakemake.params.refit,
    **settings,
)
tables.write_json(
    scores | {"walk_forward": walked, "validation": validation}, snakemake.output.scores
)
