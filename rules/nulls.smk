# The same symbol where there is nothing to find: labels moved away, or the market's signs flipped.


rule shift_labels:
    input:
        folds="<results>/{symbol}/folds_h{horizon}.parquet",
    output:
        folds="<results>/{symbol}/nulls/{kind}/{replicate}/folds_h{horizon}.parquet",
    log:
        "<results>/{symbol}/logs/shift_labels_{kind}_h{horizon}_{replicate}.log",
    benchmark:
        "<results>/{symbol}/benchmarks/shift_labels_{kind}_h{horizon}_{replicate}.jsonl"
    wildcard_constraints:
        kind="session_shift|free_shift",
        replicate="[0-9]+",
    conda:
        "../envs/data.yaml"
    params:
        seed=SETTINGS["seed"],
        code=code("shift_labels"),
    message:
        "move {wildcards.symbol} h{wildcards.horizon} labels away: {wildcards.kind} null {wildcards.replicate}"
    script:
        "../workflow/scripts/shift_labels.py"


# Features, labels, splits and folds are then made of these bars by the rules of the symbol's own.
rule flip_signs:
    input:
        bars="<results>/{symbol}/bars.parquet",
        raw_bars="<results>/{symbol}/raw_bars.parquet",
    output:
        bars="<results>/{symbol}/nulls/sign_flip/{replicate}/bars.parquet",
        raw_bars="<results>/{symbol}/nulls/sign_flip/{replicate}/raw_bars.parquet",
    log:
        "<results>/{symbol}/logs/flip_signs_{replicate}.log",
    benchmark:
        "<results>/{symbol}/benchmarks/flip_signs_{replicate}.jsonl"
    wildcard_constraints:
        replicate="[0-9]+",
    conda:
        "../envs/data.yaml"
    params:
        contract=contract,
        seed=SETTINGS["seed"],
        code=code("flip_signs"),
    message:
        "flip the signs of {wildcards.symbol}'s returns: null {wildcards.replicate}"
    script:
        "../workflow/scripts/flip_signs.py"


# A closed-form model is cheap enough for hundreds of nulls in one job.
rule probe_nulls:
    input:
        bars="<results>/{symbol}/bars.parquet",
        raw_bars="<results>/{symbol}/raw_bars.parquet",
        account="<results>/{symbol}/bars.json",
        train="<results>/{symbol}/splits/train.parquet",
        barriers="<results>/{symbol}/barriers_h{horizon}.json",
        folds="<results>/{symbol}/folds_h{horizon}.parquet",
    output:
        probe="<results>/{symbol}/nulls/probe_h{horizon}.json",
    log:
        "<results>/{symbol}/logs/probe_nulls_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/benchmarks/probe_nulls_h{horizon}.jsonl"
    conda:
        "../envs/classical.yaml"
    params:
        probe=SETTINGS["nulls"]["probe"],
        features={**SETTINGS["features"], "bar_interval": SETTINGS["bars"]["interval"]},
        label_settings=configuration.label_settings(SETTINGS),
        embargo=SETTINGS["folds"]["embargo"],
        contract=contract,
        seed=SETTINGS["seed"],
        code=code("probe_nulls"),
    message:
        "probe {wildcards.symbol} h{wildcards.horizon} with hundreds of nulls"
    script:
        "../workflow/scripts/probe_nulls.py"
