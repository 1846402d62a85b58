# What the models score, beside intervals, baselines and nulls. Where one search on the whole training
# split chose a model's parameters, it also reads the number of its trials in the ledger.


rule score_models:
    input:
        train="<results>/{symbol}/splits/train.parquet",
        folds="<results>/{symbol}/folds_h{horizon}.parquet",
        stack="<results>/{symbol}/stacking_dataset_h{horizon}.parquet",
        ensembles=expand(
            "<results>/{{symbol}}/ensembles/{ensemble}_h{{horizon}}/oof.parquet",
            ensemble=STACKED_ENSEMBLES,
        ),
        null_folds=expand(
            "<results>/{{symbol}}/{null}folds_h{{horizon}}.parquet", null=NULLS
        ),
        null_stacks=expand(
            "<results>/{{symbol}}/{null}stacking_dataset_h{{horizon}}.parquet",
            null=NULLS,
        ),
        null_ensembles=expand(
            "<results>/{{symbol}}/{null}ensembles/{ensemble}_h{{horizon}}/oof.parquet",
            null=NULLS,
            ensemble=STACKED_ENSEMBLES,
        ),
        null_blends=expand(
            "<results>/{{symbol}}/{null}ensembles/{ensemble}_h{{horizon}}/val.parquet",
            null=SHIFTED,
            ensemble=BLENDS,
        ),
        uncalibrated=expand(
            "<results>/{{symbol}}/oof/{model}_h{{horizon}}_fold{fold}.parquet",
            model=CALIBRATED,
            fold=FOLDS,
        ),
        walks=expand(
            "<results>/{{symbol}}/walkforward/{model}_h{{horizon}}.parquet",
            model=WALKED,
        ),
        null_walks=expand(
            "<results>/{{symbol}}/{null}walkforward/{model}_h{{horizon}}.parquet",
            null=WALKED_NULLS,
            model=WALKED,
        ),
        flipped=expand("<results>/{{symbol}}/{null}splits/train.parquet", null=FLIPPED),
        probe="<results>/{symbol}/nulls/probe_h{horizon}.json",
        val="<results>/{symbol}/splits/val.parquet",
        bars="<results>/{symbol}/bars.parquet",
        account="<results>/{symbol}/bars.json",
        labels="<results>/{symbol}/labels_h{horizon}.parquet",
        validated=[
            *expand(
                "<results>/{{symbol}}/predictions/{model}_h{{horizon}}_val.parquet",
                model=MODELS,
            ),
            *expand(
                "<results>/{{symbol}}/ensembles/{ensemble}_h{{horizon}}/val.parquet",
                ensemble=ENSEMBLES,
            ),
        ],
    output:
        scores="<results>/{symbol}/scores_h{horizon}.json",
    log:
        "<results>/{symbol}/logs/score_models_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/benchmarks/score_models_h{horizon}.jsonl"
    conda:
        "../envs/classical.yaml"
    params:
        models=list(MODELS),
        ensembles=STACKED_ENSEMBLES,
        members={name: one["members"] for name, one in ENSEMBLES.items()},
        validated=[*MODELS, *ENSEMBLES],
        blends=BLENDS,
        calibrated=CALIBRATED,
        walked=WALKED,
        shared=SHARED,
        refit={**REFIT, "first_share": WALK["first_share"]},
        nulls=NULL_COUNTS,
        embargo=SETTINGS["folds"]["embargo"],
        bootstrap=SETTINGS["scores"],
        seed=SETTINGS["seed"],
        code=code("score_models"),
    message:
        "score {wildcards.symbol} h{wildcards.horizon}"
    script:
        "../workflow/scripts/score_models.py"


# What the run is made of: equal where two runs are.
rule write_manifest:
    input:
        raw=raw_file,
    output:
        manifest="<results>/{symbol}/manifest.json",
    log:
        "<results>/{symbol}/logs/write_manifest.log",
    benchmark:
        "<results>/{symbol}/benchmarks/write_manifest.jsonl"
    conda:
        "../envs/data.yaml"
    params:
        raw_hash=raw_hash,
        settings=lambda w: configuration.of_symbol(SETTINGS, w.symbol),
        code_by_step=lambda w: code_by_step(),
        lock=pins(),
        code=code("write_manifest"),
    message:
        "write what the run of {wildcards.symbol} is made of"
    script:
        "../workflow/scripts/write_manifest.py"


# The page that a researcher looks at: everything of one symbol, all its horizons and models.
rule make_report:
    input:
        raw=raw_file,
        bars="<results>/{symbol}/bars.parquet",
        account="<results>/{symbol}/bars.json",
        manifest="<results>/{symbol}/features.json",
        split_config="<results>/{symbol}/splits/split_config.json",
        audit="<results>/{symbol}/audit.json",
        barriers=expand(
            "<results>/{{symbol}}/barriers_h{horizon}.json", horizon=HORIZONS
        ),
        labels=expand(
            "<results>/{{symbol}}/labels_h{horizon}.parquet", horizon=HORIZONS
        ),
        folds=expand("<results>/{{symbol}}/folds_h{horizon}.parquet", horizon=HORIZONS),
        stacks=expand(
            "<results>/{{symbol}}/stacking_dataset_h{horizon}.parquet",
            horizon=HORIZONS,
        ),
        scores=expand("<results>/{{symbol}}/scores_h{horizon}.json", horizon=HORIZONS),
        ensemble_oof=expand(
            "<results>/{{symbol}}/ensembles/{ensemble}_h{horizon}/oof.parquet",
            horizon=HORIZONS,
            ensemble=STACKED_ENSEMBLES,
        ),
        fits=expand(
            "<results>/{{symbol}}/models/{model}/h{horizon}/fold{fold}",
            horizon=HORIZONS,
            model=MODELS,
            fold=FOLDS,
        ),
        uncalibrated=expand(
            "<results>/{{symbol}}/oof/{model}_h{horizon}_fold{fold}.parquet",
            horizon=HORIZONS,
            model=CALIBRATED,
            fold=FOLDS,
        ),
        selections=expand(
            "<results>/{{symbol}}/selection/h{horizon}/fold{fold}.json",
            horizon=HORIZONS if SELECTING else [],
            fold=FOLDS,
        ),
        ensemble_fits=expand(
            "<results>/{{symbol}}/ensembles/{ensemble}_h{horizon}/model",
            horizon=HORIZONS,
            ensemble=ENSEMBLES,
        ),
        assessments=expand(
            "<results>/{{symbol}}/backtest/h{horizon}.json", horizon=HORIZONS
        ),
        equity=lambda w: [
            path.replace("{horizon}", str(horizon))
            for horizon in HORIZONS
            for path in of_backtests("equity.parquet")
        ],
    output:
        report=report(
            "<results>/{symbol}/report.html",
            caption="../workflow/report/report.rst",
            category="{symbol}",
            labels={"page": "model report"},
        ),
    log:
        "<results>/{symbol}/logs/make_report.log",
    benchmark:
        "<results>/{symbol}/benchmarks/make_report.jsonl"
    conda:
        "../envs/report.yaml"
    params:
        contract=contract,
        raw_hash=raw_hash,
        settings=lambda w: configuration.of_symbol(SETTINGS, w.symbol),
        ensembles=STACKED_ENSEMBLES,
        calibrated=CALIBRATED,
        selecting=SELECTING,
        traded=BACKTESTED,
        combined=list(ENSEMBLES),
        code_by_step=lambda w: code_by_step(),
        code=code("make_report"),
    message:
        "make the report of {wildcards.symbol}"
    script:
        "../workflow/scripts/make_report.py"
