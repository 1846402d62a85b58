import pytest

from mlfactory.errors import UserError
from mlfactory.yaml_files import read_yaml

AGAIN = {
    "top": ("a: 1\nb: 2\na: 3\n", "a", 3, 1),
    "deep": ("a:\n  - b: {c: 1}\n  - b:\n      c: 1\n      d: 2\n      c: 3\n", "c", 6, 4),
    "same value": ("a: 1\na: 1\n", "a", 2, 1),
    "one line": ("{a: 1, a: 2}", "a", 1, 1),
    "quoted": ("20: 1\n'20': 2\n", "20", 2, 1),
    "other notation": ("20: 1\n0x14: 2\n", "0x14", 2, 1),
    "merge": ("a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n", "<<", 4, 3),
}


def written(path, text):
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("case", AGAIN)
def test_key_entered_twice_is_refused_with_file_key_and_lines(case, tmp_path):
    text, key, line, first = AGAIN[case]
    path = written(tmp_path / "mine.yaml", text)
    with pytest.raises(UserError) as refusal:
        read_yaml(path)
    assert str(refusal.value) == (
        f"{path}: key {key} in line {line} is already in line {first}; keep one of them"
    )


def test_same_key_in_different_mappings_is_no_repeat(tmp_path):
    path = written(tmp_path / "mine.yaml", "a: {x: 1}\nb: {x: 2, a: [{x: 3}, {x: 4}]}\n")
    assert read_yaml(path) == {"a": {"x": 1}, "b": {"x": 2, "a": [{"x": 3}, {"x": 4}]}}


def test_merged_keys_may_be_overridden_at_every_step(tmp_path):
    text = "a: &a {x: 1, y: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: *b, x: 3}\n"
    assert read_yaml(written(tmp_path / "mine.yaml", text))["c"] == {"x": 3, "y": 1}


@pytest.mark.parametrize(
    "text",
    ["a: {b: 1\n  - c", "a: 2024-02-31", "a: !!python/name:os.system", "a: \x00", "? [a]\n: 1"],
)
def test_what_is_not_plain_yaml_is_refused_in_one_line(text, tmp_path):
    with pytest.raises(UserError, match=r"mine\.yaml: is not valid yaml") as refusal:
        read_yaml(written(tmp_path / "mine.yaml", text))
    assert "\n" not in str(refusal.value)


def test_text_that_is_not_utf_8_is_refused(tmp_path):
    (tmp_path / "mine.yaml").write_bytes("a: \u00e9".encode("latin-1"))
    with pytest.raises(UserError, match=r"mine\.yaml: is not valid yaml"):
        read_yaml(tmp_path / "mine.yaml")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"mine\.yaml: no such file"):
        read_yaml(tmp_path / "mine.yaml")
