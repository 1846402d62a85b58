import pandas as pd

from mlfactory import barrier_files, contracts, runtime, schemas, tables
from mlfactory.labels import label_bars

runtime.setup(snakemake)
account = tables.read_json(snakemake.input.account)
labels = label_bars(
    tables.read(snakemake.input.bars, schemas.BARS),
    tables.read(snakemake.input.raw_bars, schemas.RAW_BARS),
    horizon=int(snakemake.wildcards.horizon),
    contract=contracts.from_terms(snakemake.params.contract),
    raw_interval=pd.Timedelta(account["raw_interval"]),
    **barrier_files.read(snakemake.input.barriers)["barriers"],
    atr_period=snakemake.params.atr_period,
    atr_floor_ticks=snakemake.params.atr_floor_ticks,
    cross_sessions=snakemake.params.cross_sessions,
    events=snakemake.params.events,
)
tables.write(labels, snakemake.output.labels, schemas.LABELS)
