"""The protocol of balancers: what every balancing method promises, with the default answers that most of them share."""

import abc
import dataclasses
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, Int, Key, Shaped

from evenvae.balancing.algebra import finite_rows
from evenvae.balancing.gram import combine_linear_heads, gram_of_linear_heads, rows_of_linear_heads

State = Any
"""What a balancer remembers between steps: a pytree of arrays that only the balancer itself reads."""


@dataclasses.dataclass(frozen=True)
class Balancer(abc.ABC):
    """A method that turns the gradients of D tasks into one direction.

    A balancer is a hashable description. What it remembers between steps is its ``state``, which is passed in and
    returned. Most methods need only the Gramian Q = G G^T of the gradient rows G (D, n), and answer with weights w such
    that the direction is G^T w: they implement `weights` and inherit the rest. Methods with ``needs_rows`` see the rows
    themselves and implement `update`.

    Rows of norm zero and rows that are not finite get the weight 0, and the method works on the others. If only one
    row is left, the direction lies along it.
    """

    @property
    def name(self) -> str:
        """The name that `parse` reads back. Raises TypeError for a balancer without a name."""
        raise TypeError(f"{type(self).__name__} has no name")

    @property
    def sequence(self) -> tuple["Balancer", ...]:
        """The balancers that act one after the other: the parts of a chain, and the balancer itself for any other."""
        return (self,)

    @property
    def needs_rows(self) -> bool:
        """Whether the method needs the rows themselves and implements `update`; `weights` then raises TypeError."""
        return False

    @property
    def mixes_by_weights(self) -> bool:
        """Whether `mix_linear_heads` computes the Gramian and asks `weights`."""
        return not self.needs_rows

    @property
    def needs_losses_after_step(self) -> bool:
        """Whether `update_after_step` must be called with the losses after every step."""
        return False

    @property
    def blind_to_scale(self) -> bool:
        """Whether the direction stays the same when the loss of one task is rescaled."""
        return False

    def init(self, number_of_tasks: int) -> State:
        """The state before the first step."""
        del number_of_tasks
        return ()

    @abc.abstractmethod
    def weights(
        self,
        gram: Float[Array, "D D"],
        state: State,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Shaped[Array, "..."] | None = None,
    ) -> tuple[Float[Array, " D"], State]:
        """Weights of the rows from their Gramian, and the next state.

        Args:
            gram: inner products of the gradient rows, (D, D).
            state: what `init` or the step before returned.
            key: random key of the step, for methods that draw random numbers.
            losses: losses of the tasks, (D,), for methods that work on them.
            noise: the random numbers of the step, in place of those drawn from ``key``. Each method says what they are.

        Raises:
            ValueError: if the method needs a key or losses that were not given.
            TypeError: if the method needs the rows themselves.
        """

    def update(
        self,
        rows: Float[Array, "D n"],
        state: State,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Shaped[Array, "..."] | None = None,
    ) -> tuple[Float[Array, " n"], State]:
        """Direction (n,) from the gradient rows (D, n), and the next state. See `weights` for the other arguments."""
        weights, state = self.weights(rows @ rows.T, state, key=key, losses=losses, noise=noise)
        return weights @ finite_rows(rows), state

    def mix_linear_heads(
        self,
        state: State,
        cotangent: Float[Array, "M P"],
        kernel: Float[Array, "h P"],
        feature: Int[np.ndarray, " P"],
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
    ) -> tuple[Float[Array, "M h"], State]:
        """Balanced cotangent (M, h) of a feature that the heads of all tasks map linearly, and the next state.

        By default the Gramian comes from an identity (`gram_of_linear_heads`), so that no row is formed. Methods with
        ``needs_rows`` get all rows at once.

        Args:
            state: what `init` or the step before returned.
            cotangent: gradient of the summed losses with respect to the outputs of the heads, (M, P).
            kernel: weights of the heads, (h, P).
            feature: task of each of the P outputs.
            key: random key of the step.
            losses: losses of the tasks, (D,).
        """
        if self.needs_rows:
            rows = rows_of_linear_heads(cotangent, kernel, feature)
            direction, state = self.update(rows, state, key=key, losses=losses)
            return direction.reshape(-1, kernel.shape[0]), state
        gram = gram_of_linear_heads(cotangent, kernel, feature)
        weights, state = self.weights(gram, state, key=key, losses=losses)
        return combine_linear_heads(cotangent, kernel, feature, weights.astype(cotangent.dtype)), state

    def update_after_step(self, state: State, losses: Float[Array, " D"]) -> State:
        """The state after the parameters moved, given the new losses of the same batch.

        Call it after every step if ``needs_losses_after_step``.
        """
        del losses
        return state


def name_with_options(method: str, balancer: Balancer) -> str:
    """The name of a method, with the options that differ from their defaults in brackets."""
    options = {field.name: (getattr(balancer, field.name), field.default) for field in dataclasses.fields(balancer)}
    changed = [f"{name}={option_text(value)}" for name, (value, default) in options.items() if value != default]
    return f"{method}[{','.join(changed)}]" if changed else method


def option_text(value: float | str | tuple[float, ...] | None) -> str:
    """An option as it stands in a balancer's name."""
    if isinstance(value, tuple):
        return "/".join(f"{item:g}" for item in value)
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value).lower()


def required_losses(name: str, losses: Float[Array, " D"] | None) -> Float[Array, " D"]:
    """The losses. Raises ValueError with the name of the method that needs them if they are None."""
    if losses is None:
        raise ValueError(f"{name} works on the losses: pass losses=, one for each task")
    return losses


def halves(key: Key[Array, ""] | None) -> tuple[Key[Array, ""] | None, Key[Array, ""] | None]:
    """The two halves of a step's key.

    In a chain the first half is for the parts before the last one. The last part takes the second half, and so does an
    elementwise method by itself, so that both may be given the same key.
    """
    if key is None:
        return None, None
    first, second = jax.random.split(key)
    return first, second
