"""The model card as Markdown."""

import re

import pytest

import evenvae
from support import fast, people

MEAN = "<script>|`x`_*"


@pytest.fixture(scope="module")
def fitted():
    return fast().fit(people().rename(columns={"city": MEAN}))


def test_hubs_can_read_the_front_matter(fitted):
    yaml = pytest.importorskip("yaml")
    _, front, body = fitted.card(license="cc-by-4.0").split("---\n", 2)
    found = yaml.safe_load(front)
    assert found["library_name"] == "evenvae"
    assert found["license"] == "cc-by-4.0"
    assert "tabular" in found["tags"]
    assert body.strip().startswith("# EvenVAE model")
    assert "license" not in yaml.safe_load(fitted.card().split("---\n", 2)[1])


def test_names_of_columns_are_shown_letter_by_letter(fitted):
    markdown = pytest.importorskip("markdown")
    page = markdown.markdown(fitted.card(title=MEAN).split("---\n", 2)[2], extensions=["tables", "fenced_code"])
    assert "<script>" not in page
    assert page.count("&lt;script&gt;|`x`_*") == 2


def test_every_row_of_a_table_has_all_its_cells(fitted):
    for block in re.findall(r"(?:^\|.*\n)+", fitted.card(), re.MULTILINE):
        bars = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(bars) == 1


def test_the_card_of_no_model():
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        evenvae.EvenVAE().card()
