from mlfactory import barrier_files, runtime

runtime.setup(snakemake)
content = barrier_files.configured(int(snakemake.wildcards.horizon), snakemake.params.barriers)
barrier_files.write(content, snakemake.output.barriers)
