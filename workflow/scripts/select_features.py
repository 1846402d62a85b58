from mlfactory import runtime, schemas, tables
from mlfactory.oof import rank_features

runtime.setup(snakemake)
ranking = rank_features(
    tables.read_split(snakemake.input.train),
    tables.read(snakemake.input.folds, schemas.FOLDS),
    fold=snakemake.wildcards.fold,
    embargo=snakemake.params.embargo,
    **snakemake.params.settings,
    weights=snakemake.params.weights,
    threads=snakemake.params.threads,
    seed=snakemake.params.seed,
)
tables.write_json(ranking, snakemake.output.selection)
