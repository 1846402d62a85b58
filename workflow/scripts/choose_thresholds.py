from mlfactory import backtest_files, ledger, runtime, stacking, tables, thresholds
from mlfactory.backtest import Trader

runtime.setup(snakemake)
files, params = snakemake.input, snakemake.params
market = backtest_files.market(files, params.contract, params.labels, params.trading)
trader = Trader(**params.trading["trader"])
predicted = backtest_files.predictions(
    files.stack, params.stacked, files.predictions, params.models
)
for blend, members in params.blends.items():
    predicted[blend] = stacking.mean_of([predicted[member] for member in members])
filters = backtest_files.filters(
    market, trader, predicted, files.stack, params.stacked, params.trading.get("meta_label")
)
found = thresholds.choose(
    market, trader, predicted, params.candidates, seed=params.seed, filters=filters
)
tables.write_json({"trading": params.trading} | found, snakemake.output.thresholds)
horizon = int(snakemake.wildcards.horizon)
for study in thresholds.studies(found["models"], horizon=horizon, settings=params.trading):
    ledger.add(study, ledger.of_symbol(snakemake.wildcards.symbol))
