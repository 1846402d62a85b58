"""The page in a real browser: Chromium must be installed (`apt-get install chromium`)."""

import os

import browser
import pytest
from small_report import ATTACK

pytestmark = pytest.mark.xdist_group("browser")

SEEN = "[...document.querySelectorAll('.figure')].filter(node => node.offsetParent !== null)"
INK = "getComputedStyle(document.querySelector('.figure .xtitle')).fill"

PARTS = "[...document.querySelectorAll('.blocks[data-horizon]:not([hidden])')]"
SHOWN = f"[...new Set({PARTS}.map(part => part.dataset.horizon))].join()"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    if browser.chromium() is None:
        reason = f"none of {', '.join(browser.NAMES)} is installed: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with browser.page(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_opens_with_its_charts_and_without_an_error_or_a_request(page, written, width, scheme):
    page.errors.clear()
    page.requests.clear()
    page.show(written.as_uri(), width=width, scheme=scheme)
    assert page.errors == []
    outside = [url for url in page.requests if not url.startswith(("data:", "blob:"))]
    assert outside == [written.as_uri()]
    assert page.value("document.documentElement.scrollWidth") <= width
    assert page.value("document.querySelectorAll('script').length") == 4
    assert ATTACK in page.value("document.querySelector('.under').textContent")
    assert page.value(f"{SEEN}.length") > 20
    assert page.value(f"{SEEN}.filter(node => !node.querySelector('.main-svg')).length") == 0


def test_page_follows_the_readers_colour_scheme_and_chosen_horizon(page, written):
    page.show(written.as_uri(), width=390, scheme="light")
    light = page.value(INK)
    page.prefer("dark")
    page.wait(f"{INK} !== '{light}'")
    assert page.value(SHOWN) == "20"
    page.value("document.querySelector('button[data-horizon=\"5\"]').click()")
    assert page.value(SHOWN) == "5"
    assert page.value(f"{SEEN}.filter(node => !node.querySelector('.main-svg')).length") == 0
    page.wide(700)
    page.value("document.querySelector('button[data-horizon=\"20\"]').click()")
    page.wait(f"{SEEN}.every(node => node.clientWidth === node._fullLayout.width)")
    assert page.errors == []


def test_request_or_error_would_be_noticed(page, tmp_path):
    path = tmp_path / "bad.html"
    path.write_text(
        "<img src='http://127.0.0.1:9/x.png'><script>"
        "document.documentElement.dataset.ready = 'yes'; console.error('wrong')</script>"
    )
    page.show(path.as_uri(), width=390)
    page.wait("document.images[0].complete")
    assert "http://127.0.0.1:9/x.png" in page.requests
    assert page.errors
