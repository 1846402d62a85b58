import pytest

from mlfactory import config
from mlfactory.errors import UserError
from mlfactory.raw_files import choice_in_words, nearly, raw_path, refuse_other, sha256


@pytest.mark.parametrize(
    "name",
    [
        *("es_1m.parquet", "ES-1m.parquet", "ES_1min.csv", "ES.parquet", "es 1m.csv"),
        *("ES1m.parquet", "ES_1m.PARQUET", "ES_2024_1m.csv"),
    ],
)
def test_name_that_begins_with_the_symbol_is_nearly_right(tmp_path, name):
    (tmp_path / name).touch()
    assert nearly(tmp_path, "ES") == [name]


@pytest.mark.parametrize(
    "name", ["MES_1m.parquet", "ESX_1m.parquet", "ES2_1m.csv", "ES_1m.txt", "1m_ES.csv"]
)
def test_name_of_another_contract_or_kind_is_not(tmp_path, name):
    (tmp_path / name).touch()
    assert nearly(tmp_path, "ES") == []


def test_folder_that_is_not_there_has_none(tmp_path):
    assert nearly(tmp_path / "none", "ES") == []


def test_several_files_are_a_note_that_names_the_one_that_is_read(tmp_path):
    settings = config.load([], overrides={"raw_folder": str(tmp_path)})
    (tmp_path / "QQQ_5m.parquet").touch()
    assert choice_in_words(settings, "QQQ") == ""
    (tmp_path / "QQQ_1m.parquet").touch()
    assert choice_in_words(settings, "QQQ") == (
        "of QQQ_1m.parquet and QQQ_5m.parquet the finest is read, QQQ_1m.parquet; raw: {QQQ: "
        "{interval: 5min}} would read another"
    )
    settings["raw"]["QQQ"] = {"interval": "5min"}
    assert choice_in_words(settings, "QQQ") == ""


def test_raw_file_is_the_finest_or_of_the_configured_interval(tmp_path):
    settings = config.load([], overrides={"raw_folder": str(tmp_path)})
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
    (tmp_path / "MES_5m.csv").touch()
    settings["raw"]["MES"] = {"interval": "5min"}
    with pytest.raises(UserError, match=r"holds MES_5m\.csv and MES_5m\.parquet; keep one of them"):
        raw_path(settings, "MES")


def test_file_that_was_replaced_since_the_run_began_is_refused(tmp_path):
    raw = tmp_path / "MES_1m.parquet"
    raw.write_text("one")
    began_with = sha256(raw)
    refuse_other(raw, began_with)
    refuse_other(raw, None)
    raw.write_text("two")
    with pytest.raises(UserError, match=r"MES_1m\.parquet: was replaced while the run went on"):
        refuse_other(raw, began_with)
