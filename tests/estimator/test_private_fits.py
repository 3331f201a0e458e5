"""Differentially private fits, from the estimator to the file and back."""

import warnings

import numpy as np
import pandas as pd
import pytest

import evenvae
from evenvae import EvenImputer, EvenVAE, Network, Privacy, Schema, Training
from evenvae.errors import InputError
from evenvae.io import tensors
from support import people
from training_support import same

pytest.importorskip("dp_accounting")


@pytest.fixture(scope="module")
def schema():
    return Schema.infer(people(240, seed=9), families="paper", formulas=False)


@pytest.fixture(scope="module")
def table():
    return people(200)


def private(schema, seed: int | None = 1, **given):
    spent = {"epsilon": 4.0, "delta": 1e-4, "seed": seed}
    chosen = {"schema": schema, "privacy": Privacy(**spent), "epochs": 3, "latent_size": 2}
    chosen |= {"network": Network(width=8, depth=1), "training": Training(batch_size=40)}
    return EvenVAE(**chosen | given)


@pytest.fixture(scope="module")
def fitted(schema, table):
    return private(schema).fit(table)


def test_what_a_fit_spends_is_known(fitted):
    from evenvae.training.accounting import epsilon_of

    spent = fitted.fitted_.plan.privacy
    assert (spent.rows, spent.sampling_rate, spent.mean_batch) == (200, 0.2, 40)
    assert spent.steps == fitted.n_steps_ == fitted.fitted_.plan.training.steps
    assert 3.8 < spent.epsilon <= 4.0
    assert spent.epsilon == epsilon_of(spent.noise_multiplier, 0.2, spent.steps, 1e-4)
    assert spent.clipping == 1
    assert fitted.fitted_.plan.balance == "none"
    assert fitted.fitted_.plan.latents == "prior"
    assert fitted.fitted_.record.held_out == 0


def test_the_model_answers(fitted, table):
    assert not fitted.impute(table).isna().any().any()
    assert len(fitted.sample(20, random_state=0)) == 20
    assert np.isfinite(fitted.score_samples(table)).all()
    result = fitted.evaluate(table)
    assert result.attrs["guarantee"]["delta"] == 1e-4
    with pytest.raises(InputError, match="does not learn which cells are missing"):
        fitted.sample(5, missing=True)


def test_a_seed_of_the_noise_repeats_a_fit_and_none_draws_anew(schema, table, fitted):
    again = private(schema).fit(table)
    same(again.fitted_.members[0].network, fitted.fitted_.members[0].network)
    weights = lambda model: np.asarray(model.fitted_.members[0].network.model.heads.kernels()[1])
    others = [weights(private(schema, seed=seed).fit(table)) for seed in (2, None, None)]
    for one in others:
        assert not np.array_equal(one, weights(fitted))
    assert not np.array_equal(others[1], others[2])


def test_a_resumed_fit_is_an_undisturbed_one_to_the_last_bit(schema, table, tmp_path):
    options = {"seed": None, "epochs": 40}
    kept = []

    def interrupt(progress):
        kept.append(progress.step)
        if len(kept) == 2:
            raise KeyboardInterrupt

    stopped = private(schema, **options).fit(table, callbacks=(interrupt,), checkpoint=tmp_path)
    assert stopped.interrupted_
    # the guarantee is that of the whole fit
    assert stopped.fitted_.plan.privacy.steps > stopped.n_steps_
    copied = tmp_path / "copy"
    copied.mkdir()
    (copied / "checkpoint.safetensors").write_bytes((tmp_path / "checkpoint.safetensors").read_bytes())
    # without a seed the key of the noise is that of the checkpoint, whatever the new process has drawn
    models = [private(schema, **options).fit(table, checkpoint=place, resume=True) for place in (tmp_path, copied)]
    same(*(model.fitted_.members[0].network for model in models))
    seeded = private(schema, seed=7, epochs=40)
    whole = private(schema, seed=7, epochs=40).fit(table)
    kept.clear()
    seeded.fit(table, callbacks=(interrupt,), checkpoint=tmp_path / "seeded")
    again = private(schema, seed=7, epochs=40).fit(table, checkpoint=tmp_path / "seeded", resume=True)
    same(again.fitted_.members[0].network, whole.fitted_.members[0].network)


def test_the_file_holds_the_guarantee_and_neither_seed_nor_figures_of_rows(schema, table, tmp_path):
    model = private(schema, seed=987654321).fit(table)
    path = tmp_path / "private.evenvae"
    model.save(path)
    _, metadata = tensors.read(path, "model", 2)
    assert "987654321" not in str(metadata)
    assert metadata["history"] == []
    assert metadata["fingerprint"] is None
    loaded = evenvae.load(path)
    assert loaded.fitted_.plan == model.fitted_.plan
    assert loaded.privacy == Privacy(epsilon=4.0, delta=1e-4)
    pd.testing.assert_frame_equal(loaded.sample(5, random_state=3), model.sample(5, random_state=3))


def test_nothing_but_the_network_depends_on_the_rows(schema, table, fitted, tmp_path):
    other = private(schema).fit(people(200, seed=77))
    for name, model in (("a", fitted), ("b", other)):
        model.save(tmp_path / name)
    (one, said), (two, told) = (tensors.read(tmp_path / name, "model", 2) for name in "ab")
    assert said == told
    changed = {name for name in one if not np.array_equal(one[name], two[name])}
    assert changed
    assert all(name.startswith("parameters") for name in changed)


def test_levels_and_numbers_beyond_the_schema_do_not_stop_a_fit(schema, table):
    strange = table.copy()
    strange.loc[0, "city"] = "Zwickau"
    strange.loc[1, "income"] = 1e30
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = private(schema).fit(strange)
    assert np.isfinite(model.score_samples(table)).all()
    assert set(model.sample(200, random_state=0)["city"]) <= {"Aachen", "Bonn", "Celle"}


def test_what_would_look_at_the_rows_is_refused(schema, table, tmp_path):
    with pytest.raises(InputError, match="whole schema"):
        private(None).fit(table)
    with pytest.raises(InputError, match="leave sample_weight out"):
        private(schema).fit(table, sample_weight=np.ones(200))
    with pytest.raises(InputError, match="EvenImputer"):
        EvenImputer(private(schema)).fit(table)
    with pytest.raises(InputError, match="cannot be kept by a search"):
        evenvae.search.search(table, tmp_path / "search", privacy__epsilon=2.0, seeds=1)
