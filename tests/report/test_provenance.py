import hashlib

from mlfactory.report import provenance
from mlfactory.report._base import Chart, Listing, Table


def measure(folder, name, cpu):
    path = folder / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{"cpu_time": {cpu}, "s": 1.0, "max_rss": 50.0}}\n')


def test_costs_are_summed_over_horizons_and_folds_and_apart_for_nulls(tmp_path):
    for name, cpu in (("fit_xgboost_h5_fold0", 1.0), ("fit_xgboost_h20_foldfull", 2.0)):
        measure(tmp_path / "benchmarks", name, cpu)
    measure(tmp_path / "benchmarks", "clean_bars", 0.5)
    measure(tmp_path / "nulls/session_shift/0/benchmarks", "fit_xgboost_h5_fold0", 4.0)
    table = provenance.cost_table(tmp_path)
    assert table["cpu"].to_dict() == {"null fit_xgboost": 4, "fit_xgboost": 3, "clean_bars": 0.5}
    assert table.loc["fit_xgboost", "jobs"] == 2


def test_run_without_measurements_has_a_page_all_the_same(evidence, tmp_path):
    from dataclasses import replace

    assert provenance.cost_table(tmp_path).empty
    blocks = provenance.section(replace(evidence, folder=tmp_path)).blocks
    assert not [block for block in blocks if isinstance(block, Chart)]


def test_hash_is_that_of_the_raw_file(evidence):
    facts = dict(provenance.section(evidence).blocks[0].items)
    assert facts["its sha256"] == hashlib.sha256(b"raw").hexdigest()


def test_library_at_another_version_than_locked_is_named():
    assert provenance.differing({"pandas": "0.0", "no-such-library": "1.0"}).keys() == {
        *("pandas", "no-such-library")
    }
    assert provenance.differing({"no-such-library": "1.0"}) == {"no-such-library": "none"}


def test_configuration_is_shown_as_yaml(evidence):
    listing = next(b for b in provenance.section(evidence).blocks if isinstance(b, Listing))
    assert "folds:\n  embargo:\n" in listing.text


def test_commission_is_of_a_contract_a_share_or_a_coin(evidence):
    terms = next(b for b in provenance.section(evidence).blocks if isinstance(b, Table))
    unit = {name: unit for name, _, unit in terms.rows}["commission_per_contract"]
    assert unit.endswith(" per contract (share, coin), round trip")
