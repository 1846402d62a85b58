import sys
import textwrap

import pytest

from mlfactory import provenance, registry
from mlfactory.provenance import closure, script_hash


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A little package: a imports b inside a function; c is on its own."""
    folder = tmp_path / "little"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "a.py").write_text("def f():\n    from little import b\n    return b.X\n")
    (folder / "b.py").write_text('"""Doc."""\nX = 1\n')
    (folder / "c.py").write_text("Y = 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(provenance, "PACKAGE", "little")

    def forget():
        for cached in vars(provenance).values():
            if hasattr(cached, "cache_clear"):
                cached.cache_clear()

    def hashed(name):
        forget()
        (tmp_path / "script.py").write_text(f"from little import {name}\n")
        return script_hash(str(tmp_path / "script.py"))

    yield folder, hashed
    forget()
    for name in [m for m in sys.modules if m.startswith("little")]:
        del sys.modules[name]


def test_hash_follows_imports_and_nothing_else(package):
    folder, hashed = package
    before = hashed("a")
    (folder / "c.py").write_text("Y = 3\n")
    assert hashed("a") == before
    (folder / "b.py").write_text("X = 2\n")
    assert hashed("a") != before


def test_comments_and_docstrings_do_not_count(package):
    folder, hashed = package
    before = hashed("b")
    (folder / "b.py").write_text(
        textwrap.dedent('''
            """Another."""

            # a remark
            X  =  1
        ''')
    )
    assert hashed("b") == before


def test_docstrings_of_attributes_do_not_count(package):
    folder, hashed = package
    (folder / "b.py").write_text('X = 1\n"""One."""\n')
    before = hashed("b")
    (folder / "b.py").write_text('X = 1\n"""The number one."""\n')
    assert hashed("b") == before


def test_modules_named_beside_the_script_count(package, tmp_path):
    _, hashed = package
    hashed("b")
    alone = script_hash(str(tmp_path / "script.py"))
    assert script_hash(str(tmp_path / "script.py"), "little.c") != alone


def test_another_version_of_an_imported_library_counts(package, tmp_path, monkeypatch):
    folder, hashed = package
    (tmp_path / "requirements.lock").write_text("numpy==1\nlightgbm==1\n")
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    (folder / "b.py").write_text("import numpy\n\nX = 1\n")
    before = hashed("a")
    (tmp_path / "requirements.lock").write_text("numpy==1\nlightgbm==2\n")
    assert hashed("a") == before
    (tmp_path / "requirements.lock").write_text("numpy==2\nlightgbm==2\n")
    assert hashed("a") != before


@pytest.mark.parametrize("model", registry.list_all())
def test_code_of_one_model_does_not_depend_on_another(model):
    others = {f"mlfactory.models.{name}" for name in registry.list_all() if name != model}
    assert not others & set(closure(("mlfactory.oof", f"mlfactory.models.{model}")))


def test_bars_do_not_depend_on_features_nor_labels_on_models():
    assert not [m for m in closure(("mlfactory.bars",)) if ".features" in m or ".labels" in m]
    assert not [m for m in closure(("mlfactory.labels",)) if ".models" in m]
