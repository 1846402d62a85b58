from mlfactory.config import ROOT
from mlfactory.features import catalog, reference


def test_document_is_the_manifests():
    written = (ROOT / "docs/features.md").read_text()
    assert written == reference.document(catalog.manifest()), f"run {reference.COMMAND}"


def test_every_column_has_its_line_and_bars_in_formulas_are_escaped():
    lines = reference.document(catalog.manifest()).splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert [line.split("`")[1] for line in rows] == list(catalog.names())
    assert {line.replace("\\|", "").count("|") for line in rows} == {8}
