from mlfactory import runtime, schemas, tables
from mlfactory.ensembles import fit_null_blend
from mlfactory.folds import later_split

runtime.setup(snakemake)
files, params = snakemake.input, snakemake.params
folds = later_split(
    tables.read_split(files.split),
    tables.read(files.bars, schemas.BARS),
    tables.read(files.labels, schemas.LABELS),
    tables.read_json(files.account),
)
val = fit_null_blend(
    folds,
    tables.read_all(files.val, schemas.PREDICTIONS),
    replicate=int(snakemake.wildcards.replicate),
    model=params.model,
    members=params.members,
    weights=params.weights,
    seed=params.seed,
    origin=dict(snakemake.wildcards),
)
tables.write(val, snakemake.output.val, schemas.PREDICTIONS)
