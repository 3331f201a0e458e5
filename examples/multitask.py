"""Four losses of very different scales on one shared trunk, trained with and without balancing.

    python examples/multitask.py

From ten measurements of a wine (178 wines, three growers; Forina et al., in scikit-learn) a small network predicts its
proline (hundreds of mg/l) and hue (about 1), both in their original units, who grew it, and whether it is strong. The
squared errors of proline are a million times those of hue, so that the plain sum trains the trunk for proline only.
`balanced_value_and_grad` takes the place of ``jax.value_and_grad`` of the sum; nothing else changes.
"""

import argparse
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.datasets import load_wine

from evenvae.balancing import LinearHeads, balanced_value_and_grad, equal_norm, imtl_g, none, norm_match

TASKS = ("proline", "hue", "grower", "strong")
METHODS = {"plain": none(), "imtl-g": norm_match(imtl_g()), "equal-norm": norm_match(equal_norm())}
HIDDEN, SPLITS, TEST = 16, 8, 58


def wine() -> tuple[np.ndarray, np.ndarray]:
    """Ten standardised measurements, and the four targets in their original units."""
    data = load_wine(as_frame=True).frame
    targets = data[["proline", "hue", "target", "alcohol"]].to_numpy(np.float32)
    targets[:, 3] = targets[:, 3] > 13
    inputs = data.drop(columns=["proline", "hue", "target", "alcohol"]).to_numpy(np.float32)
    return (inputs - inputs.mean(0)) / inputs.std(0), targets


def trunk(layers, batch):
    """The shared feature: two layers with tanh."""
    y, _ = batch
    for w, b in layers:
        y = jnp.tanh(y @ w + b)
    return y


def numbers(outputs):
    """Proline and hue in their original units, from outputs in units of their usual mean and standard deviation."""
    return jnp.array([747.0, 0.96]) + jnp.array([315.0, 0.23]) * outputs[:, :2]


def per_row(outputs, targets):
    """The loss of every row and task (rows, 4): two squared errors and two cross-entropies."""
    grower = optax.softmax_cross_entropy_with_integer_labels(outputs[:, 2:5], targets[:, 2].astype(int))
    strong = optax.sigmoid_binary_cross_entropy(outputs[:, 5], targets[:, 3])
    return jnp.column_stack([0.5 * (numbers(outputs) - targets[:, :2]) ** 2, grower, strong])


# the task of each of the six outputs, and the four losses
HEADS = LinearHeads((0, 1, 2, 2, 2, 3), lambda outputs, batch: per_row(outputs, batch[1]).mean(0))


def start(key, inputs: int):
    """New layers of the trunk and new heads, with Glorot-normal weights."""
    keys = jax.random.split(key, 3)
    make = jax.nn.initializers.glorot_normal()
    layers = [(make(k, (n, HIDDEN)), jnp.zeros(HIDDEN)) for k, n in zip(keys, (inputs, HIDDEN), strict=False)]
    return layers, HEADS.init(keys[2], HIDDEN)


def errors(params, x, t):
    """RMSE divided by the standard deviation for proline and hue, share of wrong answers for the other tasks."""
    layers, heads = params
    outputs = trunk(layers, (x, t)) @ heads.kernel + heads.bias
    rmse = jnp.sqrt(((numbers(outputs) - t[:, :2]) ** 2).mean(0)) / t[:, :2].std(0)
    grower = (outputs[:, 2:5].argmax(1) != t[:, 2]).mean()
    strong = ((outputs[:, 5] > 0) != t[:, 3]).mean()
    return jnp.append(rmse, jnp.stack([grower, strong]))


@functools.partial(jax.jit, static_argnames=("balancer", "steps"))
def train(key, x, t, balancer, steps: int):
    """Test errors and the losses of every step (steps, 4) on one random split."""
    optimiser = optax.adam(1e-2)
    balanced = balanced_value_and_grad(trunk, HEADS, balancer)
    order = jax.random.permutation(key, len(x))
    test, rows = order[:TEST], order[TEST:]
    params = start(key, x.shape[1])

    def step(carry, key):
        params, optimiser_state, state = carry
        losses, gradients, state, _ = balanced(params, state, (x[rows], t[rows]), key=key)
        updates, optimiser_state = optimiser.update(gradients, optimiser_state)
        return (optax.apply_updates(params, updates), optimiser_state, state), losses

    carry = params, optimiser.init(params), balanced.init(len(TASKS))
    (params, _, _), losses = jax.lax.scan(step, carry, jax.random.split(key, steps))
    return errors(params, x[test], t[test]), losses


def run(steps: int = 150) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Test errors and training losses of every method: medians over random splits, which are trained side by side."""
    x, t = wine()
    keys = jax.random.split(jax.random.key(0), SPLITS)
    found = {}
    for name, balancer in METHODS.items():
        each = jax.vmap(lambda key, balancer=balancer: train(key, x, t, balancer, steps))(keys)
        found[name] = tuple(np.median(values, axis=0) for values in each)
    return found


def main() -> None:
    """Print one line for every task and one column for every method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=150)
    found = run(parser.parse_args().steps)
    print(f"{'test error':12}" + "".join(f"{name:>12}" for name in found))
    for row, task in enumerate(TASKS):
        print(f"{task:12}" + "".join(f"{test[row]:12.3f}" for test, _ in found.values()))
    print("\nproline, hue: RMSE / standard deviation; grower, strong: share of wrong answers")


if __name__ == "__main__":
    main()
