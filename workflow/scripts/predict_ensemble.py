from pathlib import Path

from mlfactory import runtime, schemas, tables
from mlfactory.bundles import Bundle
from mlfactory.ensembles import predict_ensemble

runtime.setup(snakemake)
members = snakemake.params.members
bundle = Bundle.load(Path(snakemake.input.model))
val = tables.read_all(snakemake.input.val, schemas.PREDICTIONS)
test = tables.read_all(snakemake.input.test, schemas.PREDICTIONS)
tables.write(predict_ensemble(bundle, members, val), snakemake.output.val, schemas.PREDICTIONS)
tables.write(predict_ensemble(bundle, members, test), snakemake.output.test, schemas.PREDICTIONS)
