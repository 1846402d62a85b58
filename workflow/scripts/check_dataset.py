import pandas as pd

from mlfactory import barrier_files, contracts, runtime, schemas, tables
from mlfactory.checks import dataset
from mlfactory.checks.check import refuse

runtime.setup(snakemake)
files, params = snakemake.input, snakemake.params
names = [feature["name"] for feature in tables.read_json(files.feature_set)["features"]]
barriers = barrier_files.by_horizon(files.barriers)
schema = schemas.published(names, list(barriers))
account = tables.read_json(files.account)
found = dataset.measures(
    dataset.Made(
        splits={
            "train": tables.read(files.train, schema),
            "val": tables.read(files.val, schema),
            "test": tables.read(files.test, schema),
        },
        names=names,
        bars=tables.read(files.bars, schemas.BARS),
        labels=tables.read_by(barriers, files.labels, schemas.LABELS),
        folds=tables.read_by(barriers, files.folds, schemas.FOLDS),
    ),
    contract=contracts.from_terms(params.contract),
    barriers=barriers,
    label_settings=params.label_settings,
    bar_interval=pd.Timedelta(account["bar_interval"]),
    embargo=params.embargo,
)
checks = dataset.judge(found, params.limits)
refuse(checks, snakemake.wildcards.symbol)
tables.write_json(dataset.audit(found, checks), snakemake.output.audit)
