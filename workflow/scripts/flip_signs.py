from mlfactory import contracts, runtime, schemas, tables
from mlfactory.sign_flips import flip_signs

runtime.setup(snakemake)
bars, raw_bars = flip_signs(
    tables.read(snakemake.input.bars, schemas.BARS),
    tables.read(snakemake.input.raw_bars, schemas.RAW_BARS),
    tick_size=contracts.from_terms(snakemake.params.contract).tick_size,
    seed=snakemake.params.seed,
    replicate=int(snakemake.wildcards.replicate),
)
tables.write(bars, snakemake.output.bars, schemas.BARS)
tables.write(raw_bars, snakemake.output.raw_bars, schemas.RAW_BARS)
