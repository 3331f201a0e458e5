"""Combinations that differ in their balancer alone share a compiled program.

A run of a short search is compiled for longer than it is trained. The program of several combinations has a branch for
each of them, of which a run takes one (`evenvae.balancing.one_of`); a step takes as long as in a program of its own.
"""

import dataclasses
from collections.abc import Mapping

import jax
import numpy as np

from evenvae.balancing import OneOf
from evenvae.fitted.fitting import Fit
from evenvae.training import Method, Plan, Prepared
from evenvae.training.plan import balancer_of


def sharing(plans: Mapping[str, Plan], workers: int) -> tuple[tuple[str, ...], ...]:
    """Which combinations share a program: as many programs as workers, so that each compiles one and none waits.

    Args:
        plans: of one run of every combination, by name.
        workers: among which the programs are divided.
    """
    groups: list[tuple[Plan, list[str]]] = []
    for balance, plan in plans.items():
        if plan.method.balancer.needs_losses_after_step:
            # every run of the program would take time for it
            continue
        rest = dataclasses.replace(plan, balance="", method=plan.method._replace(balancer=balancer_of("none")))
        for known, names in groups:
            if known == rest:
                names.append(balance)
                break
        else:
            groups.append((rest, [balance]))
    names = max((names for _, names in groups), key=len, default=[])
    size = -(-len(names) // workers)
    parts = [tuple(names[begin : begin + size]) for begin in range(0, len(names), size)] if size else []
    return tuple(part for part in parts if len(part) > 1)


def in_one_program(fit: Fit, balance: str, names: tuple[str, ...]) -> tuple[Prepared, Method]:
    """What is trained of a ``fit`` with ``balance``, one of the ``names`` whose program it takes, and how."""
    place = np.asarray(names.index(balance), np.int32)
    balancer = OneOf(place, tuple(balancer_of(name) for name in names))
    runs = fit.runs.runs
    memory = jax.tree.map(lambda leaf: np.asarray(leaf)[None], balancer.init(fit.space.layout.features))
    states = runs.states._replace(balancer=tuple(memory for _ in runs.states.balancer))
    return fit.runs._replace(runs=runs._replace(states=states)), fit.plan.method._replace(balancer=balancer)
