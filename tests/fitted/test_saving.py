"""Models of every kind that version 0.1.0 saved are loaded and answer as they did then.

`tests/data/saved_by_0_1_0` holds the models, the tables they were trained on and the answers. Another machine or
another version of JAX may differ in the last digits. With EVENVAE_EXACT=1 every answer must be equal bit by bit.
"""

import json
import os
from functools import cache
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
import pandas as pd
import polars as pl
import pytest

import evenvae
from evenvae.io import tensors
from evenvae.tables import encode

FOLDER = Path(__file__).parents[1] / "data" / "saved_by_0_1_0"
MODELS = json.loads((FOLDER / "models.json").read_text(encoding="utf-8"))
EXACT = os.environ.get("EVENVAE_EXACT") == "1"
ROWS = 20
"""Rows of the table that every question is asked about."""
ENCODED = ("reconstruct", "impute", "impute_values", "draw_0", "draw_1", "translate", "sample", "missing", "given")
"""Answers of one number for every element of a row."""
DRAWN = ("draw_0", "draw_1", "sample", "missing", "given")
"""Answers that are drawn: later versions draw otherwise from the same distributions."""


@cache
def read(table):
    """A table of the folder: pandas or polars from parquet; images and arrays from npz."""
    path = FOLDER / "tables" / table
    if path.suffix == ".parquet":
        return pl.read_parquet(path) if path.stem.endswith("polars") else pd.read_parquet(path)
    with np.load(path) as file:
        arrays = dict(file)
    return arrays["array"] if set(arrays) == {"array"} else arrays


def first_rows(table):
    """The first rows of any table, in its own library."""
    if isinstance(table, dict):
        return {name: column[:ROWS] for name, column in table.items()}
    return table[:ROWS]


def ask(model, X, entry):
    """The answers of a model to every question, as arrays; ``entry`` says which it can be asked."""
    numbers = lambda table: encode(table, model.schema_).values
    answers = {
        "transform": model.transform(X),
        "reconstruct": numbers(model.reconstruct(X)),
        "impute": numbers(model.impute(X)),
        "impute_values": model.impute_values(X)[1][0],
        "score_samples": model.score_samples(X, samples=16),
    }
    sample = model.sample(20, random_state=3)
    answers["sample"] = numbers(sample)
    evaluated = model.evaluate(X)
    answers["error"] = evaluated["error"].to_numpy()
    answers["mean_error"] = np.array(evaluated.attrs["error"])
    for name in entry["attributes"]:
        answers[name] = np.array(evaluated.attrs[name])
    if entry["posterior"]:
        answers["posterior_mean"], answers["posterior_std"] = model.posterior(X)
    if "to" in entry:
        answers["translate"] = numbers(model.translate(X, to=entry["to"]))
        answers["sample_tasks"] = encode(sample, model.schema_).tasks
    if "given" in entry:
        answers["given"] = numbers(model.sample(20, entry["given"], random_state=3))
    if "missing" in entry:
        answers["missing"] = numbers(model.sample(20, random_state=3, missing=True))
    if "draws" in entry:
        answers["draw_0"], answers["draw_1"] = model.impute_values(X, 2)[1]
    return answers


def check(name, found, expected, codes):
    """The answer ``found`` is the ``expected`` one; ``codes`` are the elements that hold codes of levels."""
    assert found.shape == expected.shape, name
    assert found.dtype == expected.dtype, name
    if EXACT or found.dtype.kind in "biu":
        np.testing.assert_array_equal(found, expected, err_msg=name)
        return
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6, err_msg=name)
    if name in ENCODED:
        np.testing.assert_array_equal(found[:, codes], expected[:, codes], err_msg=name)


ALIKE = {"balance_imtl_g_pcgrad", "beta", "dreg", "geco_iwae", "geco_row", "images_in_a_table_conv", "images_squared",
         "median", "parts", "prior_vamp"}  # fmt: skip
"""Models whose parts others have too; they are loaded by the slow tests."""
EVERY = [pytest.param(name, marks=[pytest.mark.slow] * (name in ALIKE)) for name in sorted(MODELS)]


@pytest.fixture(scope="module", params=EVERY)
def saved(request):
    """The name, the loaded model and what is known of it."""
    return request.param, evenvae.load(FOLDER / f"{request.param}.evenvae"), MODELS[request.param]


def test_it_answers_as_it_did(saved):
    name, model, entry = saved
    with np.load(FOLDER / f"{name}.answers.npz") as file:
        expected = dict(file)
    codes = expected.pop("codes")
    X = first_rows(read(entry["table"]))
    found = ask(model, X, entry)
    assert set(found) == set(expected)
    # version 0.1.0 gave its reconstruction of observed cells, too
    encoded = encode(X, model.schema_)
    observed = model.fitted_.space.layout.spread(encoded.observed)
    expected["impute_values"][observed] = encoded.values[observed]
    space = model.fitted_.space
    for question, answer in expected.items():
        if question in DRAWN:
            assert found[question].shape == answer.shape, question
            drawn = found[question][~np.isnan(found[question]).any(axis=1)]
            assert ((space.low <= drawn) & (drawn <= space.high)).all(), question
            assert (drawn[:, codes] == np.round(drawn[:, codes])).all(), question
        elif question == "score_samples":
            # an estimate by 16 draws, which later versions make from other points
            details = model.score_samples(X, samples=16, return_details=True)
            assert np.isfinite(found[question]).all()
            # where one draw has all the weight, the standard error says nothing
            known = details["effective_samples"] > 2
            error, apart = details["standard_error"][known], (found[question] - answer)[known]
            assert (np.abs(apart) <= 6 * error + 0.5).all()
            assert np.sum(apart) == pytest.approx(0, abs=4 * np.sum(error))
        else:
            check(question, found[question], answer, codes)


def test_it_gives_back_the_table_it_was_trained_on(saved):
    _, model, entry = saved
    table = read(entry["table"])
    sample = model.sample(5, random_state=0)
    assert type(sample) is type(table)
    if isinstance(table, np.ndarray):
        assert sample.shape[1:] == table.shape[1:]
        assert sample.dtype == table.dtype
    elif isinstance(table, dict):
        assert set(sample) == set(table)
    else:
        assert list(sample.columns) == list(table.columns)
        assert [str(sample[name].dtype) for name in table.columns] == [str(table[name].dtype) for name in table.columns]


def test_its_record_is_kept(saved):
    _, model, entry = saved
    assert [model.seed_, model.n_steps_, len(model.history_)] == entry["seed, steps, history"]
    assert model.interrupted_ is False
    assert [[column.name, column.role, column.likelihood] for column in model.schema_.columns] == entry["columns"]
    assert model.n_features_in_ == len(entry["columns"])
    if entry["named"]:
        assert list(model.feature_names_in_) == [name for name, _, _ in entry["columns"]]
    else:
        assert not hasattr(model, "feature_names_in_")


def test_saving_it_again_changes_no_answer(saved, tmp_path):
    _, model, entry = saved
    X = first_rows(read(entry["table"]))
    model.save(tmp_path / "again.evenvae")
    again = evenvae.load(tmp_path / "again.evenvae")
    np.testing.assert_array_equal(again.transform(X), model.transform(X))
    np.testing.assert_array_equal(again.score_samples(X, samples=16), model.score_samples(X, samples=16))
    old, new = (encode(one.sample(20, random_state=3), model.schema_).values for one in (model, again))
    np.testing.assert_array_equal(new, old)


def test_a_model_from_before_missing_cells_were_learned_refuses_to_sample_them():
    model = evenvae.load(FOLDER / "older.evenvae")
    with pytest.raises(evenvae.InputError, match="fit it again"):
        model.sample(5, random_state=0, missing=True)


def test_a_model_with_numbers_that_are_not_finite_is_not_saved(tmp_path):
    model = evenvae.load(FOLDER / "vae.evenvae")
    (member,) = model.fitted_.members
    spoilt = jax.tree.map(
        lambda leaf: leaf * np.float32(np.nan) if eqx.is_inexact_array(leaf) else leaf, member.network
    )
    model.fitted_ = model.fitted_.replaced(members=(member._replace(network=spoilt),))
    with pytest.raises(evenvae.InputError, match="The model holds numbers that are not finite, in parameters"):
        model.save(tmp_path / "spoilt.evenvae")
    assert not list(tmp_path.iterdir())


def _put_level(metadata, cell):
    column = next(column for column in metadata["schema"]["columns"] if column.get("levels"))
    column["levels"][0] = cell


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t, m: t.pop("space.low"), "KeyError: 'space.low'"),
        (lambda t, m: t.update({"space.low": t["space.low"][:-1]}), "bounds of the columns do not fit"),
        (lambda t, m: t.update({"scale.0.center": np.zeros(9)}), "constants of the columns do not fit"),
        (lambda t, m: t.update({"holes.group": t["holes.group"][:-1]}), "holes"),
        (lambda t, m: t.update({"parameters.model.heads.bias": np.full((1, 3), np.inf)}), "not finite"),
        (lambda t, m: m.update(members=10**9), "members"),
        (lambda t, m: m.update(rows=None), "rows = None"),
        (lambda t, m: m["schema"]["columns"][0].update(low="a"), "low = 'a'"),
        (lambda t, m: m["schema"]["columns"].append(m["schema"]["columns"][0]), "names a column twice"),
        (lambda t, m: m["schema"].update(library="x"), "library"),
        *(
            (lambda t, m, c=cell: _put_level(m, c), "lists .* where a text|lists '.*', which means a missing cell")
            for cell in (None, "", " NA ", [1], float("nan"))
        ),
        (lambda t, m: m["schema"].update(native="!"), "damaged or altered"),
        (lambda t, m: m["options"].update(latent_size=[1]), "damaged or altered|latent_size"),
    ],
)
def test_an_altered_file_with_a_new_checksum_is_refused_by_its_name(tmp_path, change, said):
    found, metadata = tensors.read(FOLDER / "vae.evenvae", "model", 2)
    change(found, metadata)
    tensors.write(tmp_path / "altered.evenvae", "model", 1, found, metadata)
    with pytest.raises(evenvae.InputError, match=rf"altered.evenvae.*({said})"):
        evenvae.load(tmp_path / "altered.evenvae")
