import copy
import datetime
import re
import subprocess
import sys

import pytest
import yaml

from mlfactory.config import ROOT, barriers, checked, load, of_symbol
from mlfactory.config_reference import reference
from mlfactory.errors import UserError

DEFAULT = yaml.safe_load((ROOT / "config/config.yaml").read_text())
SCHEMA = yaml.safe_load((ROOT / "config/config.schema.yaml").read_text())


def leaves(schema, path=()):
    """(path, schema) of every key of the configuration."""
    for name, below in schema.get("properties", {}).items():
        yield (*path, name), below
        yield from leaves(below, (*path, name))
    for below in schema.get("patternProperties", {}).values():
        yield from leaves(below, (*path, "*"))


def changed(key, value):
    config = copy.deepcopy(DEFAULT)
    at = config
    *above, last = key.split(".")
    for name in above:
        at = at.setdefault(name, {})
    at[last] = value
    return config


def test_every_key_has_a_description_and_a_default():
    for path, schema in leaves(SCHEMA):
        assert schema["description"], path
        in_barriers = path[:2] == ("labels", "barriers") and len(path) > 2
        assert "default" in schema or in_barriers, path


def test_config_file_holds_every_key_with_the_schemas_default():
    default = checked({})
    written = checked(DEFAULT)
    for symbol in ("MES", "MGC"):
        del written["labels"]["barriers"][symbol]
    assert set(written.pop("synthetic")) == {"DEMO", "DEMONULL"}
    default.pop("synthetic")
    assert written == default
    assert list(DEFAULT) == list(SCHEMA["properties"])


def test_reference_is_what_the_schemas_say():
    page = (ROOT / "config/README.md").read_text()
    assert page == reference(), "python -m mlfactory.config_reference writes config/README.md"


def test_reference_has_a_row_for_every_key():
    page = (ROOT / "config/README.md").read_text()
    rows = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    below = [path for path, schema in leaves(SCHEMA) if "properties" not in schema]
    names = {".".join(path) for path in below if path[-1] != "*"} - {"raw", "synthetic"}
    assert {re.sub("<[a-z]+>", "*", row) for row in rows} >= names


@pytest.mark.parametrize("overlay", ["demo", "quick", "test"])
def test_overlays_are_valid(overlay):
    assert load([ROOT / f"config/{overlay}.yaml"])["horizons"][-1] == 20


def test_overlay_keeps_what_it_does_not_name(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "folds: {n_splits: 4}\nlabels: {barriers: {MES: {20: {k_up: 9, k_down: 9, max_bars: 50}}}}"
    )
    settings = load([tmp_path / "mine.yaml"])
    assert settings["folds"] == {
        "n_splits": 4,
        "file": None,
        "embargo": {"sessions": 1, "min_bars": 240},
    }
    assert barriers(settings, "MES", 20)["k_up"] == 9
    assert barriers(settings, "MES", 5)["k_up"] == 1.5
    assert barriers(settings, "NQ", 5)["k_up"] == 1.35


@pytest.mark.parametrize(
    ("timeframes", "message"),
    [
        (["5min"], "5min is not longer than bars.interval=5min; take 5min out of features.timef"),
        (["1min"], "1min is not longer than bars.interval=5min"),
        (["24h"], "24h is not shorter than a day; write 1d, which is a session"),
        (["12min"], "12min is no multiple of bars.interval=5min; choose a multiple"),
        (["1h", "60min"], "60min is as long as 1h; take one out"),
        (["1week"], "must be text such as 15min or 4h or 1d"),
    ],
)
def test_timeframe_that_cannot_be_is_refused_with_the_way_out(timeframes, message):
    with pytest.raises(UserError) as refusal:
        checked(changed("features.timeframes", timeframes))
    assert message in str(refusal.value)


def test_bars_as_long_as_a_default_timeframe_need_it_taken_out():
    config = changed("bars.interval", "15min")
    with pytest.raises(UserError, match=r"15min is not longer than bars\.interval=15min; take"):
        checked(config)
    config["features"]["timeframes"] = ["30min", "1h", "4h", "1d"]
    assert checked(config)["features"]["timeframes"][0] == "30min"


def test_folder_of_zones_is_no_zone():
    with pytest.raises(UserError, match=r"raw\.NQ\.timezone='America' is no zone"):
        checked(changed("raw.NQ", {"timezone": "America"}))


def test_dates_may_carry_a_zone_or_no_quotes():
    config = changed("splits.val_start", "2024-03-01T00:00:00Z")
    config["splits"]["test_start"] = datetime.date(2024, 4, 1)
    assert checked(config)["splits"]["test_start"] == "2024-04-01"


def test_barriers_of_a_symbol_that_is_not_configured_are_checked_when_asked_for():
    config = changed("labels.barriers.MES.20", {"k_up": 1, "k_down": 1, "max_bars": 61})
    settings = checked(config)
    with pytest.raises(UserError, match=r"labels\.barriers\.MES\.20\.max_bars=61 must lie between"):
        barriers(settings, "MES", 20)


@pytest.mark.parametrize("searched", [False, True])
@pytest.mark.parametrize("horizon", [1, 7, 30, 10000])
def test_barriers_that_the_message_suggests_can_be_run_as_they_stand(tmp_path, horizon, searched):
    asked = {"horizons": [horizon], "labels": {"search": {"enabled": searched}}}
    with pytest.raises(UserError) as refusal:
        load([], overrides=asked)
    (tmp_path / "mine.yaml").write_text(str(refusal.value).split("--configfile: ")[1])
    settings = load([tmp_path / "mine.yaml"], overrides=asked)
    assert barriers(settings, "MES", horizon)["max_bars"] >= horizon


def test_several_symbols_are_allowed_when_asked_for():
    config = changed("symbols", ["MES", "ES"]) | {"allow_batch_symbols": True}
    assert checked(config)["symbols"] == ["MES", "ES"]


def test_numbers_of_the_command_line_may_arrive_as_text():
    config = changed("folds.n_splits", "4") | {"horizons": ["20"], "allow_batch_symbols": "true"}
    settings = checked(config)
    assert settings["folds"]["n_splits"] == 4
    assert settings["horizons"] == [20]
    assert settings["allow_batch_symbols"] is True
    assert repr(checked(changed("splits.purge_bars", 60.0))["splits"]["purge_bars"]) == "60"
    with pytest.raises(UserError, match=r"config: horizons\.0=twenty must be a whole number >= 1"):
        checked(config | {"horizons": ["twenty"]})


def test_settings_of_a_symbol_hold_nothing_of_another():
    settings = checked(changed("raw", {name: {"timezone": "UTC"} for name in ("MES", "ES")}))
    own = of_symbol(settings, "MES")
    assert own["symbols"] == ["MES"]
    assert own["raw"].keys() == {"MES"}
    assert own["synthetic"] == {}
    assert own["labels"]["barriers"].keys() <= {"default", "MES"}
    assert settings["raw"].keys() == {"MES", "ES"}


CHECKED = """
import sys
from mlfactory import config
config.checked(config.load([]))
print(*(name for name in ("scipy", "sklearn", "torch", "numba") if name in sys.modules))
"""


def test_checking_the_config_at_every_start_imports_no_library_of_models():
    found = subprocess.run([sys.executable, "-c", CHECKED], capture_output=True, text=True)
    assert found.stdout.split() == [], found.stderr
