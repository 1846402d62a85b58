from pathlib import Path

from mlfactory import backtest_files, ledger, looks, runtime, tables
from mlfactory.assessment import assess

runtime.setup(snakemake)
files, params = snakemake.input, snakemake.params
folder = Path(snakemake.output.assessment).parents[1]
assessment = assess(
    backtest_files.by_sample(params.samples, files.trades, files.equity),
    tables.read_json(files.thresholds),
    ledger.read(folder / ledger.NAME),
    looks=len(looks.read(folder / looks.NAME)),
    calendar=params.contract["calendar"],
    timezone=tables.read_json(files.account)["timezone"],
    confidence=params.confidence,
)
tables.write_json(assessment, snakemake.output.assessment)
