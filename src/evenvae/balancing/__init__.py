"""Balancers for the gradients of any JAX model with several losses.

`balanced_value_and_grad` applies one to a model; `parse` and the functions named after the methods make them.
"""

from evenvae.balancing.aligned_mtl import aligned_mtl
from evenvae.balancing.base import Balancer, Elementwise
from evenvae.balancing.cagrad import cagrad
from evenvae.balancing.chain import chain
from evenvae.balancing.famo import famo
from evenvae.balancing.graddrop import graddrop
from evenvae.balancing.gradnorm import gradnorm
from evenvae.balancing.gradvac import gradvac
from evenvae.balancing.gram import combine_linear_heads, gram_of_linear_heads, rows_of_linear_heads
from evenvae.balancing.imtl_g import imtl_g
from evenvae.balancing.linear_heads import balance_linear_heads
from evenvae.balancing.mgda_ub import mgda_ub
from evenvae.balancing.multitask import LinearHeads, LinearParameters, balanced_value_and_grad
from evenvae.balancing.names import DIRECTIONS, MAGNITUDES, METHODS, parse
from evenvae.balancing.nash_mtl import nash_mtl
from evenvae.balancing.norm_match import norm_match
from evenvae.balancing.pcgrad import pcgrad
from evenvae.balancing.plain import none
from evenvae.balancing.power_norm import equal_norm, power_norm
from evenvae.balancing.random_weighting import random_weighting
from evenvae.balancing.uncertainty_weighting import uncertainty_weighting
from evenvae.balancing.upgrad import upgrad

__all__ = [
    "DIRECTIONS",
    "MAGNITUDES",
    "METHODS",
    "Balancer",
    "Elementwise",
    "LinearHeads",
    "LinearParameters",
    "aligned_mtl",
    "balance_linear_heads",
    "balanced_value_and_grad",
    "cagrad",
    "chain",
    "combine_linear_heads",
    "equal_norm",
    "famo",
    "graddrop",
    "gradnorm",
    "gradvac",
    "gram_of_linear_heads",
    "imtl_g",
    "mgda_ub",
    "nash_mtl",
    "none",
    "norm_match",
    "parse",
    "pcgrad",
    "power_norm",
    "random_weighting",
    "rows_of_linear_heads",
    "uncertainty_weighting",
    "upgrad",
]
