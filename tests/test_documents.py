"""What the documents and environment files say is there."""

import ast
import re

import pytest
import yaml

import test_barrier_search
import test_causality
import test_meta_filter
import test_noninterference
import test_oof
import test_selection
import test_tuning
import test_walkforward
from mlfactory.config import ROOT
from mlfactory.provenance import closure, pins

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PATH = re.compile(r"`((?:docs|config|workflow|benchmarks|rules|tests)/[\w./]+)`")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)(?:\[([^`]+)\])?`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_names_exists(document):
    named = PATH.findall(document.read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_readme_names_files_at_all():
    assert len(PATH.findall((ROOT / "README.md").read_text())) > 5


@pytest.mark.parametrize(("page", "least"), [("validity", 25), ("statistics", 15)])
def test_every_test_that_a_page_of_proofs_names_exists(page, least):
    named = TEST.findall((ROOT / f"docs/{page}.md").read_text())
    assert len(named) > least
    for path, name, case in named:
        text = (ROOT / path).read_text()
        assert f"def {name}(" in text, name
        assert not case or f'"{case}"' in text, case


def test_every_leak_that_is_planted_stands_on_the_page_of_proofs():
    page = (ROOT / "docs/validity.md").read_text()
    modules = (test_causality, test_oof, test_selection, test_tuning, test_walkforward)
    modules += (test_barrier_search, test_noninterference, test_meta_filter)
    planted = [leak for module in modules for leak in module.LEAKS]
    assert [leak for leak in planted if f"[{leak}]`" not in page] == []


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda p: p.stem)
def test_pins_of_the_conda_environments_equal_the_lock(path):
    content = yaml.safe_load(path.read_text())
    packages = content["dependencies"][-1]["pip"]
    assert packages
    for package in packages:
        name, version = package.split("==")
        assert pins()[name.lower()] == version


NAMES = {"sklearn": "scikit-learn", "talib": "TA-Lib", "pywt": "PyWavelets", "yaml": "PyYAML"}
MODULES = {
    "data": (
        *("bars", "features.catalog", "labels", "splits", "folds", "nulls", "synthetic"),
        *("published", "provenance", "barrier_files", "barrier_search", "ledger"),
        *("thresholds", "backtest_files", "assessment", "looks"),
    ),
    "boosting": ("oof", "ledger", "models.lightgbm", "models.xgboost", "models.catboost"),
    "report": ("report.evidence", "report.page"),
    "classical": (
        *("oof", "models.logistic", "models.svm", "models.random_forest", "scores", "ensembles"),
        *("models.stacking", "models.voting"),
    ),
    "neural": ("oof", "models.lstm", "models.gru", "models.tcn"),
}


@pytest.mark.parametrize("name", MODULES)
def test_conda_environment_holds_every_library_that_its_rules_import(name):
    content = yaml.safe_load((ROOT / f"envs/{name}.yaml").read_text())
    held = {package.split("==")[0].lower() for package in content["dependencies"][-1]["pip"]}
    modules = closure(tuple(f"mlfactory.{module}" for module in MODULES[name]))
    wanted = set()
    for module in modules:
        path = ROOT / "workflow" / (module.replace(".", "/") + ".py")
        if path.exists():
            wanted |= {NAMES.get(root, root).lower() for root in roots(ast.parse(path.read_text()))}
    assert wanted & pins().keys() <= held


def roots(tree):
    """The first part of every import in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]
