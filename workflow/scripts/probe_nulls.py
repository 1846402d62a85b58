from mlfactory import barrier_files, contracts, runtime, schemas, tables
from mlfactory.features import catalog
from mlfactory.flipped_markets import flipped_markets
from mlfactory.null_probe import probe_nulls

runtime.setup(snakemake)
files, params = snakemake.input, snakemake.params
barriers = barrier_files.by_horizon(files.barriers)
train = tables.read_split(files.train)
folds = tables.read_by(barriers, files.folds, schemas.FOLDS)
flipped = flipped_markets(
    tables.read(files.bars, schemas.BARS),
    tables.read(files.raw_bars, schemas.RAW_BARS),
    train,
    folds,
    replicates=params.probe["sign_flips"],
    seed=params.seed,
    contract=contracts.from_terms(params.contract),
    account=tables.read_json(files.account),
    features=catalog.feature_set(**params.features),
    barriers=barriers,
    label_settings=params.label_settings,
)
found = probe_nulls(
    train,
    folds,
    flipped,
    embargo=params.embargo,
    shifts=params.probe["shifts"],
    seed=params.seed,
)
tables.write_json(found, snakemake.output.probe)
