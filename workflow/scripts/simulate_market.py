from mlfactory import runtime, schemas, synthetic, tables

runtime.setup(snakemake)
raw = synthetic.market(
    **snakemake.params.market,
    calendar=snakemake.params.contract["calendar"],
    tick_size=snakemake.params.contract["tick_size"],
)
tables.write(raw, snakemake.output.raw, schemas.RAW)
