# What the predictions would have earned after costs: thresholds out of fold, then each sample.


rule choose_thresholds:
    input:
        bars="<results>/{symbol}/bars.parquet",
        raw_bars="<results>/{symbol}/raw_bars.parquet",
        account="<results>/{symbol}/bars.json",
        barriers="<results>/{symbol}/barriers_h{horizon}.json",
        stack="<results>/{symbol}/stacking_dataset_h{horizon}.parquet",
        predictions=expand(
            "<results>/{{symbol}}/ensembles/{ensemble}_h{{horizon}}/oof.parquet",
            ensemble=STACKED_ENSEMBLES,
        ),
    output:
        thresholds="<results>/{symbol}/backtest/thresholds_h{horizon}.json",
    log:
        "<results>/{symbol}/logs/choose_thresholds_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/benchmarks/choose_thresholds_h{horizon}.jsonl"
    conda:
        "../envs/data.yaml"
    params:
        stacked=list(MODELS),
        models=STACKED_ENSEMBLES,
        blends={name: ENSEMBLES[name]["members"] for name in BLENDS},
        labels=configuration.label_settings(SETTINGS),
        trading=configuration.trading(SETTINGS),
        candidates=BACKTEST["thresholds"],
        seed=SETTINGS["seed"],
        contract=contract,
        code=code("choose_thresholds"),
    message:
        "choose thresholds of {wildcards.symbol} h{wildcards.horizon} out of fold"
    script:
        "../workflow/scripts/choose_thresholds.py"


# Each run of it on test is a look at test, and leaves a line in test_looks.jsonl.
rule backtest_predictions:
    input:
        bars="<results>/{symbol}/bars.parquet",
        raw_bars="<results>/{symbol}/raw_bars.parquet",
        account="<results>/{symbol}/bars.json",
        barriers="<results>/{symbol}/barriers_h{horizon}.json",
        thresholds="<results>/{symbol}/backtest/thresholds_h{horizon}.json",
        stack=[],
        predictions=lambda w: backtested(w.sample),
    output:
        trades=expand(
            "<results>/{{symbol}}/backtest/{model}_h{{horizon}}_{{sample}}/trades.parquet",
            model=[*MODELS, *ENSEMBLES],
        ),
        lists=expand(
            "<results>/{{symbol}}/backtest/{model}_h{{horizon}}_{{sample}}/trades.csv",
            model=[*MODELS, *ENSEMBLES],
        ),
        equity=expand(
            "<results>/{{symbol}}/backtest/{model}_h{{horizon}}_{{sample}}/equity.parquet",
            model=[*MODELS, *ENSEMBLES],
        ),
    log:
        "<results>/{symbol}/logs/backtest_h{horizon}_{sample}.log",
    benchmark:
        "<results>/{symbol}/benchmarks/backtest_h{horizon}_{sample}.jsonl"
    wildcard_constraints:
        sample="val|test",
    conda:
        "../envs/data.yaml"
    params:
        stacked=[],
        models=[*MODELS, *ENSEMBLES],
        schema="PREDICTIONS",
        labels=configuration.label_settings(SETTINGS),
        trading=configuration.trading(SETTINGS),
        contract=contract,
        code=code("backtest_predictions"),
    message:
        "backtest {wildcards.symbol} h{wildcards.horizon} on {wildcards.sample}"
    script:
        "../workflow/scripts/backtest_predictions.py"


use rule backtest_predictions as backtest_out_of_fold with:
    input:
        bars="<results>/{symbol}/bars.parquet",
        raw_bars="<results>/{symbol}/raw_bars.parquet",
        account="<results>/{symbol}/bars.json",
        barriers="<results>/{symbol}/barriers_h{horizon}.json",
        thresholds="<results>/{symbol}/backtest/thresholds_h{horizon}.json",
        stack="<results>/{symbol}/stacking_dataset_h{horizon}.parquet",
        predictions=lambda w: backtested(w.sample),
    output:
        trades=expand(
            "<results>/{{symbol}}/backtest/{model}_h{{horizon}}_{{sample}}/trades.parquet",
            model=[*MODELS, *STACKED_ENSEMBLES],
        ),
        lists=expand(
            "<results>/{{symbol}}/backtest/{model}_h{{horizon}}_{{sample}}/trades.csv",
            model=[*MODELS, *STACKED_ENSEMBLES],
        ),
        equity=expand(
            "<results>/{{symbol}}/backtest/{model}_h{{horizon}}_{{sample}}/equity.parquet",
            model=[*MODELS, *STACKED_ENSEMBLES],
        ),
    wildcard_constraints:
        sample="oof",
    params:
        stacked=list(MODELS),
        models=STACKED_ENSEMBLES,
        schema="PREDICTIONS",
        labels=configuration.label_settings(SETTINGS),
        trading=configuration.trading(SETTINGS),
        contract=contract,
        code=code("backtest_predictions"),


use rule backtest_predictions as backtest_walk_forward with:
    output:
        trades=expand(
            "<results>/{{symbol}}/backtest/{model}_h{{horizon}}_{{sample}}/trades.parquet",
            model=WALKED,
        ),
        lists=expand(
            "<results>/{{symbol}}/backtest/{model}_h{{horizon}}_{{sample}}/trades.csv",
            model=WALKED,
        ),
        equity=expand(
            "<results>/{{symbol}}/backtest/{model}_h{{horizon}}_{{sample}}/equity.parquet",
            model=WALKED,
        ),
    wildcard_constraints:
        sample="walkforward",
    params:
        stacked=[],
        models=WALKED,
        schema="WALK_FORWARD",
        labels=configuration.label_settings(SETTINGS),
        trading=configuration.trading(SETTINGS),
        contract=contract,
        code=code("backtest_predictions"),


use rule backtest_predictions as backtest_walk_on with:
    output:
        trades=expand(
            "<results>/{{symbol}}/backtest/{model}_h{{horizon}}_{{sample}}/trades.parquet",
            model=WALKED_ON,
        ),
        lists=expand(
            "<results>/{{symbol}}/backtest/{model}_h{{horizon}}_{{sample}}/trades.csv",
            model=WALKED_ON,
        ),
        equity=expand(
            "<results>/{{symbol}}/backtest/{model}_h{{horizon}}_{{sample}}/equity.parquet",
            model=WALKED_ON,
        ),
    wildcard_constraints:
        sample="walkforward_val|walkforward_test",
    params:
        stacked=[],
        models=WALKED_ON,
        schema="PREDICTIONS",
        labels=configuration.label_settings(SETTINGS),
        trading=configuration.trading(SETTINGS),
        contract=contract,
        code=code("backtest_predictions"),


# It also reads the ledger and the looks at test, which are no rule's output: all that a run adds to
# them comes before, and another horizon's makes nothing again.
rule assess_backtests:
    input:
        tried=ancient(
            expand(
                "<results>/{{symbol}}/backtest/thresholds_h{horizon}.json",
                horizon=HORIZONS,
            )
        ),
        looked=ancient(
            expand(
                "<results>/{{symbol}}/backtest/{look}/equity.parquet",
                look=LOOKS,
            )
        ),
        account="<results>/{symbol}/bars.json",
        thresholds="<results>/{symbol}/backtest/thresholds_h{horizon}.json",
        trades=of_backtests("trades.parquet"),
        equity=of_backtests("equity.parquet"),
    output:
        assessment="<results>/{symbol}/backtest/h{horizon}.json",
    log:
        "<results>/{symbol}/logs/assess_backtests_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/benchmarks/assess_backtests_h{horizon}.jsonl"
    conda:
        "../envs/data.yaml"
    params:
        samples=BACKTESTED,
        contract=contract,
        confidence=SETTINGS["scores"]["confidence"],
        code=code("assess_backtests"),
    message:
        "assess the backtests of {wildcards.symbol} h{wildcards.horizon}"
    script:
        "../workflow/scripts/assess_backtests.py"
