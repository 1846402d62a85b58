import pandas as pd

from mlfactory import contracts, runtime, schemas, tables
from mlfactory.labels import label_bars

runtime.setup(snakemake)
account = tables.read_json(snakemake.input.account)
labels = label_bars(
    tables.read(snakemake.input.bars, schemas.BARS),
    tables.read(snakemake.input.raw_bars, schemas.RAW_BARS),
    horizon=int(snakemake.wildcards.horizon),
    contract=contracts.from_terms(snakemake.params.contract),
    raw_interval=pd.Timedelta(account["raw_interval"]),
    **tables.read_json(snakemake.input.barriers)["barriers"],
    **snakemake.params.settings,
)
tables.write(labels, snakemake.output.labels, schemas.LABELS)
