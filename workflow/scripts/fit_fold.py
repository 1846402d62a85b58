from mlfactory import gpu, runtime, schemas, tables
from mlfactory.bundles import save_bundle
from mlfactory.model_inputs import columns, optional_json, with_tuned
from mlfactory.oof import fit_fold

runtime.setup(snakemake)
model = with_tuned(snakemake.params.model, optional_json(snakemake.input.tuning))
manifest = tables.read_json(snakemake.input.manifest)
bundle, predictions, metrics = fit_fold(
    tables.read_split(snakemake.input.train, columns(manifest, model)),
    tables.read(snakemake.input.folds, schemas.FOLDS),
    fold=int(snakemake.wildcards.fold),
    embargo=snakemake.params.embargo,
    model=model,
    **snakemake.params.fit,
    ranking=optional_json(snakemake.input.selection),
    choice=snakemake.params.choice,
    threads=snakemake.params.threads,
    seed=snakemake.params.seed,
    device=gpu.claimed(model),
    origin=dict(snakemake.wildcards),
)
save_bundle(
    bundle,
    snakemake.output.model,
    config=model,
    metrics=metrics | {"cost": runtime.cost()},
)
schema = schemas.held_out(bundle.calibration is not None)
tables.write(predictions, snakemake.output.oof, schema)
