# Every row after the first block, predicted by a model trained on its past: the headline score.
# One job fits a model again and again; {null} is empty, or the folder of a null replicate.


rule walk_forward_boosting:
    input:
        train=lambda w: f"<results>/{{symbol}}/{market(w)}splits/train.parquet",
        manifest="<results>/{symbol}/features.json",
        folds="<results>/{symbol}/{null}folds_h{horizon}.parquet",
    output:
        walk="<results>/{symbol}/{null}walkforward/{model}_h{horizon}.parquet",
    log:
        "<results>/{symbol}/{null}logs/walk_forward_{model}_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/{null}benchmarks/walk_forward_{model}_h{horizon}.jsonl"
    wildcard_constraints:
        model=family("boosting"),
    conda:
        "../envs/boosting.yaml"
    threads: SETTINGS["threads"]
    resources:
        gpu=lambda w: int(MODELS[w.model]["device"]["use_gpu"]),
    params:
        model=lambda w: MODELS[w.model],
        refit={**REFIT, "first_share": WALK["first_share"]},
        fit=SETTINGS["fit"],
        selection=selection,
        embargo=SETTINGS["folds"]["embargo"],
        threads=SETTINGS["threads"],
        seed=SETTINGS["seed"],
        code=lambda w: code("walk_forward", f"mlfactory.models.{w.model}"),
    message:
        "walk forward {wildcards.symbol} {wildcards.null}{wildcards.model} h{wildcards.horizon}"
    script:
        "../workflow/scripts/walk_forward.py"


use rule walk_forward_boosting as walk_forward_classical with:
    wildcard_constraints:
        model=family("classical"),
    conda:
        "../envs/classical.yaml"


use rule walk_forward_boosting as walk_forward_neural with:
    wildcard_constraints:
        model=family("neural"),
    conda:
        "../envs/neural.yaml"
    message:
        "gpu={resources.gpu}: walk forward {wildcards.symbol} {wildcards.null}{wildcards.model} h{wildcards.horizon}"


# On through validation and test, refit after refit, to be compared with the single fit.
rule walk_on_boosting:
    input:
        train="<results>/{symbol}/splits/train.parquet",
        val="<results>/{symbol}/splits/val.parquet",
        test="<results>/{symbol}/splits/test.parquet",
        manifest="<results>/{symbol}/features.json",
        bars="<results>/{symbol}/bars.parquet",
        account="<results>/{symbol}/bars.json",
        labels="<results>/{symbol}/labels_h{horizon}.parquet",
        folds="<results>/{symbol}/folds_h{horizon}.parquet",
    output:
        val="<results>/{symbol}/walkforward/{model}_h{horizon}_val.parquet",
        test="<results>/{symbol}/walkforward/{model}_h{horizon}_test.parquet",
    log:
        "<results>/{symbol}/logs/walk_on_{model}_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/benchmarks/walk_on_{model}_h{horizon}.jsonl"
    wildcard_constraints:
        model=family("boosting"),
    conda:
        "../envs/boosting.yaml"
    threads: SETTINGS["threads"]
    resources:
        gpu=lambda w: int(MODELS[w.model]["device"]["use_gpu"]),
    params:
        model=lambda w: MODELS[w.model],
        refit=REFIT,
        fit=SETTINGS["fit"],
        selection=selection,
        embargo=SETTINGS["folds"]["embargo"],
        threads=SETTINGS["threads"],
        seed=SETTINGS["seed"],
        code=lambda w: code("walk_on", f"mlfactory.models.{w.model}"),
    message:
        "walk on through val and test of {wildcards.symbol} with {wildcards.model} h{wildcards.horizon}"
    script:
        "../workflow/scripts/walk_on.py"


use rule walk_on_boosting as walk_on_classical with:
    wildcard_constraints:
        model=family("classical"),
    conda:
        "../envs/classical.yaml"


use rule walk_on_boosting as walk_on_neural with:
    wildcard_constraints:
        model=family("neural"),
    conda:
        "../envs/neural.yaml"
    message:
        "gpu={resources.gpu}: walk on through val and test of {wildcards.symbol} with {wildcards.model} h{wildcards.horizon}"
