from mlfactory import gpu, runtime, schemas, tables
from mlfactory.folds import later_split
from mlfactory.model_inputs import columns
from mlfactory.walkforward import walk_on

runtime.setup(snakemake)
files, params = snakemake.input, snakemake.params
names = columns(tables.read_json(files.manifest), params.model)
bars = tables.read(files.bars, schemas.BARS)
labels = tables.read(files.labels, schemas.LABELS)
account = tables.read_json(files.account)
splits = [tables.read_split(path, names) for path in (files.train, files.val, files.test)]
folds = [
    tables.read(files.folds, schemas.FOLDS),
    *(later_split(split, bars, labels, account) for split in splits[1:]),
]
val, test = walk_on(
    splits,
    folds,
    refit=params.refit,
    embargo=params.embargo,
    model=params.model,
    **params.fit,
    **params.selection,
    threads=params.threads,
    seed=params.seed,
    device=gpu.claimed(params.model),
    origin=dict(snakemake.wildcards),
)
tables.write(val, snakemake.output.val, schemas.PREDICTIONS)
tables.write(test, snakemake.output.test, schemas.PREDICTIONS)
