import pandas as pd

from mlfactory import runtime, schemas, tables
from mlfactory.folds import fold_table

runtime.setup(snakemake)
account = tables.read_json(snakemake.input.account)
folds = fold_table(
    tables.read_split(snakemake.input.train),
    tables.read(snakemake.input.bars, schemas.BARS),
    tables.read(snakemake.input.labels, schemas.LABELS),
    n_splits=snakemake.params.n_splits,
    file=snakemake.params.file,
    n_searched=tables.read_json(snakemake.input.barriers)["searched_rows"],
    bar_interval=pd.Timedelta(account["bar_interval"]),
)
tables.write(folds, snakemake.output.folds, schemas.FOLDS)
