import pytest

from mlfactory.raw_names import nearly


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
