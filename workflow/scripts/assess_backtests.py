from mlfactory import backtest_files, ledger, looks, runtime, tables
from mlfactory.assessment import assess

runtime.setup(snakemake)
files, params = snakemake.input, snakemake.params
symbol = snakemake.wildcards.symbol
assessment = assess(
    backtest_files.by_sample(params.samples, files.trades, files.equity),
    tables.read_json(files.thresholds),
    ledger.read(ledger.of_symbol(symbol)),
    looks=len(looks.read(looks.of_symbol(symbol))),
    calendar=params.contract["calendar"],
    timezone=tables.read_json(files.account)["timezone"],
    confidence=params.confidence,
)
tables.write_json(assessment, snakemake.output.assessment)
