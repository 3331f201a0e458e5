"""GECO: the multiplier's path in closed form, coefficients, and a constraint that is held."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from evenvae import EvenVAE, InputError
from evenvae.likelihoods import Poisson
from evenvae.models.targets import least_nats, marginal_nats, targets
from evenvae.objectives import ELBO, GECO, IWAE
from evenvae.training import Method, balanced_gradients, loss
from support import FAST, new_network, people, widened

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
        method = Method(GECO(2, "column"), None)
        net, states = widened(new_network(space, values, observed, method=method))
        states = states._replace(objective=states.objective._replace(log_multiplier=jnp.linspace(-1.0, 1, 6)))
        cells = widened(tuple(block[:16] for block in space.cells(values, observed)))
        arguments = (net, states, cells, jnp.asarray(observed[:16]), widened(space.scales), jax.random.key(0), method)
        gradient, _, _ = eqx.filter_jit(balanced_gradients)(*arguments)
        expected = eqx.filter_jit(eqx.filter_grad(loss))(*arguments)
        for a, b in zip(jax.tree.leaves(gradient), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-10 * float(jnp.abs(b).max() + 1))


def test_targets_lie_between_the_marginal_and_what_can_be_had(mixed):
    space, values, observed = mixed
    marginal, least = marginal_nats(space, values, observed), least_nats(space, values, observed)
    asked = targets(space, values, observed, 0.5)
    np.testing.assert_allclose(marginal[0], 0.5 * np.log(2 * np.pi) + 0.5, rtol=1e-3)  # a standardised normal
    flags = values[observed[:, 3], 3]
    np.testing.assert_allclose(marginal[3], stats.bernoulli(flags.mean()).entropy(), atol=0.01)
    np.testing.assert_array_equal(least[[0, 1]], -np.inf)
    np.testing.assert_array_equal(least[3:], 0)
    assert (asked < marginal).all()
    assert (asked > least).all()
    np.testing.assert_allclose(asked[:2], marginal[:2] - 0.5)
    counts = np.array([0.0, 1, 7, 40])
    np.testing.assert_allclose(Poisson().least_nats(counts), -stats.poisson(counts).logpmf(counts), atol=1e-12)


def test_constraints_are_held_in_training_and_kept_in_the_history():
    table = people(400)[["age", "income", "member"]]
    settings = {**FAST, "epochs": 120, "learning_rate": 3e-3, "schedule": "constant"}
    model = EvenVAE(**settings, objective="geco", constraint="column", gain=0.3, multiplier_rate=0.05).fit(table)
    assert model.plan_.balance == "none"
    broken = np.array([record["constraint"][0] for record in model.history_])
    multipliers = np.array([record["multiplier"][0] for record in model.history_])
    assert broken.shape == multipliers.shape == (len(model.history_), 3)
    # so fast a multiplier swings around its constraint; over a while it is held
    np.testing.assert_allclose(broken[len(broken) // 2 :].mean(0), 0, atol=0.1)
    assert np.ptp(multipliers, axis=0).min() > 0.05


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"constraint": "column"}, "geco"),
        ({"objective": "geco", "constraint": "cell"}, "row, column"),
        ({"objective": "geco", "target": 1.0, "gain": 0.5}, "one of them"),
        ({"objective": "geco", "beta": 2.0}, "beta"),
        ({"objective": "geco", "multiplier_rate": 0.0}, "multiplier_rate"),
        ({"objective": "beta"}, "beta=4"),
    ],
)
def test_wrong_options_are_told(options, words):
    with pytest.raises(InputError, match=words):
        EvenVAE(**FAST, **options).fit(people(60))


def test_a_balancer_that_undoes_the_multipliers_is_told(caplog):
    model = EvenVAE(**FAST | {"epochs": 1}, objective="geco", constraint="column", balance="imtl-g")
    model.fit(people(60))
    assert "run off" in caplog.text
