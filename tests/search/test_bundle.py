"""A bundle: what `fit` gives, whatever is trained beside it, and after any interruption."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from evenvae import EvenVAE, Training, tables
from evenvae.options.options import to_json
from evenvae.search.bundle import fit_of, together, train_bundle
from evenvae.search.sweep import Job, Sweep, split_rows
from made_up import SMALL

STEPS, CHUNK = 54, 27


@pytest.fixture(scope="module")
def encoded(table):
    schema = tables.Schema.infer(table)
    return tables.encode(table, schema), schema


def sweep(test_fraction=0.2):
    return Sweep(to_json(SMALL), (0, 1), ("none", "pcgrad"), test_fraction, 2, STEPS, CHUNK, "mark")


def without_times(records):
    # as text, in which a figure that is not a number equals itself
    return [json.dumps({name: value for name, value in record.items() if name != "seconds"}) for record in records]


def test_a_run_is_what_fit_gives(table, encoded, whole):
    rows, held_out = split_rows(len(table), 0.2, 1)
    model = EvenVAE(**SMALL, balance="gradnorm", random_state=1, schema=encoded[1]).fit(table.iloc[rows])
    records = whole
    assert (model.n_steps_, model.fitted_.plan.training.steps_per_chunk) == (STEPS, CHUNK)
    assert records[1]["steps"] == STEPS
    assert records[1]["figure"] == pytest.approx(min(r["validation"][0] for r in model.history_), rel=1e-3)
    evaluated = model.evaluate(table.iloc[held_out])
    test = records[1]["measured"]["test"]
    np.testing.assert_allclose(test["columns"]["error"], evaluated["error"], rtol=2e-2, atol=2e-3)
    np.testing.assert_allclose(test["columns"]["baseline"], evaluated["baseline"], rtol=1e-6)
    assert test["means"]["error"] == pytest.approx(evaluated.attrs["error"], rel=2e-2)
    assert test["means"]["worst"] == pytest.approx(evaluated.attrs["worst_ratio"], rel=2e-2)
    assert test["means"]["log_likelihood"] == pytest.approx(evaluated.attrs["log_likelihood"], abs=0.05)
    validation = records[1]["measured"]["validation"]
    assert validation["means"]["error"] == pytest.approx(records[1]["figure"], rel=1e-4)


def test_without_test_rows_all_learn_from_one_table(encoded):
    whole = fit_of(sweep(0.0), *encoded, "none", 0).runs
    together_ = together([whole, whole], shared=True)
    assert not together_.data.stacked
    assert together([whole, whole], shared=False).data.stacked


def test_seeds_set_splits_and_networks_whatever_the_combination(encoded):
    one, other = (fit_of(sweep(), *encoded, balance, 1).runs for balance in ("none", "pcgrad"))
    for a, b in zip(jax.tree.leaves(one.runs.params), jax.tree.leaves(other.runs.params), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(one.validation.rows, other.validation.rows)
    np.testing.assert_array_equal(one.streams[0].steps(0, 5), other.streams[0].steps(0, 5))


@pytest.fixture(scope="module")
def whole(encoded, tmp_path_factory):
    """The records of a bundle that nothing interrupts."""
    return train_bundle(sweep(), *encoded, Job("gradnorm", (0, 1), STEPS, True), tmp_path_factory.mktemp("whole"))


def test_an_interrupted_bundle_goes_on_bit_for_bit(encoded, whole, tmp_path):
    job = Job("gradnorm", (0, 1), STEPS, True)

    def interrupt(progress):
        if progress.step < STEPS:
            raise KeyboardInterrupt

    assert train_bundle(sweep(), *encoded, job, tmp_path / "part", interrupt) is None
    assert (tmp_path / "part" / "checkpoint.safetensors").exists()
    assert without_times(train_bundle(sweep(), *encoded, job, tmp_path / "part")) == without_times(whole)


def test_a_paused_bundle_goes_on_bit_for_bit(encoded, whole, tmp_path):
    paused = train_bundle(sweep(), *encoded, Job("gradnorm", (0, 1), CHUNK, False), tmp_path / "part")
    assert [record["status"] for record in paused] == ["paused", "paused"]
    assert paused[0]["figure"] == whole[0]["curve"][0][1]
    after = train_bundle(sweep(), *encoded, Job("gradnorm", (0, 1), STEPS, True), tmp_path / "part")
    assert without_times(after) == without_times(whole)


def test_runs_that_turn_non_finite_are_recorded_as_failed(encoded, tmp_path):
    options = {**SMALL, "training": Training(batch_size=32, learning_rate=1e30), "preset": "paper"}
    wild = dataclasses.replace(sweep(0.0), options=to_json(options))
    record = train_bundle(wild, *encoded, Job("none", (0,), STEPS, True), tmp_path)[0]
    assert record["status"] == "failed"
    assert record["figure"] is None
    assert "non-finite" in record["message"]
