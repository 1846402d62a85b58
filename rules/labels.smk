# What became of each bar: the triple-barrier label on the raw path.


rule label_bars:
    input:
        bars="<results>/{symbol}/bars.parquet",
        raw_bars="<results>/{symbol}/raw_bars.parquet",
        account="<results>/{symbol}/bars.json",
        barriers="<results>/{symbol}/barriers_h{horizon}.json",
    output:
        labels="<results>/{symbol}/labels_h{horizon}.parquet",
    log:
        "<results>/{symbol}/logs/label_bars_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/benchmarks/label_bars_h{horizon}.jsonl"
    conda:
        "../envs/data.yaml"
    params:
        settings=configuration.label_settings(SETTINGS),
        contract=contract,
        code=code("label_bars"),
    message:
        "label {wildcards.symbol} at horizon {wildcards.horizon}"
    script:
        "../workflow/scripts/label_bars.py"
