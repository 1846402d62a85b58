import pytest

from mlfactory.files import atomic_folder


def test_failed_folder_leaves_the_old_one_and_no_other(tmp_path):
    with atomic_folder(tmp_path / "model") as folder:
        (folder / "a").write_text("old")

    def fail():
        with atomic_folder(tmp_path / "model") as folder:
            (folder / "a").write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (tmp_path / "model" / "a").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
