import sys
import textwrap

import pytest

from mlfactory import provenance, registry
from mlfactory.provenance import closure, source_hash


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

    def hashed(name):
        for cached in (provenance._parsed, provenance.imported, provenance.source_hash):
            cached.cache_clear()
        return source_hash(f"little.{name}")

    yield folder, hashed
    for cached in (provenance._parsed, provenance.imported, provenance.source_hash):
        cached.cache_clear()
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


@pytest.mark.parametrize("model", registry.list_all())
def test_code_of_one_model_does_not_depend_on_another(model):
    others = {f"mlfactory.models.{name}" for name in registry.list_all() if name != model}
    assert not others & set(closure(("mlfactory.oof", f"mlfactory.models.{model}")))


def test_bars_do_not_depend_on_features_nor_labels_on_models():
    assert not [m for m in closure(("mlfactory.bars",)) if ".features" in m or ".labels" in m]
    assert not [m for m in closure(("mlfactory.labels",)) if ".models" in m]
