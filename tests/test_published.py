"""The published dataset: its schema to the letter, and nothing in it learned from val or test."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from mlfactory import published, schemas, tables
from mlfactory.features import catalog
from mlfactory.scaling import RobustScaler
from mlfactory.weights import QualityTiers

NAMES = ("a", "b", "c")
ROWS = {"train": slice(20, 300), "val": slice(320, 400), "test": slice(420, 500)}
BARRIERS = {h: {"k_up": 1.0, "k_down": 1.0, "max_bars": 2 * h} for h in (5, 20)}


def times(n=500):
    return pd.Series(pd.date_range("2024-01-02", periods=n, freq="5min", tz="UTC").as_unit("ns"))


def small_splits():
    n = len(times())
    table = pd.DataFrame({"datetime": times(), "session": np.int32(1), "segment": np.int32(0)})
    values = np.random.default_rng(1).standard_t(2, size=(n, 3)).astype(np.float32)
    table = pd.concat([table, pd.DataFrame(values, columns=list(NAMES))], axis=1)
    return {name: table.iloc[rows].reset_index(drop=True) for name, rows in ROWS.items()}


def small_labels(horizon):
    generator = np.random.default_rng(horizon)
    n = len(times())
    unknown = generator.random(n) < 0.1
    label = pd.Series(generator.integers(0, 3, n)).astype("Int8").mask(unknown)
    quality = pd.Series(generator.uniform(size=n) + 0.1 * label.fillna(0).to_numpy(dtype=float))
    return pd.DataFrame({"datetime": times(), "label": label, "quality": quality / 2})


def made(splits=None, labels=None):
    given = {h: small_labels(h) for h in (5, 20)} if labels is None else labels
    return published.dataset(small_splits() if splits is None else splits, given, symbol="MES")


def test_columns_of_the_published_dataset_are_these():
    for name, table in made().tables.items():
        tables.check(table, schemas.published(NAMES, (5, 20)), name)
        assert list(table.columns) == [
            *("datetime", "symbol", "a", "b", "c"),
            *("label_h5", "label_h20", "sample_weight_h5", "sample_weight_h20"),
        ]
        assert set(table["symbol"]) == {"MES"}


def test_default_schema_has_221_features_and_a_label_and_weight_of_each_horizon():
    columns = list(schemas.published(catalog.names(), (5, 10, 15, 20)).columns)
    assert columns[:2] == ["datetime", "symbol"]
    assert columns[2:223] == list(catalog.names())
    assert columns[223:] == [
        f"{kind}_h{h}" for kind in ("label", "sample_weight") for h in (5, 10, 15, 20)
    ]


def test_every_row_of_a_split_is_there_with_its_own_label():
    labels = small_labels(20).set_index("datetime")["label"]
    for name, table in made().tables.items():
        assert table["datetime"].equals(small_splits()[name]["datetime"])
        own = labels[table["datetime"]].reset_index(drop=True)
        pd.testing.assert_series_equal(table["label_h20"], own, check_names=False)
        assert own.isna().any()


def test_features_are_those_of_the_training_medians_and_ranges_clipped_at_five():
    raw = small_splits()
    low, center, high = np.quantile(raw["train"][list(NAMES)], (0.25, 0.5, 0.75), axis=0)
    for name, table in made().tables.items():
        expected = ((raw[name][list(NAMES)] - center) / (high - low)).clip(-5, 5)
        np.testing.assert_allclose(table[list(NAMES)], expected, rtol=1e-4, atol=1e-6)
    assert (made().tables["train"][list(NAMES)].abs() == 5).to_numpy().any()


def test_weight_is_a_tier_where_there_is_a_label_and_missing_elsewhere():
    for table in made().tables.values():
        for h in (5, 20):
            weight, label = table[f"sample_weight_h{h}"], table[f"label_h{h}"]
            assert set(weight.dropna()) == {0.5, 1.0, 1.5}
            assert weight.isna().equals(label.isna())


def test_training_weights_favour_no_class():
    train = made().tables["train"]
    means = train.groupby("label_h5")["sample_weight_h5"].mean()
    assert np.ptp(means) / means.mean() < 0.05


def training_content(splits, labels):
    """Everything that is learned from, or published of, the training split, as bytes."""
    result = made(splits, labels)
    hashed = pd.util.hash_pandas_object(result.tables["train"]).to_numpy()
    scaler = np.concatenate([result.scaler.center, result.scaler.scale])
    tiers = np.concatenate([cut for t in result.tiers.values() for cut in (t.low, t.high)])
    return {"table": hashed.tobytes(), "scaler": scaler.tobytes(), "tiers": tiers.tobytes()}


def published_violations():
    """What of the training split's content changes when val and test are replaced by noise."""
    splits, labels = small_splits(), {h: small_labels(h) for h in (5, 20)}
    honest = training_content(splits, labels)
    for name in ("val", "test"):
        splits[name] = splits[name].assign(**dict.fromkeys(NAMES, np.float32(1000)))
    later = np.arange(len(times())) >= ROWS["train"].stop
    for h, table in labels.items():
        labels[h] = table.assign(
            quality=table["quality"].mask(later, 0.999),
            label=table["label"].mask(later & table["label"].notna(), 2),
        )
    spoilt = training_content(splits, labels)
    return [name for name in honest if honest[name] != spoilt[name]]


def test_nothing_of_the_training_split_is_learned_from_validation_or_test():
    assert published_violations() == []


def leak_scaler(monkeypatch):
    """Medians and ranges of the rows of all splits."""
    honest, fit = published.dataset, RobustScaler.fit

    def of_all_rows(splits, labels, *, symbol):
        values = np.concatenate([table[list(NAMES)].to_numpy() for table in splits.values()])
        monkeypatch.setattr(RobustScaler, "fit", lambda train: fit(values))
        return honest(splits, labels, symbol=symbol)

    monkeypatch.setattr(published, "dataset", of_all_rows)


def leak_tiers(monkeypatch):
    """Percentiles of the quality scores of all bars."""
    honest, fit = published.dataset, QualityTiers.fit

    def of_all_rows(splits, labels, *, symbol):
        known = pd.concat([table[table["label"].notna()] for table in labels.values()])
        label, quality = known["label"].to_numpy(dtype=np.int8), known["quality"].to_numpy()
        monkeypatch.setattr(QualityTiers, "fit", lambda *train: fit(label, quality))
        return honest(splits, labels, symbol=symbol)

    monkeypatch.setattr(published, "dataset", of_all_rows)


@pytest.mark.parametrize(
    ("leak", "caught"), [(leak_scaler, ["table", "scaler"]), (leak_tiers, ["table", "tiers"])]
)
def test_scaler_or_tiers_fitted_on_all_rows_are_caught(monkeypatch, leak, caught):
    leak(monkeypatch)
    assert published_violations() == caught


def test_labels_of_other_bars_are_refused():
    labels = {5: small_labels(5).drop(index=100)}
    with pytest.raises(ValueError, match="not an unbroken run"):
        made(labels=labels)


def test_scaler_file_is_read_by_the_scaler_itself(tmp_path):
    result = made()
    tables.write_json(result.scaler_content(), tmp_path / "feature_scaler.json")
    again = RobustScaler.load(tmp_path / "feature_scaler.json")
    np.testing.assert_array_equal(again.center, result.scaler.center)
    np.testing.assert_array_equal(again.scale, result.scaler.scale)
    content = tables.read_json(tmp_path / "feature_scaler.json")
    assert content["features"] == list(NAMES)
    assert (content["clip"], content["rows"], content["fitted_on"]) == (5, 280, "train")


def described(*names, formula="x"):
    return {"features": [{"name": name, "formula": formula} for name in names]}


def test_feature_set_has_an_id_that_follows_names_order_and_formulas():
    ids = [
        published.feature_set(described(*names, formula=formula), names)["id"]
        for names, formula in ((("a", "b"), "x"), (("b", "a"), "x"), (("a", "b"), "y"))
    ]
    assert len(set(ids)) == 3
    with pytest.raises(ValueError, match="does not describe"):
        published.feature_set(described("a"), ("a", "b"))


def test_manifest_counts_rows_times_and_classes_and_hashes_the_files(tmp_path):
    result = made()
    (tmp_path / "x.json").write_bytes(b"content")
    content = published.manifest(
        result, symbol="MES", barriers=BARRIERS, files=[str(tmp_path / "x.json")]
    )
    tables.write_json(content, tmp_path / "dataset_manifest.json")
    read = tables.read_json(tmp_path / "dataset_manifest.json")
    assert read["sha256"] == {"x.json": hashlib.sha256(b"content").hexdigest()}
    assert read["horizons"]["20"]["barriers"] == BARRIERS[20]
    val, label = read["splits"]["val"], result.tables["val"]["label_h5"].dropna()
    assert val["rows"] == 80
    assert val["first"] == str(times()[320])
    assert val["last"] == str(times()[399])
    assert val["labels"]["5"]["rows"] == len(label)
    assert val["labels"]["5"]["shares"]["long"] == pytest.approx((label == 2).mean(), abs=1e-6)
