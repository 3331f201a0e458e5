"""Balancers for the gradients of any JAX model with several losses."""

from evenvae.balancing.base import Balancer
from evenvae.balancing.chain import chain, norm_match
from evenvae.balancing.gram import combine_linear_heads, gram_of_linear_heads, rows_of_linear_heads
from evenvae.balancing.imtl_g import imtl_g
from evenvae.balancing.names import METHODS, parse
from evenvae.balancing.pcgrad import pcgrad
from evenvae.balancing.plain import none
from evenvae.balancing.power_norm import equal_norm, power_norm

__all__ = [
    "METHODS",
    "Balancer",
    "chain",
    "combine_linear_heads",
    "equal_norm",
    "gram_of_linear_heads",
    "imtl_g",
    "none",
    "norm_match",
    "parse",
    "pcgrad",
    "power_norm",
    "rows_of_linear_heads",
]
