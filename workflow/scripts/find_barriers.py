from mlfactory import barrier_files, contracts, ledger, runtime, schemas, tables
from mlfactory.barrier_search import search

runtime.setup(snakemake)
found = search(
    tables.read(snakemake.input.bars, schemas.BARS),
    tables.read(snakemake.input.raw_bars, schemas.RAW_BARS),
    tables.read_split(snakemake.input.train),
    horizon=int(snakemake.wildcards.horizon),
    contract=contracts.from_terms(snakemake.params.contract),
    **snakemake.params.search,
    atr_period=snakemake.params.atr_period,
    atr_floor_ticks=snakemake.params.atr_floor_ticks,
    cross_sessions=snakemake.params.cross_sessions,
    seed=snakemake.params.seed,
)
barrier_files.write(found, snakemake.output.barriers)
ledger.add(found, ledger.of_symbol(snakemake.wildcards.symbol))
