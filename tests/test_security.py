"""What is loaded runs no code, names stay names, the network is left alone, versions are pinned."""

import ast
import os
import re
import subprocess
import tomllib

import numpy as np
import pytest

from mistakes import OVERLAY, Mistake, answer, ask
from mlfactory.config import ROOT
from mlfactory.errors import UserError
from mlfactory.models import _saved
from mlfactory.yaml_files import read_yaml
from naive_models import make, market

SOURCES = [*(ROOT / "workflow").rglob("*.py"), ROOT / "pipeline"]
RUN_CODE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "code"}
REACH_OUT = {"socket", "ssl", "http", "urllib", "urllib3", "requests", "ftplib", "smtplib", "httpx"}
CALLS = re.compile(
    r"(eval|exec|compile|__import__|os\.system|os\.popen|torch\.load|pd\.read_pickle|"
    r"\w+\.to_pickle|yaml\.(unsafe_|full_)?load(_all)?)"
)
SAFE_CALLS = {"yaml_files.py: yaml.load"}
"""With a loader of its own, below the library's safe one."""


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").split(".")[0]


def calls(tree):
    """(text of what is called, its keywords) of every call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            keywords = {one.arg: ast.unparse(one.value) for one in node.keywords}
            yield ast.unparse(node.func), keywords


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_source_neither_runs_what_it_loads_nor_reaches_the_network(path):
    tree = ast.parse(path.read_text())
    assert set(imports(tree)) & (RUN_CODE | REACH_OUT) == set()
    for name, keywords in calls(tree):
        assert not CALLS.fullmatch(name) or f"{path.name}: {name}" in SAFE_CALLS, name
        assert name != "np.load" or keywords.get("allow_pickle") == "False"
        assert keywords.get("shell") != "True"


class Bomb:
    """What leaves a file when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("name", ["logistic", "random_forest", "svm", "stacking"])
def test_pickle_in_a_models_file_is_not_run_though_its_checksum_is_right(
    name, tmp_path, monkeypatch
):
    data = market(name)
    model = make(name)
    model.fit(data.X, data.y)
    folder, mark = tmp_path / "model", tmp_path / "ran"
    folder.mkdir()
    model.save(folder)
    file = folder / "model.npz"
    arrays = dict(np.load(file))
    key = next(iter(arrays))
    np.savez(file, **{**arrays, key: np.array([Bomb(mark)], dtype=object)})
    assert np.load(file, allow_pickle=True)[key] is not None
    assert mark.is_dir(), "the bomb is one"
    mark.rmdir()
    monkeypatch.setattr(_saved, "sha256", lambda _: "any")
    description = folder / "model.json"
    description.write_text(
        re.sub(r'("model\.\w+"): "[0-9a-f]{64}"', r'\1: "any"', description.read_text())
    )
    with pytest.raises((UserError, ValueError)):
        type(model).load(folder)
    assert not mark.exists()


@pytest.mark.parametrize(
    "tag", ["python/object/apply:os.mkdir [ran]", "python/name:os.system ''", "python/module:os ''"]
)
def test_yaml_that_names_python_objects_is_refused(tag, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(f"a: !!{tag}\n")
    with pytest.raises(UserError, match="is not valid yaml: could not determine a constructor"):
        read_yaml(tmp_path / "a.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


EVIL = ("../MES", "/tmp/MES", "MES/..", "MES\n", "MES;ls", "M ES", "", ".")
PLACES = {
    "symbols": "symbols: [{name}]",
    "models": "models: [{name}]",
    "ensembles": "ensembles: [{name}]",
    "recipes": "recipes: {{{name}: {{type: voting}}}}",
    "raw": "raw: {{{name}: {{stamps: close}}}}",
    "synthetic": "synthetic: {{{name}: {{months: 1}}}}",
    "barriers": "labels: {{barriers: {{{name}: {{5: {{k_up: 1, k_down: 1, max_bars: 9}}}}}}}}",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", EVIL)
def test_name_that_would_leave_its_place_in_a_path_is_refused(name, place, tmp_path):
    text = PLACES[place].format(name='"' + name.replace("\n", "\\n") + '"')
    found = answer(Mistake("", (), {OVERLAY: text}, ask), tmp_path)
    assert found.status == 1
    assert found.stderr.startswith("error: ")
    assert found.stderr.count("\n") == 1
    assert place in found.stderr or "symbol" in found.stderr
    assert found.written == []


def pinned(text):
    """Name and version of every line of a lock; a line that is no exact pin is an error."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pairs = [re.fullmatch(r"([A-Za-z0-9_.-]+)==([A-Za-z0-9_.+!]+)", line) for line in lines]
    assert None not in pairs
    return {plain(pair[1]): pair[2] for pair in pairs}


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_library_is_pinned_to_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    lock = pinned((ROOT / "requirements.lock").read_text())
    assert {plain(re.split(r"[<>=\[]", one)[0]) for one in named} <= lock.keys()


@pytest.mark.parametrize("status", [0, 1])
def test_ci_prints_what_the_audit_finds_and_goes_on(tmp_path, status):
    tool = tmp_path / "pip-audit"
    tool.write_text(f'#!/bin/sh\necho torch 2.13.0 CVE-1 "$@"\nexit {status}\n')
    tool.chmod(0o755)
    run = subprocess.run(
        [ROOT / ".ci/audit"],
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0
    first, last = run.stdout.splitlines()
    assert first.startswith("torch 2.13.0 CVE-1 --requirement requirements.lock --no-deps")
    assert last.startswith("audit: see above" if status else "audit: no vulnerability is known")
    assert ".ci/audit" in (ROOT / ".ci/run").read_text().splitlines()
