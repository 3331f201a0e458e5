"""Models and evaluations in a notebook."""

import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import evenvae
from support import fast, people


@pytest.fixture(scope="module")
def fitted():
    return fast().fit(people())


def test_a_fitted_model_shows_its_columns_and_its_metric(fitted):
    page = fitted._repr_html_()
    assert all(name in page for name in fitted.schema_.names)
    assert "fitted for purpose &#x27;reconstruct&#x27;" in page
    assert f"{min(min(one['validation']) for one in fitted.history_):.4g}" in page
    assert "<svg" in page
    assert "3 numbers" in page
    assert fitted._repr_mimebundle_()["text/html"] == page
    assert fitted._repr_mimebundle_()["text/plain"] == repr(fitted)


def test_a_model_without_a_fit_shows_what_was_changed():
    page = evenvae.EvenVAE(epochs=7, purpose="<i>")._repr_html_()
    assert "not fitted yet" in page
    assert "epochs" in page
    assert "ensemble" not in page
    assert "<i>" not in page.partition("</style>")[2].replace("<i style", "")


def test_other_kinds_of_models_have_a_diagram(tmp_path):
    for options in ({"model": "hivae"}, {"purpose": "sample"}, {"prior": "vamp", "task": "city"}):
        model = fast(**options).fit(people(120))
        page = model._repr_html_()
        model.save(tmp_path / "m.evenvae")
        assert evenvae.load(tmp_path / "m.evenvae")._repr_html_() == page


def test_pipelines_show_it_and_clones_are_not_fitted(fitted):
    assert "EvenVAE" in make_pipeline(StandardScaler(), fitted)._repr_html_()
    assert "not fitted yet" in clone(fitted)._repr_html_()


def test_an_evaluation_is_a_table_of_pandas_with_bars(fitted):
    table = people(seed=1)
    found = fitted.evaluate(table, hide=0.2, beside=fitted)
    page = found._repr_html_()
    assert isinstance(found, pd.DataFrame)
    assert type(found[found["error"] > 0]) is pd.DataFrame
    assert type(found.copy()) is pd.DataFrame
    assert found.attrs["error"] == pytest.approx(found["error"].mean())
    for column in found["column"]:
        assert column in page
    assert "nats a row above the other" in page
    assert "error of hidden cells" in page
    assert page.count('class="bar"') == 2 * len(found)
    # the worst column is on top
    worst = found.loc[found["ratio"].idxmax(), "column"]
    assert page.index("<tbody><tr><td>") + len("<tbody><tr><td>") == page.index(worst, page.index("<tbody>"))
