"""Balancers by name: ``magnitude+direction``, with options in brackets."""

import difflib
import inspect
import re
from collections.abc import Callable

from evenvae.balancing.aligned_mtl import aligned_mtl
from evenvae.balancing.base import Balancer
from evenvae.balancing.cagrad import cagrad
from evenvae.balancing.chain import chain
from evenvae.balancing.famo import famo
from evenvae.balancing.graddrop import graddrop
from evenvae.balancing.gradnorm import gradnorm
from evenvae.balancing.gradvac import gradvac
from evenvae.balancing.imtl_g import imtl_g
from evenvae.balancing.mgda_ub import mgda_ub
from evenvae.balancing.nash_mtl import nash_mtl
from evenvae.balancing.pcgrad import pcgrad
from evenvae.balancing.plain import none
from evenvae.balancing.power_norm import equal_norm, power_norm
from evenvae.balancing.random_weighting import random_weighting
from evenvae.balancing.uncertainty_weighting import uncertainty_weighting
from evenvae.balancing.upgrad import upgrad

METHODS: dict[str, Callable[..., Balancer]] = {
    "none": none,
    "equal-norm": equal_norm,
    "power-norm": power_norm,
    "gradnorm": gradnorm,
    "mgda-ub": mgda_ub,
    "imtl-g": imtl_g,
    "graddrop": graddrop,
    "pcgrad": pcgrad,
    "gradvac": gradvac,
    "cagrad": cagrad,
    "nash-mtl": nash_mtl,
    "aligned-mtl": aligned_mtl,
    "upgrad": upgrad,
    "famo": famo,
    "uncertainty-weighting": uncertainty_weighting,
    "random-weighting": random_weighting,
}
MAGNITUDES = ("none", "gradnorm", "mgda-ub", "imtl-g")
DIRECTIONS = ("none", "graddrop", "pcgrad")
"""The magnitudes and directions of Javaloy, Meghdadi and Valera (2021), which give twelve combinations."""

Option = bool | int | float | str | tuple[float, ...]

_PART = re.compile(r"^(?P<name>[a-z][a-z0-9_-]*)(\[(?P<parameters>[^\]]*)\])?$")


def parse(name: str) -> Balancer:
    """The balancer of a name such as ``imtl-g+pcgrad`` or ``power-norm[gamma=0.5]``.

    Args:
        name: names of methods, joined by ``+`` in the order of `chain`. Options follow a method in brackets, separated
            by commas; several numbers for one option are separated by ``/``.

    Raises:
        ValueError: if a method is unknown, with the nearest known one; or if it has no such option, with those it has.
    """
    parts = [_parse_part(part.strip()) for part in re.split(r"\+(?![^\[]*\])", name)]
    # "none" in a combination means that this part is left out
    return chain(*([part for part in parts if part != none()] or parts[:1]))


def _parse_part(text: str) -> Balancer:
    match = _PART.match(text)
    method = match["name"].replace("_", "-") if match else text
    if match is None or method not in METHODS:
        near = difflib.get_close_matches(method, METHODS, 1)
        hint = f" did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown balancer {text!r};{hint} known are {', '.join(METHODS)}")
    make = METHODS[method]
    taken = inspect.signature(make).parameters
    values: dict[str, Option] = {}
    for item in filter(None, (match["parameters"] or "").split(",")):
        key, _, value = item.partition("=")
        key = key.strip()
        if key not in taken:
            allowed = ", ".join(taken) or "none"
            raise ValueError(f"{method} has no parameter {key!r}; its parameters are: {allowed}")
        values[key] = _value(method, key, value.strip(), whole=isinstance(taken[key].default, int))
    return make(**values)


def _value(method: str, key: str, text: str, whole: bool) -> Option:
    """The value of an option. Numbers stay whole only for options that are ``whole`` numbers."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for convert in (int, float) if whole else (float,):
        try:
            return convert(text)
        except ValueError:
            continue
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_+-]*", text):
        return text
    if re.fullmatch(r"[0-9./e-]+", text):
        return tuple(float(item) for item in text.split("/"))
    raise ValueError(f"{method}[{key}={text}] is neither a number nor a word")
