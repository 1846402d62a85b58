# What is known of each bar at its end.


rule compute_features:
    input:
        bars="<results>/{symbol}/{market}bars.parquet",
        account="<results>/{symbol}/bars.json",
    output:
        features="<results>/{symbol}/{market}features.parquet",
        manifest="<results>/{symbol}/{market}features.json",
    log:
        "<results>/{symbol}/{market}logs/compute_features.log",
    benchmark:
        "<results>/{symbol}/{market}benchmarks/compute_features.jsonl"
    conda:
        "../envs/data.yaml"
    params:
        features={**SETTINGS["features"], "bar_interval": SETTINGS["bars"]["interval"]},
        code=code("compute_features"),
    message:
        "compute the features of {wildcards.symbol} {wildcards.market}"
    script:
        "../workflow/scripts/compute_features.py"
