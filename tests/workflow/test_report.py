import re
import zipfile

import pytest
import yaml
from clone import planned, snakemake

REPORT = "results/DEMO/report.html"
SECTIONS = "workflow/mlfactory/report"


def test_run_ends_with_a_page_of_every_horizon_and_model(finished):
    page = (finished / REPORT).read_text()
    assert len(page.encode()) < 6_000_000
    assert set(re.findall(r'<button type="button" data-horizon="(\d+)"', page)) == {"5", "20"}
    for model in ("logistic", "lightgbm", "voting"):
        assert f"<h4>{model}</h4>" in page
    ensembles = page.split('<section id="ensembles">')[1].split("</section>")[0]
    for name in ("voting", "blend"):  # blending too, which has nothing out of fold
        assert f"<span>{name}</span>" in ensembles
    assert str(finished) not in page.split("<script")[0]


@pytest.mark.parametrize("module", ["calibration", "_style", "_script", "data_health"])
def test_edited_section_or_look_makes_the_page_again_and_the_manifest_that_names_its_code(
    copy, module
):
    path = copy / f"{SECTIONS}/{module}.py"
    path.write_text(path.read_text() + "\nMORE = 1\n")
    assert planned(copy)[0] == {"make_report": 1, "write_manifest": 1}


def test_page_without_nulls_and_ensembles(copy):
    overlay = {"nulls": {"session_shift": 0}, "ensembles": [], "horizons": [20]}
    (copy / "mine.yaml").write_text(yaml.safe_dump(overlay))
    run = snakemake(copy, "report", config=("config/test.yaml", "mine.yaml"))
    assert run.returncode == 0, run.stderr[-3000:]
    page = (copy / REPORT).read_text()
    assert "<h4>voting</h4>" not in page
    assert "no null drawn" in page
    assert "<button" not in page.split("<script")[0]


def test_snakemakes_own_report_holds_the_page(finished, tmp_path):
    run = snakemake(finished, "report", "--report", tmp_path / "all.zip")
    assert run.returncode == 0, run.stderr[-3000:]
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        held = [name for name in archive.namelist() if "/raw/" in name]
        assert [archive.read(name) for name in held] == [(finished / REPORT).read_bytes()]
