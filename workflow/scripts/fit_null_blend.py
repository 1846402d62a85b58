import pandas as pd

from mlfactory import runtime, schemas, tables
from mlfactory.ensembles import fit_null_blend
from mlfactory.folds import fold_table

runtime.setup(snakemake)
files, params = snakemake.input, snakemake.params
folds = fold_table(
    tables.read_split(files.split),
    tables.read(files.bars, schemas.BARS),
    tables.read(files.labels, schemas.LABELS),
    n_splits=1,
    bar_interval=pd.Timedelta(tables.read_json(files.account)["bar_interval"]),
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
