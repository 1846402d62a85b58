import os

from clone import call, copy_workflow, snakemake


def test_no_job_compiles_a_kernel_after_the_warm_up(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    folder = copy_workflow(tmp_path / "workflow")
    warm = call(folder, "python", "-m", "mlfactory.warm_up")
    assert warm.returncode == 0, warm.stderr
    compiled = {name for _, _, names in os.walk(tmp_path / "numba") for name in names}
    assert len(compiled) > 20
    arguments = ("features", "labels", "--config", "models=[random_forest]", "horizons=[20]")
    forest = "results/DEMO/oof/random_forest_h20_fold0.parquet"
    run = snakemake(folder, forest, *arguments)
    assert run.returncode == 0, run.stderr[-3000:]
    assert {name for _, _, names in os.walk(tmp_path / "numba") for name in names} == compiled
