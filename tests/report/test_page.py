"""The page as a whole, and in a real headless browser: nothing on the console, nothing from outside, choices work."""

import json
import os
import re
import shutil

import pytest

from evenvae import EvenVAE, Network
from evenvae.report import build, gather
from report_support import figures

NAMES = ["columns", "marginals", "associations", "training", "gradients", "missing", "latent", "unusual", "card"]
WIDTHS = {"desktop": (1280, 900, "light"), "phone": (390, 844, "dark")}


def test_sections_come_in_reading_order(sections):
    assert list(sections) == NAMES
    assert all(section.lead and section.parts for section in sections.values())


def test_ensembles_of_another_purpose_and_elementwise_balancers(table):
    network = Network(width=8, depth=1)
    model = EvenVAE(network=network, latent_size=1, epochs=2, ensemble=2, purpose="impute", balance="graddrop").fit(
        table
    )
    sections = {section.name: section for section in build(gather(model, table))}
    assert len(figures(sections["training"])["training-loss"].data) == 6
    assert sections["latent"].parts[0].data[0]["y"] == [0.0] * 300


def test_page_is_whole_and_escaped(page):
    assert len(re.findall(r"<section id=", page)) == len(NAMES)
    assert not re.search(r'<(script|link|img)[^>]+(src|href)="(?!data:)', page)
    text = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.S).group(1)
    found = json.loads(text)
    assert any("city </script>" in figure.get("rows", ()) for figure in found.values())
    assert "city &lt;/script&gt;" in page


def chromium(driver):
    """A browser of the system, or playwright's own."""
    found = os.environ.get("EVENVAE_BROWSER") or next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    return driver.chromium.launch(executable_path=found, args=quiet)


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        try:
            launched = chromium(driver)
        except playwright.Error as error:
            pytest.skip(f"no Chromium is at hand: {str(error).splitlines()[0]}")
        yield launched
        launched.close()


@pytest.fixture(params=WIDTHS)
def opened(request, browser, page, tmp_path):
    """``(page in the browser, what its console said and what it asked the network for)``."""
    width, height, scheme = WIDTHS[request.param]
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    said = []
    tab.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda asked: said.append(asked.url) if asked.url.startswith("http") else None)
    tab.goto(path.as_uri())
    tab.wait_for_selector("body[data-ready]")
    yield tab, said
    tab.close()


def drawn(tab, name):
    """Scroll to a figure and wait until it is drawn."""
    tab.locator(f"#plot-{name}").scroll_into_view_if_needed()
    tab.wait_for_selector(f"#plot-{name} .main-svg")


def visible(tab, selector):
    return tab.locator(selector).evaluate_all("all => all.filter(e => !e.hidden).length")


def test_every_section_is_drawn_without_a_word_on_the_console(opened):
    tab, said = opened
    assert [section.get_attribute("id") for section in tab.locator("section").all()] == NAMES
    for element in tab.locator(".plot").all():
        name = element.get_attribute("data-figure")
        drawn(tab, name)
        assert element.locator(".trace, .hm, .heatmaplayer image").count() > 0, name
    # nothing sticks out to the side
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert said == []


def test_search_and_filter_leave_what_matches(opened):
    tab, said = opened
    drawn(tab, "learned")
    rows = lambda: tab.evaluate("document.getElementById('plot-learned').data[0].y")
    assert len(rows()) == 6
    tab.fill("#search", "INCOME")
    assert visible(tab, ".card") == 1
    assert rows() == ["income"]
    assert tab.locator("#count").text_content() == "1 of 6 columns"
    tab.select_option("#kind", "levels")
    assert visible(tab, ".card") == 0
    assert tab.locator("#marginals .nothing").is_visible()
    tab.fill("#search", "")
    assert visible(tab, ".card") == 3
    assert set(rows()) == {"city </script>", "member", "rich"}
    tab.select_option("#kind", "")
    assert visible(tab, ".card") == 6
    assert said == []


def test_choices_and_order_change_what_is_shown(opened):
    tab, said = opened
    drawn(tab, "associations")
    shown = lambda: tab.evaluate("document.getElementById('plot-associations').data[0].z")
    before = shown()
    tab.select_option("select[data-for=associations]", "2")
    assert shown() != before
    drawn(tab, "latent")
    colours = lambda: tab.evaluate("document.getElementById('plot-latent').data[0].marker.color")
    before = colours()
    other = tab.locator("select[data-for=latent] option:not(:checked)").first.get_attribute("value")
    tab.select_option("select[data-for=latent]", other)
    assert colours() != before
    tab.select_option("select.order", "sampled")
    order = tab.locator(".card").evaluate_all("cards => cards.map(card => JSON.parse(card.dataset.facts).sampled)")
    assert order == sorted(order)
    assert said == []


def test_light_and_dark(opened):
    tab, said = opened
    drawn(tab, "learned")
    colour = lambda: tab.evaluate("getComputedStyle(document.body).backgroundColor")
    font = lambda: tab.evaluate("document.getElementById('plot-learned').layout.font.color")
    before = colour(), font()
    tab.click("#theme")
    assert colour() != before[0]
    assert font() != before[1]
    assert said == []
