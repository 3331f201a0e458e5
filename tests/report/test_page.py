"""The page as a whole, and in a real headless browser: nothing on the console, nothing from outside, choices work."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from evenvae import EvenVAE, InputError, Network
from evenvae.report import associations, build, check_installed, gather, render
from evenvae.report.page import figures_of
from report_support import figures, pointed, show, stretched

NAMES = ["columns", "marginals", "associations", "training", "gradients", "missing", "latent", "unusual", "card"]


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


def test_a_missing_library_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setattr("evenvae.report.page.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"needs jinja2: pip install 'evenvae\[report\]'"):
        check_installed()


def test_page_is_whole_and_escaped(page):
    assert len(re.findall(r"<section id=", page)) == len(NAMES)
    assert not re.search(r'<(script|link|img)[^>]+(src|href)="(?!data:)', page)
    text = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.S).group(1)
    found = json.loads(text)
    assert any("city </script>" in figure.get("rows", ()) for figure in found.values())
    assert "city &lt;/script&gt;" in page


def visible(tab, selector):
    return tab.locator(selector).evaluate_all("all => all.filter(e => !e.hidden).length")


def test_every_section_is_drawn_without_a_word_on_the_console(opened):
    tab, said = opened
    assert [section.get_attribute("id") for section in tab.locator("section").all()] == NAMES
    for element in tab.locator(".plot").all():
        name = element.get_attribute("data-figure")
        show(tab, name)
        assert element.locator(".marks > *").count() > 0, name
    # nothing sticks out to the side
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert said == []


def test_search_and_filter_leave_what_matches(opened):
    tab, said = opened
    picture = show(tab, "learned")
    rows = lambda: picture.locator(".name").all_text_contents()
    assert len(rows()) == 6
    assert picture.locator(".mark").count() == 12
    tab.fill("#search", "INCOME")
    assert visible(tab, ".card") == 1
    assert rows() == ["income"]
    assert picture.locator(".mark").count() == 2
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


def test_choices_and_order_change_what_is_shown(opened, sections):
    tab, said = opened
    picture = show(tab, "associations")
    first = lambda: pointed(tab, picture, ".marks .ground", 1)
    (_, real), (_, sampled), _ = figures(sections["associations"])["associations"].choice.options
    value = lambda patch: f"{patch['z'][0][0][1]}".replace("-", "−")
    assert first().endswith(value(real))
    tab.select_option("select[data-for=associations]", "1")
    assert first().endswith(value(sampled))
    show(tab, "latent")
    colours = lambda: tab.locator("#plot-latent .mark").evaluate_all("all => all.map(e => e.getAttribute('fill'))")
    before = colours()
    assert len(before) == 300
    other = tab.locator("select[data-for=latent] option:not(:checked)").first.get_attribute("value")
    tab.select_option("select[data-for=latent]", other)
    assert colours() != before
    tab.select_option("select.order", "sampled")
    order = tab.locator(".card").evaluate_all("cards => cards.map(card => JSON.parse(card.dataset.facts).sampled)")
    assert order == sorted(order)
    assert said == []


def test_light_and_dark(opened):
    tab, said = opened
    picture = show(tab, "associations")
    colour = lambda: tab.evaluate("getComputedStyle(document.body).backgroundColor")
    style = lambda selector: picture.locator(selector).first.evaluate("e => getComputedStyle(e).fill")
    before = colour(), style(".name"), style(".ground")
    tab.click("#theme")
    assert all(now != then for now, then in zip((colour(), style(".name"), style(".ground")), before, strict=True))
    assert said == []


def test_dark_pages_are_printed_whole_and_dark_on_light(open_page, page):
    tab, _ = open_page(page, scheme="dark")
    picture = show(tab, "learned")
    tab.emulate_media(media="print", color_scheme="dark")
    assert picture.locator(".name").first.evaluate("e => getComputedStyle(e).fill") == "rgb(28, 36, 48)"
    printed = "all => all.every(e => e.getBoundingClientRect().width > 1)"
    for selector in ("#plot-learned .mark", "#plot-learned .keys i"):
        assert tab.locator(selector).count() > 1
        assert tab.locator(selector).evaluate_all(printed), selector
    assert not tab.locator(".find").is_visible()


def test_pictures_follow_the_width_of_the_window(opened):
    tab, said = opened
    picture = show(tab, "learned")
    tab.set_viewport_size({"width": 700, "height": 800})
    width = picture.evaluate("e => e.clientWidth")
    tab.wait_for_selector(f"#plot-learned svg[viewBox^='0 0 {width} ']")
    assert said == []


HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "\"'<&",
    "<svg onload=alert(2)>",
    "%{x}</extra><b>`${1}`",
    "__proto__",
]


def test_names_and_levels_that_look_like_markup_are_texts(open_page):
    """Of columns, of levels and of the models; in the page, in its pictures and beside the pointer."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({name: rng.choice(HOSTILE, 80) for name in HOSTILE} | {"number": rng.normal(size=80)})
    model = EvenVAE(network=Network(width=8, depth=1), latent_size=2, epochs=1).fit(table)
    evidence = gather(model, table, beside=model, labels=(HOSTILE[0], HOSTILE[2]))
    page = render(evidence, build(evidence), title=HOSTILE[0], source=HOSTILE[1])
    assert not re.search("<img|<svg|<b>`", page.split("<script>")[0])
    tab, said = open_page(page)
    tab.select_option("#kind", "levels")
    assert visible(tab, ".card") == len(HOSTILE)
    tab.select_option("#kind", "")
    names = show(tab, "learned").locator(".name").all_text_contents()
    assert set(names) >= {HOSTILE[1], HOSTILE[2]}
    for element in tab.locator(".plot").all():
        show(tab, element.get_attribute("data-figure"))
    assert pointed(tab, tab.locator("#plot-marginal-0 svg"), ".mark", 0).split("\n")[0] in HOSTILE
    tab.select_option("select[data-for=latent]", "0")
    assert any(level in pointed(tab, tab.locator("#plot-latent svg"), ".mark", 3) for level in HOSTILE)
    assert tab.locator("img, main svg svg, #tip svg").count() == 0
    assert said == []


@pytest.mark.parametrize(("columns", "most"), [(20, 750_000), (120, 1_400_000)])
def test_reports_of_large_tables_are_small(evidence, monkeypatch, columns, most):
    wide, history = stretched(evidence, rows=2500, columns=columns, evaluations=200)
    monkeypatch.setattr(evidence.model, "history_", history)
    monkeypatch.setattr(associations, "matrix", lambda values, columns: np.eye(len(columns)) / 3)
    sections = build(wide)
    page = render(wide, sections)
    assert len(page.encode()) < most
    text = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.S).group(1)
    named = [figure.name for figure in figures_of(sections)]
    assert len(named) == len(set(named)) >= columns + 10
    assert list(json.loads(text)) == named
    assert all(f'data-figure="{name}"' in page for name in named)
