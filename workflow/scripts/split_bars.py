from mlfactory import runtime, schemas, tables
from mlfactory.features import catalog
from mlfactory.splits import split_tables

runtime.setup(snakemake)
chosen = catalog.feature_set(**snakemake.params.features)
names = catalog.names(chosen)
bars = tables.read(snakemake.input.bars, schemas.BARS)
train, val, test, description = split_tables(
    bars,
    tables.read(snakemake.input.features, schemas.features(names)),
    symbol=snakemake.wildcards.symbol,
    first_row=catalog.first_complete_row(bars, chosen),
    settings=snakemake.params.splits,
)
tables.write(train, snakemake.output.train, schemas.split(names))
tables.write(val, snakemake.output.val, schemas.split(names))
tables.write(test, snakemake.output.test, schemas.split(names))
tables.write_json(description, snakemake.output.config)
