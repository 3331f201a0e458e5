"""The generator gives JAX's own numbers, in compiled programs and on the host."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae import threefry

SEEDS = [0, 7, 2**31 - 1]


def test_the_known_answer_of_the_papers_code():
    """The vectors that Random123 publishes for Threefry-2x32 with 20 rounds (kat_vectors)."""
    ask = lambda key, counter: [
        int(word[0])
        for word in threefry.threefry_2x32(
            np.array(key, np.uint32)[:, None], *(np.array([word], np.uint32) for word in counter)
        )
    ]
    assert ask([0, 0], [0, 0]) == [0x6B200159, 0x99BA4EFE]
    assert ask([0xFFFFFFFF] * 2, [0xFFFFFFFF] * 2) == [0x1CB996FC, 0xBB002BE7]
    assert ask([0x13198A2E, 0x03707344], [0x243F6A88, 0x85A308D3]) == [0xC4923A9C, 0x483DF7A0]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_host_gives_the_numbers_of_jax(seed):
    key = jax.random.key(seed)
    same = np.testing.assert_array_equal
    same(threefry.key(seed), jax.random.key_data(key))
    same(threefry.split(key, 5), jax.random.key_data(jax.random.split(key, 5)))
    same(threefry.fold_in(key, 2**31 - 1), jax.random.key_data(jax.random.fold_in(key, 2**31 - 1)))
    same(threefry.uniform(key, (57, 33)), jax.random.uniform(key, (57, 33)))
    # one rounding or two, as XLA's settings have it
    wide = jax.random.uniform(key, (57, 33), minval=-0.3, maxval=0.3)
    np.testing.assert_allclose(threefry.uniform(key, (57, 33), -0.3, 0.3), wide, rtol=0, atol=2**-24)
    # XLA's own polynomial for the inverse error function
    np.testing.assert_allclose(threefry.normal(key, (57, 33)), jax.random.normal(key, (57, 33)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [1, 7, 255, 256, 1001])
def test_compiled_programs_give_the_numbers_of_jax(size):
    def draws(key):
        one, other = jax.random.split(key)
        return (
            jax.random.normal(one, (size, 2)),
            jax.random.uniform(jax.random.fold_in(other, 3), (size,)),
            jax.random.bernoulli(one, 0.3, (size,)),
            jax.random.permutation(other, size),
            jax.random.bits(one, (size,), jnp.uint8),
        )

    raw = threefry.key(11)
    own, theirs = jax.jit(lambda raw: draws(threefry.wrap(raw)))(raw), jax.jit(draws)(jax.random.key(11))
    for a, b in zip(own, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


def test_runs_side_by_side_draw_as_they_do_alone():
    draw = lambda raw: jax.random.uniform(threefry.wrap(raw), (300,))
    keys = threefry.split(threefry.key(0), 3)
    np.testing.assert_array_equal(jax.vmap(draw)(keys), [draw(key) for key in keys])


def test_numbers_of_double_width():
    with jax.enable_x64(True):
        own = jax.random.uniform(threefry.wrap(threefry.key(5)), (300,), jnp.float64)
        np.testing.assert_array_equal(own, jax.random.uniform(jax.random.key(5), (300,), jnp.float64))


def test_one_number_for_every_row_of_a_batch_is_drawn_in_a_loop():
    # what a loop gives is computed once; else every kernel that uses the numbers computes them for each of its elements
    def program(shape):
        draw = lambda raw: jax.random.uniform(threefry.wrap(raw), shape)
        return jax.jit(draw).lower(threefry.key(0)).as_text()

    assert "stablehlo.while" in program((128, 1))
    assert "stablehlo.while" not in program((4,))
