"""The workflow with a model that is tuned."""

from clone import OOF, planned

from mlfactory import ledger, tables


def test_fit_takes_what_its_search_found_and_every_trial_is_in_the_ledger(chosen):
    found = tables.read_json(chosen / "results/DEMO/tuning/svm/h20/fold0.json")
    model = tables.read_json(chosen / "results/DEMO/models/svm/h20/fold0/model.json")
    assert len(found["trials"]) == 4
    assert found["parameters"].items() <= model["training"].items()
    noted = [
        trial
        for trial in ledger.read(chosen / ledger.of_symbol("DEMO"))
        if trial["study"].startswith("tuning_")
    ]
    assert [trial["number"] for trial in noted] == [0, 1, 2, 3]
    assert noted[0]["study"] == ledger.study_id(found)


def test_nothing_is_tuned_by_default(finished):
    assert not (finished / "results/DEMO/tuning").exists()


def test_off_needs_no_quotes(chosen, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("tuning: {scope: off}")
    jobs, _ = planned(chosen, OOF.format("svm"), config=("config/test.yaml", "chosen.yaml", mine))
    assert set(jobs) <= {"fit_classical"}
