# Which features matter on a fold's training rows: ranked once, for all models that want a selection.


rule select_features:
    input:
        train=lambda w: f"<results>/{{symbol}}/{market(w)}splits/train.parquet",
        folds="<results>/{symbol}/{null}folds_h{horizon}.parquet",
    output:
        selection="<results>/{symbol}/{null}selection/h{horizon}/fold{fold}.json",
    log:
        "<results>/{symbol}/{null}logs/select_features_h{horizon}_fold{fold}.log",
    benchmark:
        "<results>/{symbol}/{null}benchmarks/select_features_h{horizon}_fold{fold}.jsonl"
    wildcard_constraints:
        fold="[0-9]+|full",
    conda:
        "../envs/classical.yaml"
    threads: SETTINGS["threads"]
    params:
        embargo=SETTINGS["folds"]["embargo"],
        settings=configuration.ranking(SETTINGS),
        weights=SETTINGS["fit"]["weights"],
        threads=SETTINGS["threads"],
        seed=SETTINGS["seed"],
        code=code("select_features"),
    message:
        "select features of {wildcards.symbol} {wildcards.null}h{wildcards.horizon} fold {wildcards.fold}"
    script:
        "../workflow/scripts/select_features.py"
