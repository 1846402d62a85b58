from mlfactory import runtime, schemas, tables
from mlfactory.bundles import save_bundle
from mlfactory.ensembles import fit_blend, predict_ensemble, weights_of
from mlfactory.folds import later_split

runtime.setup(snakemake)
files, params, output = snakemake.input, snakemake.params, snakemake.output
folds = later_split(
    tables.read_split(files.split),
    tables.read(files.bars, schemas.BARS),
    tables.read(files.labels, schemas.LABELS),
    tables.read_json(files.account),
)
bundle, val = fit_blend(
    folds,
    tables.read_all(files.val, schemas.PREDICTIONS),
    model=params.model,
    members=params.members,
    weights=params.weights,
    seed=params.seed,
    origin=dict(snakemake.wildcards),
)
test = predict_ensemble(bundle, params.members, tables.read_all(files.test, schemas.PREDICTIONS))
save_bundle(bundle, output.model, config=params.model, metrics=weights_of(bundle))
tables.write(val, output.val, schemas.PREDICTIONS)
tables.write(test, output.test, schemas.PREDICTIONS)
