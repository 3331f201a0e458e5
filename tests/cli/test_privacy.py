"""``evenvae evaluate --privacy`` as a user calls it."""

import json

import numpy as np
import pandas as pd
import pytest

from cli_support import FIT, evenvae


@pytest.fixture(scope="module")
def new_people(folder):
    rng = np.random.default_rng(1)
    path = folder / "new_people.csv"
    pd.DataFrame(
        {
            "age": rng.poisson(40, 80),
            "city": rng.choice(["Aachen", "Bonn", "Celle"], 80),
            "income": np.round(np.exp(rng.normal(7, 0.5, 80)), 2),
        }
    ).to_csv(path, index=False)
    return path


def test_privacy_is_said_in_sentences_and_in_json(model, data, new_people):
    code, out, err = evenvae("evaluate", model, new_people, "--privacy", "--train", data)
    assert code == 0, err
    for said in (
        "135 training rows beside 80 rows of DATA and 135 rows drawn",
        "copies: 0.00% of the drawn rows",
        "closest training record: drawn rows have a median distance of",
        "membership by log-likelihood: AUC 0.",
        "membership by nearness to drawn rows: AUC 0.",
        "guessing a cell from drawn rows",
    ):
        assert said in out
    assert "guess" not in out.split("error: RMSE")[0]
    code, out, _ = evenvae("evaluate", model, new_people, "--privacy", "--train", data, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["privacy"]["trained_on_it"] is True
    attack = found["privacy"]["by_likelihood"]
    assert attack["low"] < attack["auc"] < attack["high"]
    city = next(column for column in found["columns"] if column["column"] == "city")
    assert city["guess_advantage"] == pytest.approx(city["guess_holdout_error"] - city["guess_train_error"])


def test_a_part_of_the_training_table_is_said_to_be_none(model, data, new_people, tmp_path):
    part = tmp_path / "part.csv"
    pd.read_csv(data).iloc[:50].to_csv(part, index=False)
    code, out, _ = evenvae("evaluate", model, new_people, "--privacy", "--train", part)
    assert code == 0
    assert "TRAIN is not the whole table that the model was trained on" in out


@pytest.mark.parametrize("arguments", [["--privacy"], ["--train", "people.csv"]])
def test_the_training_table_has_to_be_given(model, data, arguments):
    code, _, err = evenvae("evaluate", model, data, *arguments)
    assert code == 2
    assert "--privacy and --train TRAIN go together" in err
    assert err.count("\n") == 1


def test_rows_that_the_model_has_seen_are_no_hold_out(model, data):
    code, _, err = evenvae("evaluate", model, data, "--privacy", "--train", data)
    assert code == 2
    assert "not seen" in err


def test_a_private_fit_says_what_it_spends(data, tmp_path):
    pytest.importorskip("dp_accounting")
    schema, path = tmp_path / "schema.toml", tmp_path / "private.evenvae"
    assert evenvae("schema", data, "-o", schema, "--families", "paper")[0] == 0
    call = ("fit", data, "-o", path, "--schema", schema, "--epsilon", 3, "--set", "privacy.delta=1e-4", *FIT[:-1])
    code, _, err = evenvae(*call)
    assert code == 0, err
    assert "epsilon 2.99" in err or "epsilon 3 " in err
    assert "at delta 0.0001" in err
    code, out, _ = evenvae("evaluate", path, data)
    assert code == 0
    assert "differential privacy: epsilon" in out
    assert "It does not cover the schema" in out
    assert json.loads(evenvae("evaluate", path, data, "--json")[1])["guarantee"]["steps"] > 0
    page = tmp_path / "report.html"
    assert evenvae("report", path, data, "-o", page)[0] == 0
    text = page.read_text(encoding="utf-8")
    assert "for one row added or removed" in text
    assert "figures of its training are not kept" in text


@pytest.mark.parametrize("more", [(), ("--hide", 0.1), ("--no-formulas",)])
def test_a_private_fit_needs_a_schema_and_nothing_that_looks_at_rows(data, tmp_path, more):
    schema = tmp_path / "schema.toml"
    assert evenvae("schema", data, "-o", schema)[0] == 0
    given = ("--schema", schema) if more else ()
    code, _, err = evenvae("fit", data, "-o", tmp_path / "m", "--epsilon", 3, *given, *more)
    assert code == 2
    assert "--epsilon needs --schema FILE" in err
