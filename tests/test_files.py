import os
import signal
import sys
from types import ModuleType

import pytest

from mlfactory.errors import UserError
from mlfactory.files import atomic, atomic_folder, read_json, set_aside

OLD, NEW = ["a old", "b old"], ["a new", "b new"]


def write_file(path, lines):
    with atomic(path) as temporary, temporary.open("w") as file:
        file.write("\n".join(lines))


def write_folder(path, lines):
    with atomic_folder(path) as folder:
        for line in lines:
            (folder / line[0]).write_text(line)


def content(path):
    """The lines of what was written as a file or as a folder."""
    if path.is_dir():
        return [file.read_text() for file in sorted(path.iterdir())]
    return path.read_text().split("\n")


def is_of_the_system(function):
    """Whether a function in C asks the system for something, or is a file's method."""
    of = getattr(function, "__self__", None)
    name = of.__name__ if isinstance(of, ModuleType) else type(of).__module__
    return name in ("posix", "fcntl", "_io", "io")


def killed_at(moment, write, *arguments):
    """Let a process write that is killed before its n-th call of the system; whether it was."""
    pid = os.fork()
    if pid == 0:
        left = moment

        def count(_, event, function):
            nonlocal left
            if event == "c_call" and is_of_the_system(function):
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)
        write(*arguments)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("write", [write_file, write_folder])
@pytest.mark.parametrize("there", [True, False], ids=["over an old one", "anew"])
def test_write_that_is_killed_at_any_moment_leaves_old_or_new_or_none(tmp_path, write, there):
    path = tmp_path / "written"
    moment, found = 0, []
    if there:
        write(path, OLD)
    while killed_at(moment, write, path, NEW):
        found.append(content(path) if path.exists() else None)
        assert found[-1] in (OLD, NEW, None)
        if there and found[-1] != OLD:
            write(path, OLD)
        moment += 1
    assert moment > 5
    assert content(path) == NEW
    assert [p.name for p in tmp_path.iterdir()] == ["written"], "what the killed left is removed"


@pytest.mark.parametrize("write", [write_file, write_folder])
def test_temporary_of_a_living_process_is_left_alone(tmp_path, write):
    path = tmp_path / "written"
    with atomic_folder(path) as going:
        (going / "a").write_text("mine")
        write(path, NEW)
        assert (going / "a").read_text() == "mine"


def test_only_leftovers_of_the_same_path_are_removed(tmp_path):
    others = [".b.x1.part", ".a.json.lock", "a.x1.part", ".a"]
    for name in (*others, ".a.x1.part"):
        (tmp_path / name).touch()
    write_file(tmp_path / "a", NEW)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*others, "a"])


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


def test_damaged_file_is_named_and_out_of_the_way(tmp_path):
    for damage in ('{"a": 1', "", "\xff\x00"):
        (tmp_path / "a.json").write_text(damage, encoding="latin-1")
        with pytest.raises(UserError, match=r"a\.json: is damaged .* run again to make it anew"):
            read_json(tmp_path / "a.json")
        assert [p.name for p in tmp_path.iterdir()] == [".a.json.damaged"]


def test_damaged_folder_replaces_the_one_set_aside_before(tmp_path):
    for text in ("one", "two"):
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "a").write_text(text)
        set_aside(tmp_path / "model", "no")
    assert (tmp_path / ".model.damaged" / "a").read_text() == "two"
    assert [p.name for p in tmp_path.iterdir()] == [".model.damaged"]


def test_damaged_file_that_cannot_be_moved_is_left_to_the_user(tmp_path):
    assert str(set_aside(tmp_path / "none", "no")).endswith(
        "is damaged (no); delete it and run again"
    )
