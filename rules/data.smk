# From raw minutes to clean bars.


rule simulate_market:
    output:
        raw="<results>/{symbol}/synthetic_1m.parquet",
    log:
        "<results>/{symbol}/logs/simulate_market.log",
    benchmark:
        "<results>/{symbol}/benchmarks/simulate_market.jsonl"
    wildcard_constraints:
        symbol="|".join(SETTINGS["synthetic"]) or "none",
    conda:
        "../envs/data.yaml"
    params:
        market=lambda w: SETTINGS["synthetic"][w.symbol],
        contract=contract,
        code=code("simulate_market"),
    message:
        "simulate the {wildcards.symbol} market"
    script:
        "../workflow/scripts/simulate_market.py"


rule clean_bars:
    input:
        raw=raw_file,
    output:
        bars="<results>/{symbol}/bars.parquet",
        raw_bars="<results>/{symbol}/raw_bars.parquet",
        account="<results>/{symbol}/bars.json",
    log:
        "<results>/{symbol}/logs/clean_bars.log",
    benchmark:
        "<results>/{symbol}/benchmarks/clean_bars.jsonl"
    conda:
        "../envs/data.yaml"
    params:
        raw=lambda w: raw_files.raw_settings(SETTINGS, w.symbol),
        raw_hash=raw_hash,
        bars=SETTINGS["bars"],
        cleaning=SETTINGS["cleaning"],
        contract=contract,
        code=code("clean_bars"),
    message:
        "clean the raw rows of {wildcards.symbol} and join them to bars"
    script:
        "../workflow/scripts/clean_bars.py"
