from pathlib import Path

from mlfactory import contracts, raw_files, runtime, schemas, tables
from mlfactory.bars import bars_from_raw

runtime.setup(snakemake)
if snakemake.params.raw_hash is None:  # simulated, so the workflow's own: set aside if damaged
    tables.read(snakemake.input.raw, schemas.RAW)
bars, raw_bars, account = bars_from_raw(
    Path(snakemake.input.raw),
    symbol=snakemake.wildcards.symbol,
    contract=contracts.from_terms(snakemake.params.contract),
    raw=snakemake.params.raw,
    bars=snakemake.params.bars,
    cleaning=snakemake.params.cleaning,
)
raw_files.refuse_other(snakemake.input.raw, snakemake.params.raw_hash)
tables.write(bars, snakemake.output.bars, schemas.BARS)
tables.write(raw_bars, snakemake.output.raw_bars, schemas.RAW_BARS)
tables.write_json(account, snakemake.output.account)
