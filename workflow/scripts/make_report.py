from pathlib import Path

from mlfactory import contracts, raw_files, runtime, schemas, tables
from mlfactory.report import evidence, page

runtime.setup(snakemake)
files, params = snakemake.input, snakemake.params
raw_files.refuse_other(files.raw, params.raw_hash)
page.write(
    evidence.Evidence(
        symbol=snakemake.wildcards.symbol,
        contract=contracts.from_terms(params.contract),
        settings=params.settings,
        code=params.code_by_step,
        raw=Path(files.raw),
        folder=Path(snakemake.output.report).parent,
        bars=tables.read(files.bars, schemas.BARS),
        account=tables.read_json(files.account),
        manifest=tables.read_json(files.manifest),
        split_config=tables.read_json(files.split_config),
        audit=tables.read_json(files.audit),
        models=tuple(params.settings["models"]),
        ensembles=tuple(params.ensembles),
        horizons=evidence.read_horizons(
            horizons=params.settings["horizons"],
            models=params.settings["models"],
            ensembles=params.ensembles,
            n_folds=params.settings["folds"]["n_splits"],
            split_config=files.split_config,
            barriers=files.barriers,
            labels=files.labels,
            folds=files.folds,
            stacks=files.stacks,
            scores=files.scores,
            ensemble_oof=files.ensemble_oof,
            fits=files.fits,
            calibrated=params.calibrated,
            uncalibrated=files.uncalibrated,
            selections=files.selections,
            traded=params.traded,
            assessments=files.assessments,
            equity=files.equity,
            combined=params.combined,
            ensemble_fits=files.ensemble_fits,
        ),
        selecting=params.selecting,
    ),
    snakemake.output.report,
)
