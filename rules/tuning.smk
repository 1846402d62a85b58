# The search for a model's parameters within a fold's training rows; no job with tuning.scope off.
# Every trial also goes into the ledger trials.jsonl, those of a null into one in its own folder.


rule tune_boosting:
    input:
        train=lambda w: f"<results>/{{symbol}}/{market(w)}splits/train.parquet",
        manifest="<results>/{symbol}/features.json",
        folds="<results>/{symbol}/{null}folds_h{horizon}.parquet",
        selection=where_selected(
            "<results>/{symbol}/{null}selection/h{horizon}/fold{fold}.json"
        ),
    output:
        tuning="<results>/{symbol}/{null}tuning/{model}/h{horizon}/fold{fold}.json",
    log:
        "<results>/{symbol}/{null}logs/tune_{model}_h{horizon}_fold{fold}.log",
    benchmark:
        "<results>/{symbol}/{null}benchmarks/tune_{model}_h{horizon}_fold{fold}.jsonl"
    wildcard_constraints:
        model=family("boosting"),
        fold="[0-9]+|full",
    conda:
        "../envs/boosting.yaml"
    threads: SETTINGS["threads"]
    resources:
        gpu=lambda w: int(MODELS[w.model]["device"]["use_gpu"]),
    params:
        model=lambda w: MODELS[w.model],
        search={k: v for k, v in SETTINGS["tuning"].items() if k != "scope"},
        choice=choice,
        weights=SETTINGS["fit"]["weights"],
        fit_share=SETTINGS["fit"]["fit_share"],
        embargo=SETTINGS["folds"]["embargo"],
        threads=SETTINGS["threads"],
        seed=SETTINGS["seed"],
        code=lambda w: code("tune_model", f"mlfactory.models.{w.model}"),
    message:
        "tune {wildcards.symbol} {wildcards.null}{wildcards.model} h{wildcards.horizon} fold {wildcards.fold}"
    script:
        "../workflow/scripts/tune_model.py"


use rule tune_boosting as tune_classical with:
    wildcard_constraints:
        model=family("classical"),
        fold="[0-9]+|full",
    conda:
        "../envs/classical.yaml"


# Its jobs say whether they ask for a GPU, in a dry run too.
use rule tune_boosting as tune_neural with:
    wildcard_constraints:
        model=family("neural"),
        fold="[0-9]+|full",
    conda:
        "../envs/neural.yaml"
    message:
        "gpu={resources.gpu}: tune {wildcards.symbol} {wildcards.null}{wildcards.model} h{wildcards.horizon} fold {wildcards.fold}"
