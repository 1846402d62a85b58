from mlfactory import runtime, schemas, tables
from mlfactory.features import catalog

runtime.setup(snakemake)
chosen = catalog.feature_set(**snakemake.params.features)
bars = tables.read(snakemake.input.bars, schemas.BARS)
account = tables.read_json(snakemake.input.account)
features = catalog.build(bars, timezone=account["timezone"], chosen=chosen)
tables.write(features, snakemake.output.features, schemas.features(catalog.names(chosen)))
tables.write_json(catalog.manifest(chosen), snakemake.output.manifest)
