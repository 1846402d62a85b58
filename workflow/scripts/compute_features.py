import pandas as pd

from mlfactory import runtime, schemas, tables
from mlfactory.features import catalog

runtime.setup(snakemake)
families = snakemake.params.families
bars = tables.read(snakemake.input.bars, schemas.BARS)
account = tables.read_json(snakemake.input.account)
features = catalog.build(
    bars,
    timezone=account["timezone"],
    bar_interval=pd.Timedelta(account["bar_interval"]),
    families=families,
)
tables.write(features, snakemake.output.features, schemas.features(catalog.names(families)))
tables.write_json(catalog.manifest(families), snakemake.output.manifest)
