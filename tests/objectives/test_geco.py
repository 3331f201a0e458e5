"""GECO: the multiplier's path in closed form, coefficients, and its options."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from evenvae.errors import InputError
from evenvae.objectives import ELBO, GECO, IWAE
from evenvae.training import Method, balanced_gradients, loss
from support import new_network, widened

SEEN = jnp.asarray(np.random.default_rng(9).random((3, 4)) < 0.8)
FORMS = [
    GECO(5),
    GECO(5, "column"),
    GECO(5, weighted=True),
    GECO(5, "column", weighted=True),
]


def terms(seed=0, samples=5):
    rng = np.random.default_rng(seed)
    log_likelihood = np.where(SEEN, rng.normal(size=(samples, 3, 4)) - 2, 0)
    return jnp.asarray(log_likelihood), jnp.asarray(rng.normal(size=(samples, 3)))


def constant(nats):
    """Log-likelihoods by which every seen cell costs ``nats``."""
    return jnp.where(SEEN, -nats, 0.0)[None]


def steps(objective, nats, count, target=0.0):
    state, states = objective.init(4, np.full(4, target)), []
    for _ in range(count):
        _, state = objective.bound(constant(nats), None, jnp.ones(3), SEEN, state)
        states.append(state)
    return states


@pytest.mark.parametrize("constraint", ["row", "column"])
def test_the_multiplier_grows_by_the_broken_nats(constraint):
    with jax.enable_x64(True):
        states = steps(GECO(1, constraint, rate=1e-2), 1.5, 10, target=0.25)
        for number, state in enumerate(states, start=1):
            np.testing.assert_allclose(state.average, 1.25, rtol=1e-6)
            np.testing.assert_allclose(state.log_multiplier, number * 1e-2 * 1.25, rtol=1e-5)
        falling = steps(GECO(1, constraint, rate=1e-2), 1.5, 3, target=2.0)
        np.testing.assert_allclose(falling[-1].log_multiplier, -3 * 1e-2 * 0.5, rtol=1e-5)


def test_the_multiplier_moves_by_a_tenth_at_most_and_stays_in_range():
    fast = GECO(1, rate=1.0)
    np.testing.assert_allclose(np.exp(steps(fast, 50.0, 1)[-1].log_multiplier), 1.1, rtol=1e-5)
    np.testing.assert_allclose(np.exp(steps(fast, -50.0, 1)[-1].log_multiplier), 0.9, rtol=1e-5)
    assert float(np.exp(steps(fast, 50.0, 300)[-1].log_multiplier[0])) == pytest.approx(1e6, rel=1e-4)


def test_the_multiplier_waits_for_the_warm_up_and_its_turn():
    logs = [float(s.log_multiplier[0]) for s in steps(GECO(1, warm_up=4, every=2), 1.0, 8)]
    np.testing.assert_allclose(logs, [0, 0, 0, 0, 0, 0.01, 0.01, 0.02], atol=1e-7)


def test_the_average_in_closed_form():
    with jax.enable_x64(True):
        objective, state = GECO(1, memory=0.9), GECO(1).init(4)
        for number in range(6):
            _, state = objective.bound(constant(2.0 if number == 0 else 1.0), None, jnp.ones(3), SEEN, state)
        # starts at the first value and forgets it by 0.9 a step
        np.testing.assert_allclose(state.average, 1 + 0.9**5, rtol=1e-6)


def test_a_column_unseen_in_a_batch_keeps_its_average_and_multiplier_moves_on():
    with jax.enable_x64(True):
        objective = GECO(1, "column")
        state = steps(objective, 1.0, 2)[-1]
        unseen = SEEN.at[:, 1].set(False)
        _, after = objective.bound(constant(3.0), None, jnp.ones(3), unseen, state)
        assert float(after.average[1]) == float(state.average[1])
        assert float(after.average[0]) > float(state.average[0])


@pytest.mark.parametrize("objective", FORMS, ids=str)
def test_coefficients_are_derivatives_of_the_loss(objective):
    with jax.enable_x64(True):
        log_likelihood, ratio = terms()
        state = objective.init(4, np.arange(4.0))
        state = state._replace(
            log_multiplier=jnp.linspace(-1, 1, len(state.log_multiplier)),
            average=state.average + 0.3,
            step=jnp.int32(5),
        )
        value = lambda likelihood, r: objective.bound(likelihood, r, None, SEEN, state)[0].loss
        by_likelihood, by_ratio = jax.grad(value, (0, 1))(log_likelihood, ratio)
        bound, _ = objective.bound(log_likelihood, ratio, None, SEEN, state)
        coefficient = jnp.where(SEEN, bound.likelihood, 0)
        np.testing.assert_allclose(-coefficient, jnp.where(SEEN, by_likelihood, 0), rtol=1e-10)
        np.testing.assert_allclose(-bound.ratio, by_ratio, rtol=1e-10)
        assert (bound.likelihood >= 0).all()


def test_at_multiplier_one_it_is_the_elbo_and_iwae_up_to_a_constant():
    with jax.enable_x64(True):
        log_likelihood, ratio = terms()
        for objective, plain in ((GECO(5), ELBO(5, analytic_kl=False)), (GECO(5, weighted=True), IWAE(5))):
            state = objective.init(4, np.full(4, 0.7))
            bound, _ = objective.bound(log_likelihood, ratio, None, SEEN, state)
            other, _ = plain.bound(log_likelihood, ratio, None, SEEN, None)
            # the constant is the target of a row's seen cells
            assert float(other.loss - bound.loss) == pytest.approx(0.7 * SEEN.sum() / 3)
            np.testing.assert_allclose(
                jnp.broadcast_to(bound.likelihood, log_likelihood.shape),
                jnp.broadcast_to(other.likelihood, log_likelihood.shape),
                rtol=1e-12,
            )


def test_the_step_takes_the_gradient_of_the_loss(mixed):
    space, values, observed = mixed
    with jax.enable_x64(True):
        method = Method(GECO(2, "column"))
        net, states = widened(new_network(space, values, observed, method=method))
        states = states._replace(objective=states.objective._replace(log_multiplier=jnp.linspace(-1.0, 1, 6)))
        batch = widened(space.batch(values[:16], observed[:16]))
        arguments = (net, states, batch, widened(space.scales), jax.random.key(0), method)
        gradient, _, _ = eqx.filter_jit(balanced_gradients)(*arguments)
        expected = eqx.filter_jit(eqx.filter_grad(loss))(*arguments)
        for a, b in zip(jax.tree.leaves(gradient), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-10 * float(jnp.abs(b).max() + 1))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"target": 1.0, "gain": 0.5}, "target and gain say the same in different ways; give one of them"),
        ({"gain": 0.5, "kappa": 2.0}, "give one of them"),
        ({"rate": 0.0}, r"rate=0\.0 must be above 0 and at most 1"),
        ({"rate": 1.5}, r"rate=1\.5 must be above 0 and at most 1"),
        ({"kappa": -1.0}, "squared error that an image may have"),
        ({"samples": 0}, "samples=0 must be a positive whole number"),
        ({"memory": 1.0}, "memory"),
        ({"every": 0}, "every"),
        ({"warm_up": -1}, "warm_up"),
    ],
)
def test_wrong_fields_are_told(fields, words):
    with pytest.raises(InputError, match=words):
        GECO(**fields)


def test_a_constraint_is_of_the_row_or_the_column():
    # where annotations are checked at run time they refuse it first
    with pytest.raises((InputError, TypeCheckError), match=r"constraint='cell' .*row, column|'row', 'column'"):
        GECO(constraint="cell")


def test_rate_and_warm_up_that_are_left_open_are_filled():
    assert GECO(gain=0.3).completed(0.1, 40) == GECO(gain=0.3, rate=0.01, warm_up=40)
    assert GECO(kappa=2.0).completed(0.1, 40) == GECO(kappa=2.0, rate=0.0025, warm_up=40)
    assert GECO(kappa=0.5).completed(0.1, 40).rate == 0.01
    assert GECO(rate=0.05, warm_up=3).completed(0.1, 40) == GECO(rate=0.05, warm_up=3)
    assert GECO(kappa=2.0).keeps_last
    assert not GECO(gain=2.0).keeps_last


def test_rate_and_warm_up_count_as_their_defaults_before():
    for left_open, given in ((GECO(), GECO(rate=0.01, warm_up=0)), (GECO(kappa=3.0), GECO(kappa=3.0, rate=0.01 / 9))):
        for one, other in zip(steps(left_open, 1.5, 3), steps(given, 1.5, 3), strict=True):
            np.testing.assert_array_equal(one.log_multiplier, other.log_multiplier)
