"""Pictures of a model: `EvenVAE.plot`."""

import copy
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

import evenvae
from evenvae.errors import InputError
from support import fast, people

matplotlib.use("Agg")


@pytest.fixture(scope="module")
def table():
    found = people(150)
    assert found.isna().any().any()
    return found


@pytest.fixture(scope="module")
def fitted(table):
    return fast().fit(table)


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


KINDS = {
    "columns": lambda model, X, ax: model.plot.columns(X, ax=ax),
    "training": lambda model, X, ax: model.plot.training(ax=ax),
    "loss": lambda model, X, ax: model.plot.training("loss", ax=ax),
    "latent": lambda model, X, ax: model.plot.latent(X, ax=ax),
    "latent by level": lambda model, X, ax: model.plot.latent(X, colour="city", ax=ax),
    "pairs": lambda model, X, ax: model.plot.pairs(X, ax=ax),
    "missing": lambda model, X, ax: model.plot.missing(X, ax=ax),
    "imputation": lambda model, X, ax: model.plot.imputation(X, ax=ax),
    "values": lambda model, X, ax: model.plot.values(X, "city", ax=ax),
}


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_drawn_on_given_axes_or_on_new_ones(fitted, table, kind):
    figure, (left, right) = pyplot.subplots(1, 2)
    assert KINDS[kind](fitted, table, right) is right
    assert right.has_data()
    assert not left.has_data()
    new = KINDS[kind](fitted, table, None)
    assert new.figure is not figure
    new.figure.canvas.draw()


def test_bars_are_the_ratios_of_evaluate_the_worst_on_top(fitted, table):
    ratio = fitted.evaluate(table)["ratio"].sort_values(ascending=False)
    drawn = [patch.get_width() for patch in fitted.plot.columns(table).patches]
    np.testing.assert_allclose(drawn, np.minimum(ratio, 2), rtol=1e-3)
    both = fitted.plot.columns(table, beside=fitted).patches
    assert len(both) == 2 * len(ratio)
    np.testing.assert_allclose([patch.get_width() for patch in both][: len(ratio)], drawn, rtol=1e-3)


def test_curves_are_those_of_the_history(fitted):
    longer = copy.copy(fitted)
    longer.history_ = [{**fitted.history_[0], "step": 10 * n, "validation": [1 / n]} for n in (1, 2, 3)]
    ax = longer.plot.training()
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[10, 1], [20, 0.5], [30, 1 / 3]], rtol=1e-3)
    # the step that is kept
    assert list(ax.lines[1].get_xdata()) == [30, 30]


def test_missing_shares_are_those_of_the_table(fitted, table):
    share = table[list(fitted.schema_.names)].isna().mean().sort_values(ascending=False)
    drawn = [patch.get_width() for patch in fitted.plot.missing(table).patches]
    np.testing.assert_allclose(drawn, share[share > 0], rtol=1e-3)
    with pytest.raises(InputError, match="No cell of the table is missing"):
        fitted.plot.missing(table.dropna())


def test_large_tables_are_sampled(fitted, table, monkeypatch):
    monkeypatch.setattr("evenvae.report.latent.POINTS", 40)
    assert len(fitted.plot.latent(table, colour="age").collections[0].get_offsets()) == 40


def test_what_is_wrong_is_said_in_one_sentence(fitted, table, monkeypatch):
    with pytest.raises(InputError, match=r"model keeps none: model\.plot\.columns\(table\)"):
        fitted.plot.columns()
    with pytest.raises(InputError, match="colour='ctiy' is no column of the model; did you mean 'city'"):
        fitted.plot.latent(table, colour="ctiy")
    with pytest.raises(InputError, match="what='lost' is unknown"):
        fitted.plot.training("lost")
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        evenvae.EvenVAE().plot.training()
    monkeypatch.setattr("evenvae.plots.canvas.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"Plots need matplotlib: pip install 'evenvae\[pictures\]'"):
        fitted.plot.columns(table)


def test_names_are_completed_without_matplotlib(fitted, monkeypatch):
    monkeypatch.setattr("evenvae.plots.canvas.find_spec", lambda name: None)
    assert {"plot", "impute"} <= set(dir(fitted))


def test_asking_for_a_model_imports_no_matplotlib():
    code = "import sys, evenvae; evenvae.EvenVAE(); assert 'matplotlib' not in sys.modules, 'matplotlib'"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
