import pytest

from mlfactory.report._base import MODEL_COLOURS, NULL_COLOUR, THEMES, model_colour

NAMES = {
    *("xgboost", "lightgbm", "catboost", "lstm", "gru", "tcn"),
    *("random_forest", "logistic", "svm", "voting", "stacking", "blending"),
}


def luminance(colour):
    """Relative luminance as WCAG 2 has it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def test_every_model_of_the_registry_has_a_colour_of_its_own():
    assert set(MODEL_COLOURS) == NAMES
    assert len({*MODEL_COLOURS.values(), NULL_COLOUR}) == 13


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("model", MODEL_COLOURS)
def test_colour_stands_out_from_the_ground(model, theme):
    assert contrast(model_colour(model), THEMES[theme]["surface"]) >= 3


def test_colour_of_another_name_is_always_the_same():
    assert model_colour("my_model") == model_colour("my_model") == "#A587C3"
    assert model_colour("my_model") in MODEL_COLOURS.values()
