from pathlib import Path

from mlfactory import backtest_files, ledger, runtime, tables, thresholds
from mlfactory.backtest import Trader

runtime.setup(snakemake)
files, params = snakemake.input, snakemake.params
market = backtest_files.market(files, params.contract, params.labels, params.trading)
trader = Trader(**params.trading["trader"])
predicted = backtest_files.predictions(
    files.stack, params.stacked, files.predictions, params.models
)
found = {
    model: thresholds.choose(market, trader, table, params.candidates)
    for model, table in predicted.items()
}
tables.write_json({"trading": params.trading, "models": found}, snakemake.output.thresholds)
horizon = int(snakemake.wildcards.horizon)
for study in thresholds.studies(found, horizon=horizon, settings=params.trading):
    ledger.add(study, Path(snakemake.output.thresholds).parents[1] / ledger.NAME)
