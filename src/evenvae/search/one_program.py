"""Combinations that differ in their balancer alone share one compiled program, where that takes less time.

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

ALONE, SHARED, BRANCH = 4.0, 2.8, 0.6
"""Seconds of a core to compile a program: of one combination; of several, and for each of them. Their ratios count,
which are those of a table of a dozen columns (`benchmarks/sweep_throughput.py`)."""


def sharing(plans: Mapping[str, Plan], slots: int) -> tuple[str, ...]:
    """The combinations that share a program; none where programs of their own are compiled sooner.

    Args:
        plans: of one run of every combination, by name.
        slots: workers, among which programs of their own would be divided. Each compiles the shared one, or waits.
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
    worth = len(names) > 1 and SHARED + BRANCH * len(names) < ALONE * len(names) / slots
    return tuple(names) if worth else ()


def in_one_program(fit: Fit, balance: str, names: tuple[str, ...]) -> tuple[Prepared, Method]:
    """What is trained of a ``fit`` with ``balance``, one of the ``names`` whose program it takes, and how."""
    place = np.asarray(names.index(balance), np.int32)
    balancer = OneOf(place, tuple(balancer_of(name) for name in names))
    runs = fit.runs.runs
    memory = jax.tree.map(lambda leaf: np.asarray(leaf)[None], balancer.init(fit.space.layout.features))
    states = runs.states._replace(balancer=tuple(memory for _ in runs.states.balancer))
    return fit.runs._replace(runs=runs._replace(states=states)), fit.plan.method._replace(balancer=balancer)
