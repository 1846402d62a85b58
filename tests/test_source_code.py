import pytest

from mlfactory import source_code
from mlfactory.source_code import Code, code_of


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Reads a file as a new process in this folder would."""
    monkeypatch.chdir(tmp_path)

    def fresh(text):
        (tmp_path / "a.py").write_text(text)
        code_of.cache_clear()
        return code_of(tmp_path / "a.py")

    yield fresh
    code_of.cache_clear()


def test_code_is_structure_and_imports(read):
    one = read("import numpy as np\nfrom a.b import c\n\nX = 1\n")
    assert one.imports == {"numpy", "a.b", "a.b.c"}
    assert read('"""Text."""\nimport numpy as np\nfrom a.b import c\nX = 1  # one\n') == one
    assert read("import numpy as np\nfrom a.b import c\n\nX = 2\n").structure != one.structure


def test_what_was_read_is_remembered_and_not_read_again(read, monkeypatch):
    first = read("X = 1\n")
    monkeypatch.setattr(source_code, "_read", lambda _: Code("read again", frozenset()))
    assert read("X = 1\n") == first
    assert read("X = 2\n").structure == "read again"


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"structure": "x"}', '{"imports": []}'])
def test_damaged_memory_is_made_again(read, tmp_path, damage):
    first = read("import numpy\n")
    (remembered,) = (tmp_path / source_code.REMEMBERED).iterdir()
    whole = remembered.read_text()
    remembered.write_text(damage)
    assert read("import numpy\n") == first
    assert remembered.read_text() == whole


def test_another_way_of_reading_remembers_anew(read, monkeypatch):
    read("X = 1\n")
    monkeypatch.setattr(source_code, "_reader", lambda: b"another")
    monkeypatch.setattr(source_code, "_read", lambda _: Code("read again", frozenset()))
    assert read("X = 1\n").structure == "read again"


def test_folder_that_cannot_be_written_to_is_no_hindrance(read, tmp_path):
    (tmp_path / ".snakemake").write_text("a file where the folder should be")
    assert read("import numpy\n").imports == {"numpy"}
