# Which rows train, and which fold holds each of them out.


rule split_bars:
    input:
        bars="<results>/{symbol}/{market}bars.parquet",
        features="<results>/{symbol}/{market}features.parquet",
    output:
        train="<results>/{symbol}/{market}splits/train.parquet",
        val="<results>/{symbol}/{market}splits/val.parquet",
        test="<results>/{symbol}/{market}splits/test.parquet",
        config="<results>/{symbol}/{market}splits/split_config.json",
    log:
        "<results>/{symbol}/{market}logs/split_bars.log",
    benchmark:
        "<results>/{symbol}/{market}benchmarks/split_bars.jsonl"
    conda:
        "../envs/data.yaml"
    params:
        splits=SETTINGS["splits"],
        features={**SETTINGS["features"], "bar_interval": SETTINGS["bars"]["interval"]},
        code=code("split_bars"),
    message:
        "split {wildcards.symbol} {wildcards.market}into train, val and test"
    script:
        "../workflow/scripts/split_bars.py"


# The published dataset: an export. No fold reads it: folds scale for themselves.
rule scale_splits:
    input:
        train="<results>/{symbol}/splits/train.parquet",
        val="<results>/{symbol}/splits/val.parquet",
        test="<results>/{symbol}/splits/test.parquet",
        features="<results>/{symbol}/features.json",
        barriers=expand(
            "<results>/{{symbol}}/barriers_h{horizon}.json", horizon=HORIZONS
        ),
        labels=expand(
            "<results>/{{symbol}}/labels_h{horizon}.parquet", horizon=HORIZONS
        ),
    output:
        train="<results>/{symbol}/splits/scaled/train_scaled.parquet",
        val="<results>/{symbol}/splits/scaled/val_scaled.parquet",
        test="<results>/{symbol}/splits/scaled/test_scaled.parquet",
        scaler="<results>/{symbol}/splits/scaled/feature_scaler.json",
        feature_set="<results>/{symbol}/splits/scaled/feature_set_manifest.json",
        manifest="<results>/{symbol}/splits/scaled/dataset_manifest.json",
    log:
        "<results>/{symbol}/logs/scale_splits.log",
    benchmark:
        "<results>/{symbol}/benchmarks/scale_splits.jsonl"
    conda:
        "../envs/data.yaml"
    params:
        code=code("scale_splits"),
    message:
        "publish the scaled splits of {wildcards.symbol}"
    script:
        "../workflow/scripts/scale_splits.py"


rule assign_folds:
    input:
        bars="<results>/{symbol}/{market}bars.parquet",
        account="<results>/{symbol}/bars.json",
        barriers="<results>/{symbol}/barriers_h{horizon}.json",
        labels="<results>/{symbol}/{market}labels_h{horizon}.parquet",
        train="<results>/{symbol}/{market}splits/train.parquet",
        own=SETTINGS["folds"]["file"] or [],
    output:
        folds="<results>/{symbol}/{market}folds_h{horizon}.parquet",
    log:
        "<results>/{symbol}/{market}logs/assign_folds_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/{market}benchmarks/assign_folds_h{horizon}.jsonl"
    conda:
        "../envs/data.yaml"
    params:
        n_splits=SETTINGS["folds"]["n_splits"],
        file=SETTINGS["folds"]["file"],
        code=code("assign_folds"),
    message:
        "assign {wildcards.symbol} {wildcards.market}training rows to folds at horizon {wildcards.horizon}"
    script:
        "../workflow/scripts/assign_folds.py"
