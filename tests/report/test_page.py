import json
import re

import pytest
from small_report import ATTACK, small_evidence

from mlfactory.report import page
from mlfactory.report._base import THEMES, Chart
from mlfactory.report._markup import embedded

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def sections(evidence):
    return [section(evidence) for section in page.SECTIONS]


def charts(sections):
    return [block for s in sections for block in s.blocks if isinstance(block, Chart)]


def coloured(value, theme):
    """A figure with its colours by name put in, as the page's script does."""
    if isinstance(value, str) and value.startswith("@"):
        return theme[value[1:]]
    if isinstance(value, dict):
        return {key: coloured(content, theme) for key, content in value.items()}
    if isinstance(value, list | tuple):
        return [coloured(item, theme) for item in value]
    return value


def test_page_is_small_and_whole(written):
    text = written.read_text()
    assert len(text.encode()) < 6 * MEGABYTE
    assert text.startswith("<!doctype html>")
    assert text.endswith("</html>\n")
    assert list(written.parent.iterdir()) == [written]


def test_page_names_no_other_file(written):
    text = written.read_text()
    addresses = re.findall(r"""<[^<>]*\b(?:src|href)=["']([^"']*)""", text.split("<script")[0])
    assert addresses
    assert [a for a in addresses if not a.startswith(("#", "data:"))] == []
    assert "@import" not in text.split("</style>")[0]
    assert "url(" not in text.split("</style>")[0]
    assert "<script src" not in text


def test_text_from_data_and_config_stays_text(written):
    text = written.read_text()
    assert ATTACK not in text
    assert text.count("&lt;script&gt;alert(1)") >= 3
    assert text.count("<script") - text.count("&lt;script") <= text.count("</script>")


def test_content_of_a_script_element_cannot_end_it():
    text = embedded({"name": "</script><!--&"})
    assert "<" not in text
    assert json.loads(text) == {"name": "</script><!--&"}


def test_every_section_and_horizon_is_there(written, sections):
    text = written.read_text()
    for section in sections:
        assert text.count(f'<section id="{section.anchor}">') == 1
        assert f'href="#{section.anchor}"' in text
    assert re.findall(r'<button type="button" data-horizon="(\d+)"', text) == ["20", "5"]


def test_every_chart_has_its_sentence_and_every_axis_with_numbers_its_unit(sections):
    for chart in charts(sections):
        assert chart.shows
        assert chart.alarming
        for figure in chart.figures:
            numbers = {
                axis
                for axis in ("x", "y")
                for trace in figure.data
                if not isinstance(next(iter(trace[axis]), ""), str)
                and "ticktext" not in figure.layout[f"{axis}axis"]
            }
            for axis in numbers:
                assert figure.layout[f"{axis}axis"]["title"]["text"], chart.title


@pytest.mark.parametrize("theme", THEMES)
def test_every_figure_is_one_that_plotly_accepts(sections, theme):
    from plotly.graph_objects import Figure

    for figure in page.figures(sections):
        plain = json.loads(json.dumps(figure))
        Figure(
            data=coloured(plain["data"], THEMES[theme]),
            layout=coloured(plain["layout"], THEMES[theme]),
        )


def test_figures_stand_in_the_order_of_their_numbers(written, sections):
    numbers = [int(n) for n in re.findall(r'data-figure="(\d+)"', written.read_text())]
    assert numbers == list(range(len(page.figures(sections))))
    assert len(numbers) > 30


def test_model_has_the_same_colour_in_every_section(sections):
    by_id = {section.anchor: section for section in sections}
    score = charts([by_id["scores"]])[0].figures[0].data[-1]["marker"]["color"]
    importance = [f for c in charts([by_id["importance"]]) for f in c.figures if f.title]
    assert [figure.data[0]["marker"]["color"] for figure in importance[:2]] == score[:2]


@pytest.mark.parametrize(
    "options",
    [
        *({"n_nulls": 0}, {"ensembles": ()}, {"horizons": (20,)}, {"models": ("xgboost",)}),
        {"searched": False},
    ],
    ids=["no null", "no ensemble", "one horizon", "one model", "no search"],
)
def test_page_of_less(tmp_path, options):
    text = page.html(small_evidence(tmp_path / "results", **options))
    assert text.count("<section") == len(page.SECTIONS)
    assert ("<button" in text.split("<script")[0]) == (options.get("horizons") is None)


def test_only_warnings_have_the_colour_of_one(tmp_path):
    text = page.html(small_evidence(tmp_path / "results", searched=False))
    found = re.findall(r'<div class="block (note[^"]*)"><p>(\w+ \w+)', text)
    assert found == [
        ("note warning", "Before betting"),
        *[("note", "No model")] * 2,
        *[("note", "The meta")] * 2,
        ("note", "The configured"),
    ]
