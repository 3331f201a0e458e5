"""A few values that many rows share, and a family for the numbers between them."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from evenvae.likelihoods.base import FARTHEST, Likelihood, Scale
from evenvae.likelihoods.draws import level
from evenvae.likelihoods.grids import restored, shared_values, width_of
from evenvae.likelihoods.logitnormal import LogitNormal
from evenvae.likelihoods.lognormal import LogNormal
from evenvae.likelihoods.monotone import Monotone
from evenvae.likelihoods.normal import Normal

ATOMS = 4
"""Most atoms of a column. All columns have so many places for them, so that they share a block."""
MARK = 2.0**22
"""Model-space value of the first atom: farther than any number, and float32 counts exactly from there."""
RAREST = 0.01
"""Rows that a place without an atom counts as when logarithms of frequencies are taken."""
_FIRST, _KNOWN, _REST = 1, 1 + ATOMS, 1 + 2 * ATOMS
"""Where ``Scale.offset`` holds the atoms, what the encoder sees of them, and the constants of the family."""


@dataclasses.dataclass(frozen=True)
class Spiked(Likelihood):
    r"""Up to `ATOMS` values that many rows share, each with a probability, else a continuous family (a hurdle model).

    Formula:
        $$ \log p(x) = \log \pi_k - \log \mathrm{width} \;\text{ at atom } k, \qquad
        \log p(x) = \log \pi_0 + \log f(x) \;\text{ elsewhere} $$

        $$ \pi = \mathrm{softmax}(r) $$

        where f is the family and width that of one value (see `width_of`), 1 for whole numbers. The head gives the
        logits r of the atoms and of the family, then the parameters of f.

    A column of amounts often has a spike at 0, or at the largest number that its form allows. A continuous family can
    only follow it by a density that grows without end. Here the spike is an *atom* with a probability of its own, and
    the family describes the other numbers.

    In model space, the atom of number k is ``MARK + k``. ``Scale.offset`` holds the width, the atoms, the numbers that
    the encoder sees of them, and the constants of the family.

    Cost:
        Five outputs more than the family has.
    """

    base: ClassVar[Likelihood]
    """The family. Its draws take one uniform number, which is then the quantile."""

    uniforms: ClassVar[int] = 2

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.name = f"spiked-{cls.base.name}"
        cls.support_words = cls.base.support_words
        cls.constants = cls.base.constants + _REST + 1
        cls.offset_shape = (_REST + int(np.prod(cls.base.offset_shape)),)

    @classmethod
    def in_support(cls, values: Float[np.ndarray, "..."]) -> Bool[np.ndarray, "..."]:
        """As for the family."""
        return cls.base.in_support(values)

    @classmethod
    def applies(cls, values: Float[np.ndarray, " rows"]) -> bool:
        """As for the family; there must be an atom, and other values."""
        atoms = shared_values(values, ATOMS)
        rest = values[~np.isin(values, atoms)]
        return atoms.size > 0 and len(np.unique(rest)) > ATOMS and cls.base.applies(values)

    @property
    def parameter_count(self) -> int:
        """A logit for each atom and for the family, and the parameters of the family."""
        return ATOMS + 1 + self.base.parameter_count

    def fit(self, values: Float[np.ndarray, "rows *event"]) -> Scale:
        """The atoms, and the constants of the family for all other values."""
        atoms = shared_values(values, ATOMS)
        rest = values[~np.isin(values, atoms)]
        own = self.base.fit(rest)
        known = np.zeros(ATOMS)
        if atoms.size:
            block = Scale(*(np.asarray(part)[None] for part in own))
            low, high = (rest.min(), rest.max()) if rest.size else (atoms[0], atoms[-1])
            seen = lambda raw: np.asarray(
                self.base.encoder_value(self.base.to_model(raw[:, None], block), _on_device(self.base, block))
            )[:, 0]
            inside = seen(np.clip(atoms, low, high))
            # an atom outside the other values is seen beyond them
            known = np.resize(inside + (atoms > high) * 1.0 - (atoms < low) * 1.0, ATOMS)
            known[atoms.size :] = known[atoms.size - 1]
            atoms = np.append(atoms, np.full(ATOMS - atoms.size, atoms[-1]))
        else:
            # no value lies there
            atoms = np.full(ATOMS, (values.max() if values.size else 0.0) + 1.0)
        offset = np.concatenate([[width_of(values)], atoms, known, np.ravel(own.offset)])
        return Scale(own.center, own.scale, offset)

    def own(self, scale: Scale) -> Scale:
        """The constants of the family."""
        offset: Any = scale.offset
        rest = offset[..., _REST:]
        shape = self.base.offset_shape
        return scale._replace(offset=rest.reshape(*rest.shape[:-1], *shape))

    def to_model(self, values: Float[np.ndarray, "... columns"], scale: Scale) -> Float[np.ndarray, "... columns"]:
        """Number of the atom, beyond `MARK`, or the model-space value of the family."""
        matches = values[..., None] == np.asarray(scale.offset)[..., _FIRST:_KNOWN]
        spiked = matches.any(-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            model = self.base.to_model(values, self.own(scale))
        model = np.clip(np.where(spiked, 0, model), -FARTHEST, FARTHEST)
        return np.where(spiked, MARK + matches.argmax(-1), model)

    def standardised(
        self, values: Float[np.ndarray, "rows columns"], scale: Scale
    ) -> Float[np.ndarray, "rows columns"] | None:
        """As the family, of values that are no atoms."""
        with np.errstate(divide="ignore", invalid="ignore"):
            own = self.base.standardised(values, self.own(scale))
        spiked = (values[..., None] == np.asarray(scale.offset)[..., _FIRST:_KNOWN]).any(-1)
        return None if own is None else np.where(spiked, np.nan, own)

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """That of the family."""
        return self.base.affine(self.own(scale))

    def device_scale(self, scale: Scale) -> Scale:
        """The atoms in value space, and the family's own."""
        scale = Scale(*(np.asarray(part) for part in scale))
        own = _on_device(self.base, self.own(scale))
        shift, unit = (np.asarray(part)[..., None] for part in self.affine(scale))
        offset = np.array(scale.offset)
        offset[..., _FIRST:_KNOWN] = (offset[..., _FIRST:_KNOWN] - shift) / unit
        offset[..., _REST:] = np.reshape(own.offset, offset[..., _REST:].shape)
        return Scale(own.center, own.scale, offset)

    def snapped(self, values: Float[np.ndarray, "... columns"], scale: Scale) -> Float[np.ndarray, "... columns"]:
        """Values near an atom become the atom to the last digit."""
        shift, unit = self.affine(scale)
        known = np.asarray(scale.offset)[..., _FIRST:_KNOWN]
        return restored(self.base.snapped(values, self.own(scale)), known, np.asarray(shift), np.asarray(unit))

    def _split(
        self, parameters: Float[Array, "... count"]
    ) -> tuple[Float[Array, "... atoms"], Float[Array, "... own"]]:
        return parameters[..., : ATOMS + 1], parameters[..., ATOMS + 1 :]

    def log_prob(
        self, parameters: Float[Array, "... count"], x: Shaped[Array | np.ndarray, "..."]
    ) -> Float[Array, "..."]:
        """log p of the atom; or log p of none, plus the log-density of the family."""
        logits, own = self._split(parameters)
        share = jax.nn.log_softmax(logits, axis=-1)
        spiked, atom = _atom_of(x)
        chosen = jnp.where(atom[..., None] == jnp.arange(ATOMS), share[..., :ATOMS], 0).sum(-1)
        between = share[..., ATOMS] + self.base.log_prob(own, jnp.where(spiked, 0, x))
        return jnp.where(spiked, chosen, between)

    def log_jacobian(self, x: Shaped[Array, "..."], scale: Scale) -> Float[Array, "..."]:
        """-log of the width of one value for an atom; for all other numbers that of the family."""
        spiked, _ = _atom_of(x)
        between = self.base.log_jacobian(jnp.where(spiked, 0, x), self.own(scale))
        return jnp.where(spiked, -jnp.log(jnp.asarray(scale.offset)[..., 0]), between)

    def value(self, x: Shaped[Array | np.ndarray, "..."], scale: Scale) -> Float[Array, "..."]:
        """The atom, or the number of the family."""
        spiked, atom = _atom_of(x)
        return jnp.where(
            spiked, _picked(_atoms(scale), atom), self.base.value(jnp.where(spiked, 0, x), self.own(scale))
        )

    def _likeliest(self, logits: Float[Array, "... atoms"], otherwise: Array, scale: Scale) -> Float[Array, "..."]:
        likeliest = logits.argmax(-1)
        return jnp.where(likeliest < ATOMS, _picked(_atoms(scale), jnp.minimum(likeliest, ATOMS - 1)), otherwise)

    def mode(self, parameters: Float[Array, "... count"], scale: Scale) -> Float[Array, "..."]:
        """The likeliest atom, or the family's mode where no atom is likelier than the family."""
        logits, own = self._split(parameters)
        return self._likeliest(logits, self.base.mode(own, self.own(scale)), scale)

    def _averaged(self, logits: Float[Array, "... atoms"], between: Array, scale: Scale) -> Float[Array, "..."]:
        share = jax.nn.softmax(logits, axis=-1)
        return (share[..., :ATOMS] * _atoms(scale)).sum(-1) + share[..., ATOMS] * between

    def expected_input(self, parameters: Float[Array, "... count"], scale: Scale) -> Float[Array, "... 1"]:
        """What the encoder sees of the atoms and of the family, weighted by their probabilities."""
        logits, own = self._split(parameters)
        share, seen = jax.nn.softmax(logits, axis=-1), jnp.asarray(scale.offset)[..., _KNOWN:_REST]
        between = self.base.expected_input(own, self.own(scale))
        return (share[..., :ATOMS] * seen).sum(-1, keepdims=True) + share[..., ATOMS:] * between

    def mean(self, parameters: Float[Array, "... count"], scale: Scale) -> Float[Array, "..."]:
        """The atoms and the family's mean, weighted by their probabilities."""
        logits, own = self._split(parameters)
        return self._averaged(logits, self.base.mean(own, self.own(scale)), scale)

    def point_estimate(self, parameters: Float[Array, "... count"], scale: Scale) -> Float[Array, "..."]:
        """The atoms and the family's own estimate, weighted by their probabilities."""
        logits, own = self._split(parameters)
        return self._averaged(logits, self.base.point_estimate(own, self.own(scale)), scale)

    def median(self, parameters: Float[Array, "... count"], scale: Scale) -> Float[Array, "..."]:
        """The least value up to which half of the probability lies.

        If the atoms up to a_j have the probability M_j and the family has 1 - M, it is the least of
        max(a_j, Q((1/2 - M_j) / (1 - M))) over j from 0, where a_0 is minus infinity and Q is the family's quantile.
        """
        logits, own = self._split(parameters)
        share, atoms = jax.nn.softmax(logits, axis=-1), _atoms(scale)
        places = jnp.argsort(atoms, axis=-1)
        sorted_, order = jnp.take_along_axis(atoms, places, -1), jnp.broadcast_to(places, (*logits.shape[:-1], ATOMS))
        found = jnp.full(logits.shape[:-1], jnp.inf, logits.dtype)
        below = jnp.zeros(logits.shape[:-1], logits.dtype)
        for count in range(ATOMS + 1):
            wanted = (0.5 - below) / jnp.maximum(share[..., ATOMS], 1e-30)
            quantile = self.base.from_uniform(jnp.clip(wanted, 1e-6, 1 - 1e-6)[None], own, self.own(scale))
            quantile = jnp.where(wanted <= 0, -jnp.inf, jnp.where(wanted >= 1, jnp.inf, quantile))
            lowest = sorted_[..., count - 1] if count else -jnp.inf
            found = jnp.minimum(found, jnp.maximum(lowest, quantile))
            if count < ATOMS:
                below = below + jnp.take_along_axis(share, order[..., count : count + 1], -1)[..., 0]
        return found

    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "... count"], scale: Scale
    ) -> Float[Array, "..."]:
        """An atom, or a draw of the family."""
        logits, own = self._split(parameters)
        drawn = level(uniform[0], logits)
        between = self.base.from_uniform(uniform[1:], own, self.own(scale))
        return jnp.where(drawn < ATOMS, _picked(_atoms(scale), jnp.minimum(drawn, ATOMS - 1)), between)

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """Logarithms of the frequencies, and the family's marginal of the other numbers."""
        flat = np.asarray(x, float)
        spiked = flat > MARK / 2
        rest = flat[~spiked]
        counts = np.bincount((flat[spiked] - MARK).astype(int), minlength=ATOMS)
        counts = np.append(counts, len(rest)).clip(RAREST)
        own = self.base.marginal(rest if rest.size else np.zeros(1))
        return np.concatenate([np.log(counts / counts.sum()), own])

    def least_nats(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " rows"]:
        """0 for an atom, which can be certain."""
        return np.where(np.asarray(x) > MARK / 2, 0.0, -np.inf)

    def encoder_value(self, x: Float[Array | np.ndarray, "..."], scale: Scale) -> Float[Array, "..."]:
        """That of the family; an atom's is stored."""
        spiked, atom = _atom_of(x)
        seen = _picked(jnp.asarray(scale.offset)[..., _KNOWN:_REST], atom)
        return jnp.where(spiked, seen, self.base.encoder_value(jnp.where(spiked, 0, x), self.own(scale)))


def _atom_of(x: Shaped[Array | np.ndarray, "..."]) -> tuple[Bool[Array, "..."], Int[Array, "..."]]:
    """Whether a model-space value is an atom, and which; the first one where it is none."""
    x = jnp.asarray(x)
    spiked = x > MARK / 2
    return spiked, jnp.where(spiked, x - MARK, 0).astype(jnp.int32)


def _atoms(scale: Scale) -> Float[Array, "... atoms"]:
    return jnp.asarray(scale.offset)[..., _FIRST:_KNOWN]


def _picked(atoms: Float[Array, "*columns atoms"], which: Int[Array, "..."]) -> Float[Array, "..."]:
    """The number of each cell's atom, by comparison: a gather is slow on a CPU."""
    return jnp.where(which[..., None] == jnp.arange(ATOMS), atoms, 0).sum(-1)


def _on_device(base: Likelihood, scale: Scale) -> Scale:
    return Scale(*(np.asarray(part, np.float64) for part in base.device_scale(scale)))


@dataclasses.dataclass(frozen=True)
class SpikedNormal(Spiked):
    """Atoms, else a normal distribution.

    Use it when:
        Real numbers of which a few values occur again and again, such as a zero that means "none".
    """

    base: ClassVar[Likelihood] = Normal()


@dataclasses.dataclass(frozen=True)
class SpikedLogNormal(Spiked):
    """Atoms, else a log-normal distribution.

    Use it when:
        Amounts, many of which are 0.
    """

    base: ClassVar[Likelihood] = LogNormal()


@dataclasses.dataclass(frozen=True)
class SpikedLogitNormal(Spiked):
    """Atoms, else numbers between two bounds.

    Use it when:
        Shares, many of which are exactly 0 or 1.
    """

    base: ClassVar[Likelihood] = LogitNormal()


@dataclasses.dataclass(frozen=True)
class SpikedMonotone(Spiked):
    """Atoms, else a normal distribution behind a monotone function.

    Use it when:
        Amounts of any shape with a spike: working hours, capital gains.
    """

    base: ClassVar[Likelihood] = Monotone()
