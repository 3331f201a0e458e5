"""Every public name has a place in the reference, and every method a page that says what a reader needs."""

import importlib
import re

import pytest

import evenvae
import reference_pages as pages

METHODS = pages.methods()


def shown() -> dict[str, set[str]]:
    """What every page of the reference documents: full names, or modules with all that they hold."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in pages.HAND_WRITTEN.glob("*.md")}
    return {
        place: set(re.findall(r"^::: (\S+)$", text, re.MULTILINE)) for place, text in (texts | pages.pages()).items()
    }


@pytest.mark.parametrize("room", ["", *pages.rooms()])
def test_every_public_name_has_a_page(room):
    there = set().union(*shown().values())
    for name, home in pages.public(room).items():
        assert home in there or home.rpartition(".")[0] in there, f"evenvae.{room}.{name} ({home}) is on no page"


@pytest.mark.parametrize("room", pages.rooms())
def test_names_are_those_that_the_room_shows(room):
    module = importlib.import_module(f"evenvae.{room}")
    assert set(pages.public(room)) == set(module.__all__)
    for name, home in pages.public(room).items():
        place, _, own = home.rpartition(".")
        assert getattr(importlib.import_module(place), own) is getattr(module, name), f"{name} is not {home}"


def test_names_of_the_package():
    assert set(pages.public()) == set(evenvae.__all__) - set(pages.rooms()) - {"cocktail", "pictures", "__version__"}
    for name, home in pages.public().items():
        place, _, own = home.rpartition(".")
        assert getattr(importlib.import_module(place), own) is getattr(evenvae, name)


def test_every_method_of_the_registries_has_a_page():
    found = {(method.room, method.name) for method in METHODS}
    assert {("balancing", name) for name in evenvae.balancing.METHODS} <= found
    assert {("likelihoods", name) for name in evenvae.likelihoods.FAMILIES} <= found
    assert {("likelihoods", f"{name}-pixels") for name in evenvae.likelihoods.PIXEL_FAMILIES} <= found
    assert {("objectives", name) for name in evenvae.objectives.OBJECTIVES} - {
        ("objectives", "beta"),
        ("objectives", "geco-iwae"),
    } <= found
    assert {("priors", name) for name in evenvae.priors.PRIORS} <= found


@pytest.mark.parametrize("method", METHODS, ids=lambda method: f"{method.room}-{method.name}")
def test_the_page_of_a_method_says_what_a_reader_needs(method):
    texts = [pages.docstring(home) for home in method.homes]
    for title in (pages.WHEN, pages.COST, pages.FORMULA):
        told = [pages.section(text, title) for text in texts]
        # a wrapper of another family has no formula of its own
        assert any(told) or method.name == "detailed", f"{method.name}: no docstring has the section {title!r}"
    assert all(text.count("$$") % 2 == 0 for text in texts)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: f"{method.room}-{method.name}")
def test_methods_name_their_source(method):
    said = " ".join(
        [pages.docstring(home) for home in method.homes] + [pages.docstring(method.homes[0].rpartition(".")[0])]
    )
    own = {
        "none", "equal-norm", "normal", "lognormal", "poisson", "bernoulli", "categorical", "negative-binomial",
        "student-t", "logit-normal", "monotone", "bernoulli-pixels", "normal-pixels", "squared-pixels", "histogram",
        "standard",
    }  # fmt: skip
    # what stands in every textbook, or is the library's own, needs no source
    if method.name not in own and not method.name.startswith("spiked"):
        assert re.search(r"(19|20)\d\d", said), f"{method.name}: no docstring names its source"


def test_a_section_ends_where_the_next_begins():
    text = "First line.\n\nUse it when:\n    One\n    two.\n\n    Three.\n\nCost:\n    None."
    assert pages.section(text, "Use it when") == "One two. Three."
    assert pages.section(text, "Cost") == "None."
    assert pages.section(text, "Formula") == ""
