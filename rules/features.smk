# What is known of each bar at its end.


rule compute_features:
    input:
        bars="<results>/{symbol}/bars.parquet",
        account="<results>/{symbol}/bars.json",
    output:
        features="<results>/{symbol}/features.parquet",
        manifest="<results>/{symbol}/features.json",
    log:
        "<results>/{symbol}/logs/compute_features.log",
    benchmark:
        "<results>/{symbol}/benchmarks/compute_features.jsonl"
    conda:
        "../envs/data.yaml"
    params:
        features={**SETTINGS["features"], "bar_interval": SETTINGS["bars"]["interval"]},
        code=code("compute_features"),
    message:
        "compute the features of {wildcards.symbol}"
    script:
        "../workflow/scripts/compute_features.py"
