import copy
import datetime

import pytest
import yaml

from mlfactory import config as configuration
from mlfactory.config import ROOT, barriers, checked, load, raw_path
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


@pytest.mark.parametrize("overlay", ["demo", "quick", "test"])
def test_overlays_are_valid(overlay):
    assert load([ROOT / f"config/{overlay}.yaml"])["horizons"][-1] == 20


def test_overlay_keeps_what_it_does_not_name(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "folds: {n_splits: 4}\nlabels: {barriers: {MES: {20: {k_up: 9, k_down: 9, max_bars: 50}}}}"
    )
    settings = load([tmp_path / "mine.yaml"])
    assert settings["folds"] == {"n_splits": 4, "embargo": {"sessions": 1, "min_bars": 240}}
    assert barriers(settings, "MES", 20)["k_up"] == 9
    assert barriers(settings, "MES", 5)["k_up"] == 1.5
    assert barriers(settings, "NQ", 5)["k_up"] == 1.35


MISTAKES = {
    "folds.n_split": (3, "unknown key folds.n_split; did you mean n_splits?"),
    "fold": ({}, "unknown key fold; did you mean folds?"),
    "folds.n_splits": (1, "folds.n_splits=1: 1 is less than the minimum of 2. Number of contig"),
    "horizons": ([20, 7], "horizon 7 has no barriers; add to the config: labels: {barriers:"),
    "symbols": (["MES", "ES"], "symbols MES, ES in one run"),
    "models": (["lightgmb"], "model 'lightgmb': did you mean lightgbm?"),
    "ensembles": (["logistic"], "ensembles: logistic is a base model; move it to models"),
    "splits.purge_bars": (
        40,
        "splits.purge_bars=40 is shorter than labels.barriers.default.20.max_bars=50: labels would",
    ),
    "splits.train_share": (0.9, "splits.train_share + splits.val_share = 1.05 leaves no test"),
    "splits.val_start": ("2024-01-01", "val_start and splits.test_start are set together"),
    "bars.interval": ("90s", "bars.interval='90s' is not a whole number of minutes"),
    "bars.max_gap": ("soon", "bars.max_gap='soon' is not a whole number of minutes"),
    "raw.MES": (
        {"timezone": "Chicago"},
        "timezone='Chicago' is no zone; did you mean America/Chicago?",
    ),
    "raw.NQ": ({"timezone": "America"}, "raw.NQ.timezone='America' is no zone"),
    "raw.ES": ({"interval": "15min"}, "bars.interval=5min is not a multiple of raw.ES.interval"),
    "features.families": (["price"], "features.families lacks temporal"),
    "labels.barriers.default.20.max_bars": (70, "max_bars=70 must lie between 20 and 60"),
    "seed": (-1, "seed=-1: -1 is less than the minimum of 0"),
    "raw.mes": ({}, "unknown key raw.mes"),
}


@pytest.mark.parametrize("key", MISTAKES)
def test_mistake_is_refused_in_one_line_with_key_value_and_way_out(key):
    value, message = MISTAKES[key]
    config = changed(key, value) if "barriers" not in key else copy.deepcopy(DEFAULT)
    if "barriers" in key:
        config["labels"]["barriers"]["default"][20]["max_bars"] = value
    with pytest.raises(UserError) as refusal:
        checked(config)
    text = str(refusal.value)
    assert text.startswith("config: ")
    assert message in text
    assert "\n" not in text


def test_unknown_feature_family_is_refused_with_the_nearest():
    config = changed("features.families", [*DEFAULT["features"]["families"], "trends"])
    with pytest.raises(UserError, match="unknown family 'trends'; did you mean trend"):
        checked(config)


@pytest.mark.parametrize(
    ("timeframes", "message"),
    [
        (["5min"], "5min is not longer than bars.interval=5min; take 5min out of features.timef"),
        (["1min"], "1min is not longer than bars.interval=5min"),
        (["24h"], "24h is not shorter than a day; write 1d, which is a session"),
        (["12min"], "12min is no multiple of bars.interval=5min; choose a multiple"),
        (["1h", "60min"], "60min is as long as 1h; take one out"),
        (["1week"], "does not match"),
        ([], "should be non-empty"),
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


def test_dates_of_the_splits_must_ascend():
    config = changed("splits.val_start", "2025-01-01")
    config["splits"]["test_start"] = "2024-01-01"
    with pytest.raises(UserError, match="is not before splits"):
        checked(config)


def test_dates_may_carry_a_zone_or_no_quotes():
    config = changed("splits.val_start", "2024-03-01T00:00:00Z")
    config["splits"]["test_start"] = datetime.date(2024, 4, 1)
    assert checked(config)["splits"]["test_start"] == "2024-04-01"


def test_overlay_that_is_no_mapping_is_refused_in_one_line(tmp_path):
    (tmp_path / "mine.yaml").write_text("- folds")
    with pytest.raises(UserError, match=r"mine\.yaml: is a list, not keys with values"):
        load([tmp_path / "mine.yaml"])


def test_barriers_of_a_symbol_that_is_not_configured_are_checked_when_asked_for():
    config = changed("labels.barriers.MES.20", {"k_up": 1, "k_down": 1, "max_bars": 61})
    settings = checked(config)
    with pytest.raises(UserError, match=r"labels\.barriers\.MES\.20\.max_bars=61 must lie between"):
        barriers(settings, "MES", 20)


def test_several_symbols_are_allowed_when_asked_for():
    config = changed("symbols", ["MES", "ES"]) | {"allow_batch_symbols": True}
    assert checked(config)["symbols"] == ["MES", "ES"]


def test_numbers_of_the_command_line_may_arrive_as_text():
    config = changed("folds.n_splits", "4") | {"horizons": ["20"], "allow_batch_symbols": "true"}
    settings = checked(config)
    assert settings["folds"]["n_splits"] == 4
    assert settings["horizons"] == [20]
    assert settings["allow_batch_symbols"] is True
    with pytest.raises(UserError, match=r"horizons\.0='twenty': 'twenty' is not of type 'integer'"):
        checked(config | {"horizons": ["twenty"]})


def test_broken_yaml_is_refused_in_one_line(tmp_path):
    (tmp_path / "mine.yaml").write_text("folds: {n_splits: 3\n  - x")
    with pytest.raises(UserError, match=r"mine\.yaml: is not valid yaml"):
        load([tmp_path / "mine.yaml"])


def test_key_entered_twice_in_an_overlay_is_refused(tmp_path):
    (tmp_path / "mine.yaml").write_text("folds:\n  n_splits: 3\n  n_splits: 4\n")
    with pytest.raises(UserError, match=r"mine\.yaml: key n_splits in line 3"):
        load([tmp_path / "mine.yaml"])


def test_raw_file_is_the_finest_or_of_the_configured_interval(tmp_path):
    settings = checked(DEFAULT | {"raw_folder": str(tmp_path)})
    with pytest.raises(UserError, match=r"MES_1m\.parquet: no such file; put the contract's rows"):
        raw_path(settings, "MES")
    for name in ("MES_5m.parquet", "MES_1m.csv", "MES_10m.parquet", "MES_1m.txt", "ES_1m.csv"):
        (tmp_path / name).touch()
    assert raw_path(settings, "MES").name == "MES_1m.csv"
    settings["raw"]["MES"] = {"interval": "5min"}
    assert raw_path(settings, "MES").name == "MES_5m.parquet"
    settings["raw"]["MES"] = {"interval": "3min"}
    with pytest.raises(UserError, match=r"MES_3m\.parquet: no such file"):
        raw_path(settings, "MES")


def test_model_yaml_of_another_model_is_refused(tmp_path):
    (tmp_path / "config/models").mkdir(parents=True)
    schema = (ROOT / "config/models.schema.yaml").read_text()
    (tmp_path / "config/models.schema.yaml").write_text(schema)
    yaml_text = (ROOT / "config/models/xgboost.yaml").read_text()
    (tmp_path / "config/models/lightgbm.yaml").write_text(yaml_text)
    with pytest.raises(UserError, match=r"lightgbm\.yaml: model\.type=xgboost, must be lightgbm"):
        configuration.load_models(["lightgbm"], tmp_path)
