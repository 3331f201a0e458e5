"""The tutorials: every source runs, with few rows and hardly any training, and its notebook was made from it."""

import base64
import json
import re
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

import notebooks
import tutorial_pages
from evenvae.options.presets import PRESETS
from support import QUICK

SOURCES = notebooks.sources()
SMALL = {"ROWS": 300, "EPOCHS": 2, "STEPS": 20}
"""What the sizes at the top of a source become."""


def test_there_is_a_tutorial_for_every_question():
    assert {source.stem for source in SOURCES} == {"holes", "synthetic", "odd_rows", "sites", "losses"}


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_every_source_runs(source, monkeypatch):
    pytest.importorskip("statsmodels")
    monkeypatch.setitem(PRESETS, "default", QUICK)
    text = source.read_text(encoding="utf-8")
    for name, size in SMALL.items():
        text = re.sub(rf"^{name} = \d+$", f"{name} = {size}", text, flags=re.MULTILINE)
    before = mpl.get_backend()
    plt.switch_backend("Agg")
    try:
        exec(compile(text, source.name, "exec"), {"__name__": "tutorial"})
    finally:
        plt.close("all")
        plt.switch_backend(before)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_notebooks_were_made_from_their_sources(source):
    assert notebooks.is_fresh(source), f"run make tutorials: {source.name} has changed"
    cells = json.loads(notebooks.notebook_of(source).read_text(encoding="utf-8"))["cells"]
    assert [cell["execution_count"] for cell in cells if cell["cell_type"] == "code"] == list(
        range(1, 1 + sum(cell["cell_type"] == "code" for cell in cells))
    )
    for cell in cells:
        for output in cell.get("outputs", []):
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr"
            assert not any(notebooks.PRIVATE.search(text) for text in notebooks.texts_of(output))


def notebook(tmp_path, *cells):
    path = tmp_path / "made_up.ipynb"
    path.write_text(json.dumps({"cells": list(cells)}), encoding="utf-8")
    return path


def test_a_page_shows_text_code_outputs_and_pictures(tmp_path):
    picture = base64.b64encode(b"a picture").decode()
    html = '<style>x</style><table border="1" class="dataframe"><tr style="text-align: right;"><td>7</td></tr></table>'
    page = tutorial_pages.page_of(
        notebook(
            tmp_path,
            {"cell_type": "markdown", "source": ["# A title\n", "\n", "Some words."]},
            {
                "cell_type": "code",
                "source": ["# Bars: what is drawn\n", "draw()"],
                "outputs": [
                    {"output_type": "stream", "name": "stdout", "text": ["a < b\n"]},
                    {"output_type": "execute_result", "data": {"text/html": [html], "text/plain": ["7"]}},
                    {"output_type": "display_data", "data": {"image/png": picture, "text/plain": ["<Figure>"]}},
                ],
            },
        )
    )
    assert page.markdown.startswith("# A title\n\n[Download this page as a notebook](made_up.ipynb)")
    assert "Some words.\n\n```python\n# Bars: what is drawn\ndraw()\n```" in page.markdown
    assert '<pre class="output">a &lt; b</pre>' in page.markdown
    assert '<div class="output"><table><tr><td>7</td></tr></table></div>' in page.markdown
    assert "![Bars: what is drawn](made_up-1.png){ .figure }" in page.markdown
    assert page.pictures == {"made_up-1.png": b"a picture"}


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"output_type": "stream", "name": "stderr", "text": "Warning: something"}, "standard error"),
        ({"output_type": "execute_result", "data": {"text/plain": "'/tmp/table.csv'"}}, "path of this machine"),
    ],
)
def test_outputs_that_do_not_belong_on_a_page_are_refused(output, message):
    with pytest.raises(ValueError, match=message):
        notebooks.check_outputs(SimpleNamespace(cells=[{"outputs": [output]}]), "x.py")


def test_pictures_may_hold_any_letters():
    output = {"output_type": "display_data", "data": {"image/png": "a/tmp/b", "text/plain": "<Figure>"}}
    notebooks.check_outputs(SimpleNamespace(cells=[{"outputs": [output]}, {"cell_type": "markdown"}]), "x.py")
