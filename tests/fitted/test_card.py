"""The model card as data."""

import dataclasses
import json

import numpy as np
import pytest

import evenvae
from evenvae.fitted.card import best_metrics, card
from support import fast, people


@pytest.fixture(scope="module")
def fitted():
    return fast(ensemble=2, purpose="impute").fit(people())


def test_the_card_is_of_the_model_and_json_holds_it(fitted):
    found = card(fitted.fitted_, fitted.get_params(deep=False))
    assert json.loads(json.dumps(dataclasses.asdict(found)))["members"] == 2
    assert (found.rows, found.purpose, found.balance) == (240, "impute", "none")
    assert [column.column for column in found.columns] == list(fitted.schema_.names)
    assert found.versions["evenvae"] == evenvae.__version__


def test_the_metric_is_the_best_of_the_history(fitted):
    best, columns = best_metrics(fitted.fitted_)
    values = np.array([record["validation"] for record in fitted.history_])
    assert best == values.min()
    assert np.nanmean(np.array(columns, float)) == pytest.approx(best, rel=1e-4)


def test_versions_stay_with_a_saved_model(fitted, tmp_path, monkeypatch):
    fitted.save(tmp_path / "m.evenvae")
    monkeypatch.setattr("evenvae.fitted.card.version", lambda name: "0.0")
    assert evenvae.load(tmp_path / "m.evenvae").fitted_.record.versions == fitted.fitted_.record.versions
    assert fitted.fitted_.record.versions["jax"] != "0.0"
