from mlfactory import runtime, schemas, tables
from mlfactory.bundles import save_bundle
from mlfactory.ensembles import fit_ensemble, weights_of

runtime.setup(snakemake)
members = snakemake.params.members
bundle, predictions = fit_ensemble(
    tables.read_stack(snakemake.input.stack, members),
    tables.read(snakemake.input.folds, schemas.FOLDS),
    model=snakemake.params.model,
    members=members,
    embargo=snakemake.params.embargo,
    weights=snakemake.params.weights,
    seed=snakemake.params.seed,
    origin=dict(snakemake.wildcards),
)
save_bundle(
    bundle, snakemake.output.model, config=snakemake.params.model, metrics=weights_of(bundle)
)
tables.write(predictions, snakemake.output.oof, schemas.PREDICTIONS)
