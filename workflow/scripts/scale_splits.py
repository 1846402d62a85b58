from mlfactory import barrier_files, published, runtime, schemas, tables

runtime.setup(snakemake)
files, output = snakemake.input, snakemake.output
barriers = barrier_files.by_horizon(files.barriers)
labels = tables.read_by(barriers, files.labels, schemas.LABELS)
splits = {
    "train": tables.read_split(files.train),
    "val": tables.read_split(files.val),
    "test": tables.read_split(files.test),
}
made = published.dataset(splits, labels, symbol=snakemake.wildcards.symbol)
feature_set = published.feature_set(tables.read_json(files.features), made.names)
schema = schemas.published(made.names, list(barriers))
tables.write(made.tables["train"], output.train, schema)
tables.write(made.tables["val"], output.val, schema)
tables.write(made.tables["test"], output.test, schema)
tables.write_json(made.scaler_content(), output.scaler)
tables.write_json(feature_set, output.feature_set)
manifest = published.manifest(
    made, symbol=snakemake.wildcards.symbol, barriers=barriers, files=list(output)[:-1]
)
tables.write_json(manifest, output.manifest)
