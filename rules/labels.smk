# What became of each bar: the triple-barrier label on the raw path.


rule label_bars:
    input:
        bars="<results>/{symbol}/{market}bars.parquet",
        raw_bars="<results>/{symbol}/{market}raw_bars.parquet",
        account="<results>/{symbol}/bars.json",
        barriers="<results>/{symbol}/barriers_h{horizon}.json",
    output:
        labels="<results>/{symbol}/{market}labels_h{horizon}.parquet",
    log:
        "<results>/{symbol}/{market}logs/label_bars_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/{market}benchmarks/label_bars_h{horizon}.jsonl"
    conda:
        "../envs/data.yaml"
    params:
        settings=configuration.label_settings(SETTINGS),
        contract=contract,
        code=code("label_bars"),
    message:
        "label {wildcards.symbol} {wildcards.market}at horizon {wildcards.horizon}"
    script:
        "../workflow/scripts/label_bars.py"
