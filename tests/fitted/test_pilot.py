"""A plain pilot that a fit trains beside the model, keeps, saves and is compared with."""

import logging

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import evenvae
from evenvae import ELBO, GECO, InputError, Training
from evenvae.errors import TrainingError
from evenvae.fitted import fitting
from evenvae.fitted.pilot import plain_options
from evenvae.training import checkpoint, loop
from evenvae.training.progress_bar import Bar
from support import fast, people

PLAIN = {"balance": "none", "objective": ELBO(beta=1)}


@pytest.fixture(scope="module")
def frame():
    return people()


@pytest.fixture(scope="module")
def fitted(frame):
    return fast(pilot=True).fit(frame)


@pytest.fixture(scope="module")
def plain(frame):
    return fast(**PLAIN).fit(frame)


def stop_at(monkeypatch, training, chunk):
    """Ctrl-C in a chunk of a training, both counted from 1: the first is that of the model, the second the pilot's."""
    original, seen = loop.train, []

    def counted(*parts, **options):
        seen.append(0)
        return original(*parts, **options)

    made = loop._record

    def record(*parts):
        seen[-1] += 1
        if (len(seen), seen[-1]) == (training, chunk):
            raise KeyboardInterrupt
        return made(*parts)

    monkeypatch.setattr(fitting, "train", counted)
    monkeypatch.setattr(loop, "_record", record)


def test_it_is_the_plain_model_that_a_user_would_fit(fitted, plain, frame):
    assert fitted.pilot_.history_ == plain.history_
    assert fitted.pilot_.seed_ == fitted.seed_
    np.testing.assert_array_equal(fitted.pilot_.transform(frame), plain.transform(frame))
    assert fitted.pilot_.get_params()["balance"] == "none"
    assert fitted.pilot_.fitted_.plan.latents == "prior"
    assert not fitted.pilot_.pilot
    assert plain.pilot_ is None


def test_the_model_is_the_same_with_and_without_it(fitted, frame):
    alone = fast().fit(frame)
    assert alone.history_ == fitted.history_
    np.testing.assert_array_equal(alone.transform(frame), fitted.transform(frame))
    pd.testing.assert_frame_equal(alone.sample(5, random_state=0), fitted.sample(5, random_state=0))


def test_evaluate_compares_with_it_unless_another_model_is_given(fitted, plain, frame):
    by_default, by_hand = fitted.evaluate(frame), fitted.evaluate(frame, beside=plain)
    pd.testing.assert_frame_equal(by_default, by_hand)
    assert by_default.attrs == by_hand.attrs
    assert by_default.attrs["worst_regret_column"] in list(frame)
    itself = fitted.evaluate(frame, beside=fitted)
    np.testing.assert_array_equal(itself["regret"], 1)
    assert "regret" not in plain.evaluate(frame)


def test_the_same_cells_are_hidden_from_both_where_no_seed_is_given(plain, frame):
    both = plain.evaluate(frame, hide=0.3, beside=plain, random_state=None)
    np.testing.assert_array_equal(both["regret"], 1)


def test_one_file_holds_both(fitted, frame, tmp_path):
    fitted.save(tmp_path / "model.evenvae")
    loaded = evenvae.load(tmp_path / "model.evenvae")
    before, after = fitted.evaluate(frame), loaded.evaluate(frame)
    pd.testing.assert_frame_equal(after, before)
    assert after.attrs == before.attrs
    assert loaded.pilot
    assert loaded.pilot_.history_ == fitted.pilot_.history_
    assert loaded.pilot_.n_steps_ == fitted.pilot_.n_steps_
    assert loaded.pilot_.objective == ELBO(beta=1)
    loaded.save(tmp_path / "again.evenvae")
    assert (tmp_path / "again.evenvae").read_bytes() == (tmp_path / "model.evenvae").read_bytes()
    # the pilot is a model of its own, too
    loaded.pilot_.save(tmp_path / "pilot.evenvae")
    np.testing.assert_array_equal(
        evenvae.load(tmp_path / "pilot.evenvae").score_samples(frame), fitted.pilot_.score_samples(frame)
    )


def test_a_second_fit_forgets_the_pilot_of_the_first(frame):
    model = fast(pilot=True, epochs=1).fit(frame)
    assert model.pilot_ is not None
    assert clone(model).pilot
    assert model.set_params(pilot=False).fit(frame).pilot_ is None


@pytest.mark.parametrize(
    "options",
    [PLAIN, {"purpose": "score"}, {"balance": "none", "model": "hivae"}, {**PLAIN, "ensemble": 2}],
    ids=["plain", "score", "hivae", "ensemble"],
)
def test_a_plain_fit_has_no_use_for_it(options, frame, monkeypatch):
    monkeypatch.setattr(fitting, "train", lambda *_, **__: pytest.fail("it was trained before it was refused"))
    with pytest.raises(InputError, match=r"pilot=True has nothing to compare with.*Leave pilot out"):
        fast(pilot=True, **options).fit(frame)


def test_what_is_no_flag_is_refused(frame):
    with pytest.raises(InputError, match="pilot='yes' must be True or False"):
        fast(pilot="yes").fit(frame)


def images():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"picture": list(rng.integers(0, 256, (60, 8, 8), dtype=np.uint8)), "price": rng.normal(size=60)}
    )


@pytest.mark.parametrize(
    ("options", "table"),
    [
        ({"task": "city"}, people),
        ({"model": "hivae"}, people),
        ({"purpose": "impute"}, people),
        ({"purpose": "sample"}, people),
        ({"objective": GECO(constraint="column", gain=0.5), "prior": "vamp"}, people),
        ({"ensemble": 2, "training": Training(batch_size=32, bootstrap=True)}, people),
        ({}, images),
    ],
    ids=["task", "hivae", "impute", "sample", "geco", "ensemble", "images"],
)
def test_every_kind_of_model_has_one(options, table, tmp_path):
    table = table()
    model = fast(**options, pilot=True, epochs=1).fit(table)
    plan = model.pilot_.fitted_.plan
    assert plan.to_dict()["objective"] == {"part": "elbo", **ELBO(beta=1.0).get_params()}
    assert (plan.balance, plan.latents, plan.ensemble, len(model.pilot_.fitted_.members)) == ("none", "prior", 1, 1)
    assert plan.network == model.fitted_.plan.network
    assert plan.purpose == model.fitted_.plan.purpose
    model.save(tmp_path / "model.evenvae")
    found = evenvae.load(tmp_path / "model.evenvae").evaluate(table)
    assert np.isfinite(found["regret"]).all()
    assert found.attrs["worst_regret_column"] == found.loc[found["regret"].idxmax(), "column"]


def test_ctrl_c_in_the_model_leaves_the_pilot_untrained(frame, monkeypatch, tmp_path):
    whole = fast(pilot=True, epochs=20, training__patience=0)
    stop_at(monkeypatch, training=1, chunk=2)
    stopped = clone(whole).fit(frame, checkpoint=tmp_path)
    assert stopped.interrupted_
    assert stopped.pilot_ is None
    assert "regret" not in stopped.evaluate(frame)
    monkeypatch.undo()
    whole.fit(frame)
    resumed = clone(whole).fit(frame, checkpoint=tmp_path, resume=True)
    assert not resumed.interrupted_
    assert resumed.history_ == whole.history_
    assert resumed.pilot_.history_ == whole.pilot_.history_


def test_ctrl_c_in_the_pilot_keeps_the_whole_model_and_goes_on(frame, monkeypatch, tmp_path, caplog):
    whole = fast(pilot=True, epochs=20, training__patience=0).fit(frame)
    whole.save(tmp_path / "whole.evenvae")
    stop_at(monkeypatch, training=2, chunk=2)
    with caplog.at_level(logging.WARNING):
        stopped = clone(whole).fit(frame, checkpoint=tmp_path / "state")
    assert "kept without a pilot" in caplog.text
    assert stopped.interrupted_
    assert stopped.pilot_ is None
    assert stopped.history_ == whole.history_
    monkeypatch.undo()
    seen = []
    resumed = clone(whole).fit(frame, checkpoint=tmp_path / "state", resume=True, callbacks=(seen.append,))
    assert not seen, "the model was done, so that nothing of it was left to train"
    resumed.save(tmp_path / "resumed.evenvae")
    assert (tmp_path / "resumed.evenvae").read_bytes() == (tmp_path / "whole.evenvae").read_bytes()


def test_a_fit_that_is_done_gets_a_pilot_without_being_trained_again(fitted, frame, tmp_path):
    fast().fit(frame, checkpoint=tmp_path)
    seen = []
    later = fast(pilot=True).fit(frame, checkpoint=tmp_path, resume=True, callbacks=(seen.append,))
    assert not seen
    assert later.history_ == fitted.history_
    assert later.pilot_.history_ == fitted.pilot_.history_


def test_the_state_of_another_pilot_is_not_in_the_way(frame, tmp_path):
    fast(pilot=True, epochs=1).fit(frame, checkpoint=tmp_path)
    assert checkpoint.exists(tmp_path / "pilot")
    fast(epochs=2).fit(frame, checkpoint=tmp_path)
    resumed = fast(pilot=True, epochs=2).fit(frame, checkpoint=tmp_path, resume=True)
    assert resumed.pilot_ is not None


def test_a_pilot_that_fails_does_not_cost_the_model(frame, monkeypatch, caplog):
    original, calls = loop.train, []

    def second_fails(*parts, **options):
        calls.append(1)
        if len(calls) == 2:
            raise TrainingError("the cause lies in 'age'")
        return original(*parts, **options)

    monkeypatch.setattr(fitting, "train", second_fails)
    with caplog.at_level(logging.WARNING):
        model = fast(pilot=True, epochs=1).fit(frame)
    assert "the pilot could not be trained" in caplog.text
    assert "'age'" in caplog.text
    assert model.pilot_ is None
    assert not model.interrupted_


def test_callbacks_are_told_of_the_model_alone(frame):
    seen = []
    model = fast(pilot=True).fit(frame, callbacks=(seen.append,))
    assert [progress.step for progress in seen] == [record["step"] for record in model.history_]


def test_the_bar_shows_the_pilot_by_its_name(frame, monkeypatch):
    shown = []

    class Watched(Bar):
        def __call__(self, report):
            super().__call__(report)
            shown.append((self.progress.tasks[0].description, self.progress.tasks[0].completed))

    monkeypatch.setattr("evenvae.training.progress_bar.Bar", Watched)
    model = fast(pilot=True, verbose=True).fit(frame)
    assert shown == [
        *(("training", record["step"]) for record in model.history_),
        *(("pilot", record["step"]) for record in model.pilot_.history_),
    ]


def test_a_warm_start_goes_on_with_both(frame):
    model = fast(pilot=True, warm_start=True, epochs=20, training=Training(batch_size=32, patience=0)).fit(frame)
    first = model.pilot_.history_[0]["loss"][0]
    model.fit(frame)
    assert model.pilot_.history_[0]["loss"][0] < first
    assert model.pilot_.fitted_.space is model.fitted_.space


def test_a_seed_from_the_system_is_that_of_both(frame):
    model = fast(pilot=True, epochs=1, random_state=None).fit(frame)
    assert model.pilot_.seed_ == model.seed_


def test_weights_count_for_both(frame):
    weight = np.arange(len(frame)) % 3
    model, by_hand = (
        fast(**options, epochs=2).fit(frame, sample_weight=weight) for options in ({"pilot": True}, PLAIN)
    )
    assert model.pilot_.history_ == by_hand.history_


def test_a_pilot_is_trained_without_cycle_consistency():
    given = evenvae.EvenVAE(task="site", prior="vamp", training=Training(cycle=2, batch_size=64)).get_params(deep=False)
    assert plain_options(given)["training"] == Training(batch_size=64)
    assert plain_options(evenvae.EvenVAE().get_params(deep=False))["training"] is None
