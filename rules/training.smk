# Fitting one model on one fold's training rows, and predicting the rows the fold holds out.
# {null} is empty, or the folder of a null replicate: the same fit where there is nothing to find.


rule fit_boosting:
    input:
        train=lambda w: f"<results>/{{symbol}}/{market(w)}splits/train.parquet",
        manifest="<results>/{symbol}/features.json",
        folds="<results>/{symbol}/{null}folds_h{horizon}.parquet",
        selection=where_selected(
            "<results>/{symbol}/{null}selection/h{horizon}/fold{fold}.json"
        ),
        tuning=where_tuned(
            "<results>/{symbol}/{null}tuning/{model}/h{horizon}/fold{fold}.json"
        ),
    output:
        model=directory("<results>/{symbol}/{null}models/{model}/h{horizon}/fold{fold}"),
        oof="<results>/{symbol}/{null}oof/{model}_h{horizon}_fold{fold}.parquet",
    log:
        "<results>/{symbol}/{null}logs/fit_{model}_h{horizon}_fold{fold}.log",
    benchmark:
        "<results>/{symbol}/{null}benchmarks/fit_{model}_h{horizon}_fold{fold}.jsonl"
    wildcard_constraints:
        model=family("boosting"),
    conda:
        "../envs/boosting.yaml"
    threads: SETTINGS["threads"]
    resources:
        gpu=lambda w: int(MODELS[w.model]["device"]["use_gpu"]),
    params:
        model=lambda w: MODELS[w.model],
        fit=SETTINGS["fit"],
        choice=choice,
        embargo=SETTINGS["folds"]["embargo"],
        threads=SETTINGS["threads"],
        seed=SETTINGS["seed"],
        code=lambda w: code("fit_fold", f"mlfactory.models.{w.model}"),
    message:
        "fit {wildcards.symbol} {wildcards.null}{wildcards.model} h{wildcards.horizon} fold {wildcards.fold}"
    script:
        "../workflow/scripts/fit_fold.py"


use rule fit_boosting as fit_classical with:
    wildcard_constraints:
        model=family("classical"),
    conda:
        "../envs/classical.yaml"


# Its jobs say whether they ask for a GPU, in a dry run too.
use rule fit_boosting as fit_neural with:
    wildcard_constraints:
        model=family("neural"),
    conda:
        "../envs/neural.yaml"
    message:
        "gpu={resources.gpu}: fit {wildcards.symbol} {wildcards.null}{wildcards.model} h{wildcards.horizon} fold {wildcards.fold}"


# Fitted on the whole training split: nothing is held out, so nothing is predicted.
rule fit_boosting_full:
    input:
        train="<results>/{symbol}/splits/train.parquet",
        manifest="<results>/{symbol}/features.json",
        folds="<results>/{symbol}/folds_h{horizon}.parquet",
        selection=where_selected(
            "<results>/{symbol}/selection/h{horizon}/foldfull.json"
        ),
        tuning=where_tuned("<results>/{symbol}/tuning/{model}/h{horizon}/foldfull.json"),
    output:
        model=directory("<results>/{symbol}/models/{model}/h{horizon}/foldfull"),
    log:
        "<results>/{symbol}/logs/fit_{model}_h{horizon}_foldfull.log",
    benchmark:
        "<results>/{symbol}/benchmarks/fit_{model}_h{horizon}_foldfull.jsonl"
    wildcard_constraints:
        model=family("boosting"),
    conda:
        "../envs/boosting.yaml"
    threads: SETTINGS["threads"]
    resources:
        gpu=lambda w: int(MODELS[w.model]["device"]["use_gpu"]),
    params:
        model=lambda w: MODELS[w.model],
        fit=SETTINGS["fit"],
        choice=choice,
        threads=SETTINGS["threads"],
        seed=SETTINGS["seed"],
        code=lambda w: code("fit_full", f"mlfactory.models.{w.model}"),
    message:
        "fit {wildcards.symbol} {wildcards.model} h{wildcards.horizon} on the whole training split"
    script:
        "../workflow/scripts/fit_full.py"


use rule fit_boosting_full as fit_classical_full with:
    wildcard_constraints:
        model=family("classical"),
    conda:
        "../envs/classical.yaml"


use rule fit_boosting_full as fit_neural_full with:
    wildcard_constraints:
        model=family("neural"),
    conda:
        "../envs/neural.yaml"
    message:
        "gpu={resources.gpu}: fit {wildcards.symbol} {wildcards.model} h{wildcards.horizon} on the whole training split"
