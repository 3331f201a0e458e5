"""What every balancer does with two losses in the plane, one thirty times the other.

python benchmarks/balancing_figure.py docs/figures/balancing.png

Two quadratic bowls; the points where neither loss falls without the other rising form a curve between their
minima, the Pareto front. Gradient descent from four starts, the direction rescaled to the plain gradient's length,
the step size decaying to 0.
"""

import argparse
from typing import NamedTuple

import jax
import jax.numpy as jnp
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from evenvae import balancing

STRONG, WEAK = np.array([-1.0, -0.55]), np.array([1.0, 0.55])
"""Minima of the two losses."""
BOWLS = np.array([[[1.6, 0.0], [0.0, 0.5]], [[0.45, 0.15], [0.15, 1.5]]])
SCALES = np.array([30.0, 1.0])
STARTS = np.array([[-1.55, 1.35], [1.6, -1.35], [0.25, 1.4], [-0.35, -1.4]])
STEPS, RATE = 20_000, 8e-4
INK, FRONT = "#444444", "#111111"
PATHS = ("#1b7f79", "#c2571a", "#6a4fa3", "#b0306a")
LOSSES = ("#3b6fb6", "#d08a1d")


def losses(point):
    away = point - jnp.stack([STRONG, WEAK])
    return SCALES * 0.5 * jnp.einsum("di,dij,dj->d", away, BOWLS, away)


class Walk(NamedTuple):
    point: jax.Array
    state: object


def path(balancer, start, key):
    """(STEPS, 2): where gradient descent with the balanced direction goes."""

    def step(walk: Walk, now):
        count, own = now
        rows = jax.jacobian(losses)(walk.point)
        direction, state = balancer.update(rows, walk.state, key=own, losses=losses(walk.point))
        rate = RATE * 0.5 * (1 + jnp.cos(jnp.pi * count / STEPS))
        point = walk.point - rate * direction
        return Walk(point, balancer.update_after_step(state, losses(point))), point

    keys = jax.random.split(key, STEPS)
    _, points = jax.lax.scan(step, Walk(start, balancer.init(2)), (jnp.arange(STEPS), keys))
    return jnp.concatenate([start[None], points])


def paths(name: str) -> np.ndarray:
    """From every start."""
    balancer = balancing.norm_match(balancing.parse(name))
    keys = jax.random.split(jax.random.key(0), len(STARTS))
    return np.asarray(jax.jit(jax.vmap(lambda start, key: path(balancer, start, key)))(jnp.asarray(STARTS), keys))


def front() -> np.ndarray:
    """Minima of all weighted sums of the two losses."""
    shares = np.linspace(0, 1, 200)[:, None, None]
    first, second = shares * BOWLS[0], (1 - shares) * BOWLS[1]
    return np.linalg.solve(first + second, (first @ STRONG + second @ WEAK)[..., None])[..., 0]


def draw(axes, name: str) -> None:
    side = np.linspace(-1.9, 1.9, 120)
    grid = np.stack(np.meshgrid(side, side), -1)
    for centre, bowl, colour in zip((STRONG, WEAK), BOWLS, LOSSES, strict=True):
        away = grid - centre
        height = np.sqrt(np.einsum("xyi,ij,xyj->xy", away, bowl, away))
        axes.contour(
            *np.moveaxis(grid, -1, 0), height, np.arange(0.35, 3, 0.45), colors=colour, linewidths=0.6, alpha=0.35
        )
        axes.plot(*centre, marker="*", color=colour, markersize=9, zorder=3, linestyle="none")
    axes.plot(*front().T, color=FRONT, linewidth=4, alpha=0.22, solid_capstyle="round", zorder=2)
    for points, colour in zip(paths(name), PATHS, strict=True):
        axes.plot(*points.T, color=colour, linewidth=1.4, zorder=4)
        axes.plot(*points[0], marker="o", color="white", markeredgecolor=colour, markersize=4.5, zorder=5)
        axes.plot(*points[-1], marker="o", color=colour, markeredgecolor="white", markersize=7, zorder=6)
    axes.set(xlim=(-1.9, 1.9), ylim=(-1.7, 1.7), xticks=[], yticks=[], aspect="equal")
    axes.set_title(name, fontsize=10.5, color=INK, pad=4)
    for spine in axes.spines.values():
        spine.set_color("#cccccc")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    options = parser.parse_args()
    columns = 4
    rows = -(-len(balancing.METHODS) // columns)
    figure, panels = plt.subplots(rows, columns, figsize=(10.4, 2.45 * rows + 0.6), facecolor="white")
    for axes, name in zip(panels.flat, balancing.METHODS, strict=True):
        draw(axes, name)
    mark = lambda marker, colour, **more: plt.Line2D([], [], linestyle="none", marker=marker, color=colour, **more)
    handles = [
        mark("*", LOSSES[0], markersize=10),
        mark("*", LOSSES[1], markersize=10),
        plt.Line2D([], [], color=FRONT, linewidth=4, alpha=0.22),
        mark("o", "white", markeredgecolor=INK, markersize=5),
        mark("o", INK, markersize=7),
    ]
    names = ["minimum of the loss of scale 30", "minimum of the loss of scale 1", "Pareto front", "start", "end"]
    figure.legend(handles, names, loc="lower center", ncols=5, frameon=False, fontsize=10, labelcolor=INK)
    figure.tight_layout(rect=(0, 0.035, 1, 1), h_pad=0.8, w_pad=0.8)
    figure.savefig(options.out, dpi=110)


if __name__ == "__main__":
    main()
