import json

import pytest

from mlfactory.bundles import Bundle
from mlfactory.errors import UserError
from test_oof import fit
from training import training_tables


@pytest.fixture
def folder(tmp_path):
    bundle, _, _ = fit(*training_tables())
    (tmp_path / "fold0").mkdir()
    bundle.save(tmp_path / "fold0")
    return tmp_path / "fold0"


def test_model_of_another_version_is_refused_and_stays_where_it_is(folder):
    """It is no damage: the version that fitted it still reads it."""
    description = folder / "bundle.json"
    content = json.loads(description.read_text())
    description.write_text(json.dumps(content | {"format": 2}))
    with pytest.raises(UserError, match=r"fold0: has format 2, this version reads \d; use the ver"):
        Bundle.load(folder)
    assert description.exists()
    assert [path.name for path in folder.parent.iterdir()] == ["fold0"]


def test_damaged_model_is_set_aside(folder):
    (folder / "bundle.json").write_text("{")
    with pytest.raises(UserError, match="is damaged"):
        Bundle.load(folder)
    assert [path.name for path in folder.parent.iterdir()] == [".fold0.damaged"]
