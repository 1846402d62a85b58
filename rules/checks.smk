# Whether the published dataset, its labels and its folds are sound: warns, or stops the run.


rule check_dataset:
    input:
        bars="<results>/{symbol}/bars.parquet",
        account="<results>/{symbol}/bars.json",
        feature_set="<results>/{symbol}/splits/scaled/feature_set_manifest.json",
        train="<results>/{symbol}/splits/scaled/train_scaled.parquet",
        val="<results>/{symbol}/splits/scaled/val_scaled.parquet",
        test="<results>/{symbol}/splits/scaled/test_scaled.parquet",
        barriers=expand(
            "<results>/{{symbol}}/barriers_h{horizon}.json", horizon=HORIZONS
        ),
        labels=expand(
            "<results>/{{symbol}}/labels_h{horizon}.parquet", horizon=HORIZONS
        ),
        folds=expand("<results>/{{symbol}}/folds_h{horizon}.parquet", horizon=HORIZONS),
    output:
        audit="<results>/{symbol}/audit.json",
    log:
        "<results>/{symbol}/logs/check_dataset.log",
    benchmark:
        "<results>/{symbol}/benchmarks/check_dataset.jsonl"
    conda:
        "../envs/data.yaml"
    params:
        label_settings=configuration.label_settings(SETTINGS),
        embargo=SETTINGS["folds"]["embargo"],
        contract=contract,
        limits=SETTINGS["checks"],
        code=code("check_dataset"),
    message:
        "check the dataset of {wildcards.symbol}"
    script:
        "../workflow/scripts/check_dataset.py"
