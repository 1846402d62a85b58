# How far away the barriers of the labels are: as configured, or found by a search.


rule take_barriers:
    output:
        barriers="<results>/{symbol}/barriers_h{horizon}.json",
    log:
        "<results>/{symbol}/logs/take_barriers_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/benchmarks/take_barriers_h{horizon}.jsonl"
    wildcard_constraints:
        horizon="none" if SEARCHED else "[1-9][0-9]*",
    conda:
        "../envs/data.yaml"
    params:
        barriers=barriers,
        code=code("take_barriers"),
    message:
        "take the barriers of {wildcards.symbol} at horizon {wildcards.horizon} from the config"
    script:
        "../workflow/scripts/take_barriers.py"


# Reads the beginning of the training split; every trial also goes into the ledger trials.jsonl.
rule find_barriers:
    input:
        bars="<results>/{symbol}/bars.parquet",
        raw_bars="<results>/{symbol}/raw_bars.parquet",
        train="<results>/{symbol}/splits/train.parquet",
    output:
        barriers="<results>/{symbol}/barriers_h{horizon}.json",
    log:
        "<results>/{symbol}/logs/find_barriers_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/benchmarks/find_barriers_h{horizon}.jsonl"
    wildcard_constraints:
        horizon="[1-9][0-9]*" if SEARCHED else "none",
    conda:
        "../envs/data.yaml"
    params:
        search={k: v for k, v in SEARCH.items() if k != "enabled"},
        atr_period=SETTINGS["labels"]["atr_period"],
        atr_floor_ticks=SETTINGS["labels"]["atr_floor_ticks"],
        cross_sessions=SETTINGS["labels"]["cross_sessions"],
        seed=SETTINGS["seed"],
        contract=contract,
        code=code("find_barriers"),
    message:
        "find the barriers of {wildcards.symbol} at horizon {wildcards.horizon}"
    script:
        "../workflow/scripts/find_barriers.py"
