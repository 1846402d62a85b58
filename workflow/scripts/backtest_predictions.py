from mlfactory import backtest_files, looks, runtime, schemas, tables
from mlfactory.backtest import Trader

runtime.setup(snakemake)
files, params, output = snakemake.input, snakemake.params, snakemake.output
market = backtest_files.market(files, params.contract, params.labels, params.trading)
trader = Trader(**params.trading["trader"])
chosen = tables.read_json(files.thresholds)["models"]
predicted = backtest_files.predictions(
    files.stack, params.stacked, files.predictions, params.models, schema=params.schema
)
for (model, table), trades_path, list_path, equity_path in zip(
    predicted.items(), output.trades, output.lists, output.equity, strict=True
):
    trades, equity = backtest_files.traded(market, trader, table, chosen[model])
    tables.write(trades, trades_path, schemas.TRADES)
    tables.write_csv(trades, list_path)
    tables.write(equity, equity_path, schemas.EQUITY)
if snakemake.wildcards.sample.endswith("test"):
    read = [files.bars, files.raw_bars, files.barriers, *files.predictions]
    look = looks.of_run(snakemake.wildcards, chosen, read, params.code)
    looks.add(look, looks.of_symbol(snakemake.wildcards.symbol))
