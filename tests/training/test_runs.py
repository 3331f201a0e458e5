"""The loop: side by side as alone, resumed as undisturbed, stopped cleanly."""

import equinox as eqx
import jax
import numpy as np
import pytest

from evenvae import balancing
from evenvae.errors import InputError, TrainingError
from evenvae.objectives import ELBO
from evenvae.report.gradients import feature_gradients
from evenvae.training import (
    OPPOSED,
    BatchStream,
    Data,
    Method,
    OptimiserSettings,
    TrainingSettings,
    Validation,
    stack,
    start,
    static_part,
    train,
)
from support import new_network

NAMES = list("abcdef")


def setup(mixed, seeds=(0,), balance="imtl-g+pcgrad", steps=40, chunk=10, **settings):
    space, values, observed = mixed
    balancer = None if balance is None else balancing.norm_match(balancing.parse(balance))
    optimiser = OptimiserSettings(total_steps=steps)
    runs, network = [], None
    for seed in seeds:
        network, states = new_network(space, values, observed, seed=seed, method=Method(ELBO(), balancer))
        runs.append(start(network, states, jax.random.key_data(jax.random.key(seed)), optimiser, 6))
    data = Data(space.cells(values, observed), observed, space.device_scales, space.value_bounds.astype(np.float32))
    rows = np.arange(300, 400, dtype=np.int32)[None]
    hidden = np.random.default_rng(0).random((1, 100, 6)) < 0.2
    validation = stack([Validation(rows, np.ones((1, 100), np.float32), hidden)] * len(seeds))
    streams = [BatchStream(np.arange(300), 32, (0, seed)) for seed in seeds]
    method = Method(ELBO(), balancer)
    training = TrainingSettings(32, steps, chunk, **{"patience": None, **settings})
    return (stack(runs), static_part(network), data, streams, validation, method, optimiser, training, NAMES)


def same(a, b, exact=True):
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        if exact:
            np.testing.assert_array_equal(x, y)
        elif np.issubdtype(np.asarray(x).dtype, np.floating):
            np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5)


def test_training_learns(mixed):
    out = train(*setup(mixed, steps=300, chunk=100))
    assert out.history[-1]["loss"][0] < out.history[0]["loss"][0]
    assert out.history[-1]["best"][0] < out.history[0]["validation"][0]


def test_same_seed_same_result(mixed):
    same(train(*setup(mixed)).runs, train(*setup(mixed)).runs)


def test_runs_side_by_side_equal_single_runs(mixed):
    together = train(*setup(mixed, seeds=(0, 1)))
    for place, seed in enumerate((0, 1)):
        alone = train(*setup(mixed, seeds=(seed,)))
        of_both = jax.tree.map(lambda a, p=place: a[p : p + 1], together.runs.params)
        # float32, forty Adam steps: reorderings of sums by vmap grow to a few 1e-5
        same(of_both, alone.runs.params, exact=False)


@pytest.mark.parametrize("balance", [None, "imtl-g+pcgrad"], ids=["plain", "balanced"])
def test_a_resumed_run_equals_an_undisturbed_one(mixed, tmp_path, balance):
    whole = train(*setup(mixed, balance=balance))

    def interrupt(progress):
        if progress.step == 20:
            raise KeyboardInterrupt

    stopped = train(*setup(mixed, balance=balance), callbacks=(interrupt,), folder=tmp_path, fingerprint="x")
    assert stopped.interrupted
    assert stopped.history[-1]["step"] == 20
    again = train(*setup(mixed, balance=balance), folder=tmp_path, resume=True, fingerprint="x")
    same(again.runs, whole.runs)
    assert [r["step"] for r in again.history] == [r["step"] for r in whole.history]
    assert again.history[-1]["loss"] == whole.history[-1]["loss"]


def test_a_checkpoint_of_other_settings_is_refused(mixed, tmp_path):
    train(*setup(mixed), folder=tmp_path, fingerprint="x")
    with pytest.raises(InputError, match="other data or other settings"):
        train(*setup(mixed), folder=tmp_path, resume=True, fingerprint="y")


def test_a_cut_checkpoint_is_refused(mixed, tmp_path):
    train(*setup(mixed), folder=tmp_path, fingerprint="x")
    file = tmp_path / "checkpoint.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match="cut short"):
        train(*setup(mixed), folder=tmp_path, resume=True, fingerprint="x")


def gradients_of_the_first_step(mixed, balance):
    """Rows of the first step's gradients by the report's own way, and the balancer of the run."""
    runs, static, data, streams, _, method, *_ = setup(mixed, balance=balance)
    one = lambda tree: jax.tree.map(lambda leaf: leaf[0], tree)
    network = eqx.combine(one(runs.params), static)
    rows = streams[0].steps(0, 1)[0]
    key = jax.random.fold_in(jax.random.wrap_key_data(runs.key[0]), 0)
    cells = tuple(block[rows] for block in data.cells)
    (found,), _ = feature_gradients(network, one(runs.states.encoder), cells, data.mask[rows], data.scales, key, method)
    return np.asarray(found, np.float64), method.balancer


@pytest.mark.parametrize("balance", [None, "imtl-g", "graddrop"])
def test_what_is_recorded_of_the_gradients_is_that_of_the_last_step(mixed, balance):
    rows, balancer = gradients_of_the_first_step(mixed, balance)
    record = train(*setup(mixed, balance=balance, steps=1, chunk=1)).history[0]
    norms = np.linalg.norm(rows, axis=1)
    # float32: the Gramian's identity sums in another order than the rows
    np.testing.assert_allclose(record["gradient_norms"][0], norms, rtol=1e-4)
    pairs = ((rows @ rows.T) / np.outer(norms, norms))[np.triu_indices(6, 1)]
    assert record["gradient_cosine"][0] == pytest.approx(pairs.mean(), abs=1e-5)
    assert record["gradient_conflicts"][0] == pytest.approx((pairs < -OPPOSED).mean())
    assert ("gradient_weights" in record) == (balance == "imtl-g")
    if balance == "imtl-g":
        weights, _ = balancer.weights(np.float32(rows @ rows.T), balancer.init(6))
        np.testing.assert_allclose(record["gradient_weights"][0], weights, rtol=1e-3)


@pytest.mark.parametrize("balance", [None, "gradnorm+pcgrad"], ids=["plain", "balanced"])
def test_looking_at_the_gradients_changes_nothing(mixed, balance):
    seen = train(*setup(mixed, seeds=(0, 1), balance=balance))
    unseen = train(*setup(mixed, seeds=(0, 1), balance=balance, watch_gradients=False))
    # two programs, which XLA may fuse otherwise: alike but for rounding
    for one, other in zip(jax.tree.leaves(seen.runs.params), jax.tree.leaves(unseen.runs.params), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)
    assert "gradient_norms" in seen.history[0]
    assert "gradient_norms" not in unseen.history[0]


def test_patience_stops_and_the_best_state_is_kept(mixed):
    arguments = list(setup(mixed, steps=400, chunk=10, patience=3))
    arguments[6] = OptimiserSettings(learning_rate=0.05, schedule="constant", total_steps=400)
    out = train(*arguments)
    assert out.runs.stopped.all()
    assert out.history[-1]["step"] < 400
    figures = [r["validation"][0] for r in out.history]
    assert out.runs.best_value[0] == pytest.approx(min(figures), rel=1e-6)
    assert out.runs.best_step[0] == out.history[int(np.argmin(figures))]["step"]


def test_a_run_that_turns_non_finite_names_its_column(mixed):
    arguments = list(setup(mixed, steps=100, chunk=20, max_bad_steps=5))
    data = arguments[2]
    cells = list(data.cells)
    cells[2] = np.full_like(cells[2], np.inf)  # the third block is the count column 'c'
    arguments[2] = data._replace(cells=tuple(cells))
    with pytest.raises(TrainingError, match="non-finite"):
        train(*arguments)


def test_every_row_is_used_equally_often():
    stream = BatchStream(np.arange(10), 4, (1, 2))
    counts = np.bincount(stream.steps(0, 25).ravel(), minlength=10)
    np.testing.assert_array_equal(counts, 10)


def test_batches_depend_on_the_step_alone():
    stream = BatchStream(np.arange(37), 5, (3,))
    whole = stream.steps(0, 30)
    np.testing.assert_array_equal(BatchStream(np.arange(37), 5, (3,)).steps(12, 7), whole[12:19])
