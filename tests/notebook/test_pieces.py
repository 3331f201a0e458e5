"""Tables, facts and bars as HTML."""

from html.parser import HTMLParser

import pytest

from evenvae import notebook

MEAN = '"><script>alert(1)</script>&'


class Reader(HTMLParser):
    """Counts open elements, and keeps texts and names of elements."""

    def __init__(self):
        super().__init__()
        self.open, self.names, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        if tag not in ("rect", "path"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.names.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def test_texts_are_escaped_and_elements_closed():
    table = notebook.table([MEAN, "n"], [[MEAN, 1.0], [notebook.Cell(MEAN), None]])
    page = notebook.card(
        MEAN,
        notebook.facts([(MEAN, MEAN)]),
        table,
        notebook.note(MEAN),
        notebook.folded(MEAN, notebook.note(MEAN)),
        notebook.diagram([notebook.Box(MEAN, MEAN), notebook.Box("z", latent=True)], MEAN),
        sub=MEAN,
    )
    found = read(page)
    assert "script" not in found.names
    assert "".join(found.texts).count(MEAN) >= 9


def test_nothing_is_loaded():
    page = notebook.card("a", notebook.table(["x"], [[notebook.Bar(1.0, 0.5)]]))
    assert "http" not in page
    assert "url(" not in page


@pytest.mark.parametrize(
    ("share", "width"), [(0.5, "50%"), (0.0, "0%"), (1.0, "100%"), (7.0, "100%"), (-1.0, "0%"), (float("inf"), None)]
)
def test_bars_stay_in_their_frame(share, width):
    page = notebook.table(["x"], [[notebook.Bar(share, share)]])
    assert (f"width:{width}" in page) if width else ('class="bar"' not in page)


def test_long_tables_are_cut_and_say_so():
    page = notebook.table(["x"], [[float(i)] for i in range(130)])
    assert page.count("<tr>") == 101
    assert "and 30 more" in page


def test_unknown_numbers_are_a_dash():
    assert notebook.number(float("nan")) == notebook.number(None) == "–"
    assert (notebook.number(3), notebook.number(0.12345)) == ("3", "0.123")
