from mlfactory import runtime, schemas, tables
from mlfactory.bundles import load_all
from mlfactory.oof import mean_prediction

runtime.setup(snakemake)
bundles = load_all(snakemake.input.models)
val = mean_prediction(tables.read_split(snakemake.input.val), bundles)
test = mean_prediction(tables.read_split(snakemake.input.test), bundles)
tables.write(val, snakemake.output.val, schemas.PREDICTIONS)
tables.write(test, snakemake.output.test, schemas.PREDICTIONS)
