# What the models score, beside intervals, baselines and nulls.


rule score_models:
    input:
        train="<results>/{symbol}/splits/train.parquet",
        folds="<results>/{symbol}/folds_h{horizon}.parquet",
        stack="<results>/{symbol}/stacking_dataset_h{horizon}.parquet",
        ensembles=expand(
            "<results>/{{symbol}}/ensembles/{ensemble}_h{{horizon}}/oof.parquet",
            ensemble=ENSEMBLES,
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
            ensemble=ENSEMBLES,
        ),
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
        ensembles=list(ENSEMBLES),
        embargo=SETTINGS["folds"]["embargo"],
        bootstrap=SETTINGS["scores"],
        seed=SETTINGS["seed"],
        code=code("score_models"),
    message:
        "score {wildcards.symbol} h{wildcards.horizon}"
    script:
        "../workflow/scripts/score_models.py"
