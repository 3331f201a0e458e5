# %% [markdown]
# # My losses fight: balance your own JAX model
#
# One network, several losses, and the sum of the losses trains hardly anything but the largest one. Weights chosen by hand
# help until the losses change. This tutorial takes such a network and lets a balancer set the weights in every step.
#
# Nothing here needs a VAE: `evenvae.balancing` works with any JAX model that has a shared part and several losses. You need
# `pip install 'evenvae[demo]'`. The table is part of scikit-learn, so no download is needed.

# %%
import functools

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
import pandas as pd
from sklearn.datasets import load_diabetes

from evenvae.balancing import LinearHeads, LinearParameters, balanced_value_and_grad, norm_match, parse

STEPS = 1000
patients = load_diabetes(as_frame=True, scaled=False).frame
patients.head()

# %% [markdown]
# From age, body mass index, blood pressure and four values of the blood (`s1` to `s4`), one network shall say how far the
# disease has progressed after a year (`target`, 25 to 346), the blood sugar (`s6`, around 90), the logarithm of the
# triglycerides (`s5`, around 4.6), and the sex. All in their own units, as people write them down.

# %%
TASKS = ["progression", "blood sugar", "triglycerides", "sex"]
inputs = patients[["age", "bmi", "bp", "s1", "s2", "s3", "s4"]].to_numpy(np.float32)
inputs = (inputs - inputs.mean(0)) / inputs.std(0)
targets = np.column_stack([patients.target, patients.s6, patients.s5, patients.sex == 2]).astype(np.float32)
order = np.random.default_rng(0).permutation(len(inputs))
train, test = order[:300], order[300:]
centre, spread = targets[train].mean(0), targets[train].std(0)

# %% [markdown]
# ## The model
#
# A trunk of two layers, and one linear map to four outputs: one for each task. The first three losses are squared errors,
# the last is a cross-entropy. A squared error of progression is thousands, one of triglycerides is a tenth.


# %%
def trunk(layers, batch):
    """The shared feature."""
    y, _ = batch
    for weights, bias in layers:
        y = jnp.tanh(y @ weights + bias)
    return y


def losses(outputs, batch):
    """One loss for each task."""
    _, wanted = batch
    numbers = centre[:3] + spread[:3] * outputs[:, :3]
    squared = 0.5 * ((numbers - wanted[:, :3]) ** 2).mean(0)
    return jnp.append(squared, optax.sigmoid_binary_cross_entropy(outputs[:, 3], wanted[:, 3]).mean())


heads = LinearHeads((0, 1, 2, 3), losses)  # the task that each output belongs to


def start(key):
    """Parameters of a new network: of the trunk, and of the heads."""
    first, second, third = jax.random.split(key, 3)
    dense = lambda key, a, b: (jax.random.normal(key, (a, b)) / a**0.5, jnp.zeros(b))
    return [dense(first, 7, 32), dense(second, 32, 32)], LinearParameters(*dense(third, 32, 4))


# %% [markdown]
# ## The training step
#
# `balanced_value_and_grad` takes the place of `jax.value_and_grad` of the sum. It gives every head its own plain gradient,
# and the trunk the balanced one. `norm_match` rescales that to the length of the plain sum, so that the learning rate keeps
# its meaning.


# %%
@functools.partial(jax.jit, static_argnames="name")
def trained(name, seed):
    """The losses on test rows after every tenth step."""
    step = balanced_value_and_grad(trunk, heads, norm_match(parse(name)))
    adam = optax.adam(3e-3)
    key = jax.random.key(seed)
    params = start(key)

    def one(carry, key):
        params, state, moments = carry
        rows = jax.random.choice(key, jnp.asarray(train), (64,))
        batch = (jnp.asarray(inputs)[rows], jnp.asarray(targets)[rows])
        result = step(params, state, batch, key=key)
        updates, moments = adam.update(result.gradients, moments)
        return (optax.apply_updates(params, updates), result.state, moments), None

    def ten(carry, key):
        carry, _ = jax.lax.scan(one, carry, jax.random.split(key, 10))
        unseen = (jnp.asarray(inputs)[test], jnp.asarray(targets)[test])
        layers, last = carry[0]
        return carry, losses(trunk(layers, unseen) @ last.kernel + last.bias, unseen)

    begin = (params, step.init(len(TASKS)), adam.init(params))
    return jax.lax.scan(ten, begin, jax.random.split(key, STEPS // 10))[1]


METHODS = ["none", "pcgrad", "equal-norm", "imtl-g"]
paths = {name: np.mean([trained(name, seed) for seed in range(3)], axis=0) for name in METHODS}

# %% [markdown]
# ## Who learns what?
#
# A loss by itself says little, so divide it by the loss of a constant guess: 1 means that nothing was learned.

# %%
squared = 0.5 * ((centre[:3] - targets[test][:, :3]) ** 2).mean(0)
logit = np.log(centre[3] / (1 - centre[3]))
constant = np.append(squared, optax.sigmoid_binary_cross_entropy(logit, targets[test][:, 3]).mean())
least = pd.DataFrame({name: (path / constant).min(0) for name, path in paths.items()}, index=TASKS).T
least.assign(mean=least.mean(axis=1)).round(3)

# %%
# Paths: every task's loss on test rows over the steps, relative to a constant guess, for the plain sum and for imtl-g
figure, axes = plt.subplots(1, len(TASKS), figsize=(9.4, 2.9))
for ax, task, place in zip(axes, TASKS, range(len(TASKS)), strict=True):
    for name, colour in {"none": "#8a929c", "pcgrad": "#c2571a", "imtl-g": "#1f77b4"}.items():
        ax.plot(10 * np.arange(1, STEPS // 10 + 1), paths[name][:, place] / constant[place], label=name, color=colour)
    ax.axhline(1, color="#8a929c", linewidth=1, linestyle="--")
    ax.set_title(task)
    ax.set_xlabel("step")
    ax.set_ylim(0, 1.3)
axes[0].legend()
plt.show()

# %% [markdown]
# The plain sum (`none`) trains the trunk for progression and leaves to the others what their heads can make of it. The
# triglycerides show it: they follow almost exactly from `s1`, `s2` and `s3`, because laboratories compute one of these from
# the others and them, but the trunk of the plain sum has no reason to find that out. `equal-norm` and `imtl-g` find it, and
# progression does not pay. `pcgrad` alone removes conflicts and leaves the scales as they are, which is half of the way.
#
# ## Look at the gradients
#
# `Balancer.weights` says what a balancer does with the gradients of one step. Here are the norms of the four gradients at
# the shared feature of a new network, and the weights that each method gives them.

# %%
layers, last = start(jax.random.key(0))
batch = (jnp.asarray(inputs)[train], jnp.asarray(targets)[train])
feature = trunk(layers, batch)
rows = jax.jacrev(lambda y: losses(y @ last.kernel + last.bias, batch))(feature).reshape(len(TASKS), -1)
found = {"norm of the gradient": jnp.linalg.norm(rows, axis=1)}
for name in METHODS[1:]:
    balancer = norm_match(parse(name))
    found[f"weight, {name}"] = balancer.weights(rows @ rows.T, balancer.init(len(TASKS)), key=jax.random.key(0))[0]
pd.DataFrame(found, index=TASKS).astype(float).round(3)

# %% [markdown]
# ## Before you rely on it
#
# * **A balancer decides how the trunk is shared, not what matters to you.** Look at every task afterwards.
# * Which method promises what, and what it costs: [balancing](../balancing.md).
# * Heads need not be linear: give a list of functions `head(params, feature, batch) -> loss` instead of `LinearHeads`.
# * `EvenVAE` uses the same functions, with a column for a task.
