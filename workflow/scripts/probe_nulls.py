from mlfactory import contracts, runtime, schemas, tables
from mlfactory.features import catalog
from mlfactory.flipped_markets import flipped_markets
from mlfactory.null_probe import probe_nulls

runtime.setup(snakemake)
files, params = snakemake.input, snakemake.params
train = tables.read_split(files.train)
folds = tables.read(files.folds, schemas.FOLDS)
flipped = flipped_markets(
    tables.read(files.bars, schemas.BARS),
    tables.read(files.raw_bars, schemas.RAW_BARS),
    train,
    folds,
    horizon=int(snakemake.wildcards.horizon),
    replicates=params.probe["sign_flips"],
    seed=params.seed,
    contract=contracts.from_terms(params.contract),
    account=tables.read_json(files.account),
    features=catalog.feature_set(**params.features),
    barriers=tables.read_json(files.barriers)["barriers"],
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
