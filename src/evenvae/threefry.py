"""JAX's random numbers, bit for bit, without the waiting: one kernel in compiled programs, NumPy on the host.

Threefry-2x32 (Salmon, Moraes, Dror and Shaw, 2011: Parallel random numbers, as easy as 1, 2, 3) is a function of a key
and a counter. JAX compiles it on CPU as a loop over rounds that passes over memory five times, and compiles a program
for every shape that is drawn outside of a program. Here the rounds are written out: XLA makes them part of the kernel
that uses the numbers, and the host computes the same numbers at once.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.random import define_prng_impl
from jaxtyping import Array, Float, Key, UInt32
from scipy import special

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA
SMALL = 32
"""Fewer numbers are computed where they are used, anew for every element that uses them. One number for every row of a
batch of 128 took more than half of a step in that way."""
Raw = UInt32[np.ndarray, "2"]
"""A key on the host."""
AnyKey = Key[Array, ""] | UInt32[Array | np.ndarray, "2"]
"""A key of JAX, or its raw data."""


def threefry_2x32(key: Any, high: Any, low: Any) -> tuple[Any, Any]:
    """Two words of random bits for the counters ``(high, low)``: arrays of uint32, of JAX or of NumPy."""
    words = (key[0], key[1], key[0] ^ key[1] ^ np.uint32(PARITY))
    x, y = high + words[0], low + words[1]
    for group in range(5):
        for rotation in ROTATIONS[group % 2]:
            x = x + y
            y = (y << np.uint32(rotation)) | (y >> np.uint32(32 - rotation))
            y = x ^ y
        x = x + words[(group + 1) % 3]
        y = y + words[(group + 2) % 3] + np.uint32(group + 1)
    return x, y


# In compiled programs: an implementation of keys for `jax.random`.


def _counters(shape: tuple[int, ...]) -> UInt32[Array, "..."]:
    return jax.lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)


def _seed(seed: Array) -> UInt32[Array, "2"]:
    return jnp.stack([jnp.zeros((), jnp.uint32), seed.astype(jnp.uint32)])


def _split(key: UInt32[Array, "2"], shape: tuple[int, ...]) -> UInt32[Array, "*shape 2"]:
    return jnp.stack(threefry_2x32(key, jnp.zeros(shape, jnp.uint32), _counters(shape)), axis=-1)


def _fold_in(key: UInt32[Array, "2"], data: Array) -> UInt32[Array, "2"]:
    return jnp.stack(threefry_2x32(key, jnp.zeros((), jnp.uint32), data.astype(jnp.uint32)))


def _bits(key: UInt32[Array, "2"], width: int, shape: tuple[int, ...]) -> Array:
    """Random bits, in two parts of a loop: what a loop gives is computed once, where XLA would else compute the rounds
    anew in every kernel that uses the bits.
    """
    size = math.prod(shape)
    half = -(-size // 2)

    def words(start: Array) -> tuple[Array, Array]:
        return threefry_2x32(key, jnp.uint32(0), start + jax.lax.iota(jnp.uint32, half))

    if size < SMALL:
        x, y = threefry_2x32(key, jnp.uint32(0), jax.lax.iota(jnp.uint32, size))
    else:
        x, y = (word.reshape(-1)[:size] for word in jax.lax.map(words, jnp.array([0, half], jnp.uint32)))
    if width == 64:
        bits = (x.astype(jnp.uint64) << jnp.uint64(32)) | y.astype(jnp.uint64)
    else:
        bits = (x ^ y).astype({8: jnp.uint8, 16: jnp.uint16, 32: jnp.uint32}[width])
    return bits.reshape(shape)


IMPLEMENTATION = define_prng_impl(
    key_shape=(2,), seed=_seed, split=_split, random_bits=_bits, fold_in=_fold_in, name="threefry-unrolled", tag="fru"
)


def wrap(key: AnyKey) -> Key[Array, ""]:
    """A key for `jax.random` in compiled programs, whose numbers equal those of JAX's own key with the same data."""
    return jax.random.wrap_key_data(jax.random.key_data(key) if _typed(key) else key, impl=IMPLEMENTATION)


def _typed(key: Any) -> bool:
    return isinstance(key, jax.Array) and jax.dtypes.issubdtype(key.dtype, jax.dtypes.prng_key)


# On the host: the functions of `jax.random` by the same names. They take a key of JAX or its raw data.


def raw(key: AnyKey) -> Raw:
    """The two words of a key."""
    return np.asarray(jax.random.key_data(key) if _typed(key) else key, np.uint32)


def key(seed: int) -> Raw:
    """The key of a seed; of larger integers the last 32 bits count, as in JAX."""
    return np.array([0, seed & 0xFFFFFFFF], np.uint32)


def split(key: AnyKey, count: int = 2) -> UInt32[np.ndarray, "count 2"]:
    """So many new keys."""
    words = threefry_2x32(_columns(key), np.zeros(count, np.uint32), np.arange(count, dtype=np.uint32))
    return np.stack(words, axis=-1)


def fold_in(key: AnyKey, data: int) -> Raw:
    """A new key that depends on an integer."""
    return np.concatenate(threefry_2x32(_columns(key), np.zeros(1, np.uint32), np.array([data], np.uint32)))


def uniform(key: AnyKey, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> Float[np.ndarray, "..."]:
    """Draws from U(low, high) in float32."""
    size = math.prod(shape)
    x, y = threefry_2x32(_columns(key), np.zeros(size, np.uint32), np.arange(size, dtype=np.uint32))
    unit = (((x ^ y) >> np.uint32(9)) | np.float32(1).view(np.uint32)).view(np.float32) - np.float32(1)
    least, width = np.float32(low), np.float32(high) - np.float32(low)
    # compiled programs multiply and add with one rounding, as float64 does here
    scaled = (unit.astype(np.float64) * np.float64(width) + np.float64(least)).astype(np.float32)
    return np.maximum(least, scaled).reshape(shape)


def normal(key: AnyKey, shape: tuple[int, ...]) -> Float[np.ndarray, "..."]:
    """Draws from N(0, 1) in float32."""
    unit = uniform(key, shape, np.nextafter(np.float32(-1), np.float32(0)), 1.0)
    return (np.sqrt(2) * special.erfinv(unit.astype(np.float64))).astype(np.float32)


def _columns(key: AnyKey) -> UInt32[np.ndarray, "2 1"]:
    return raw(key)[:, None]
