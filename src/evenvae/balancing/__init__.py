r"""Balancers for the gradients of any JAX model with several losses.

`parse` and the functions named after the methods make a balancer, and `balanced_value_and_grad` applies it to a model.

In the formulas $g_d$ is the gradient of task d with respect to the shared feature, flattened; $G$ has the D gradients
as rows, $Q = G G^\top$ is their Gramian and $n_d = \lVert g_d \rVert$. A method gives weights $w$, and the direction is
$v = G^\top w = \sum_d w_d\, g_d$.
"""

from evenvae.balancing.aligned_mtl import aligned_mtl
from evenvae.balancing.base import Balancer
from evenvae.balancing.cagrad import cagrad
from evenvae.balancing.chain import chain
from evenvae.balancing.elementwise import Elementwise
from evenvae.balancing.famo import famo
from evenvae.balancing.graddrop import graddrop
from evenvae.balancing.gradnorm import gradnorm
from evenvae.balancing.gradvac import gradvac
from evenvae.balancing.gram import combine_linear_heads, gram_of_linear_heads, rows_of_linear_heads
from evenvae.balancing.heads import LinearHeads, LinearParameters
from evenvae.balancing.imtl_g import imtl_g
from evenvae.balancing.linear_heads import balance_linear_heads
from evenvae.balancing.mgda_ub import mgda_ub
from evenvae.balancing.multitask import balanced_value_and_grad
from evenvae.balancing.names import DIRECTIONS, MAGNITUDES, METHODS, parse
from evenvae.balancing.nash_mtl import nash_mtl
from evenvae.balancing.norm_match import norm_match
from evenvae.balancing.one_of import OneOf
from evenvae.balancing.pcgrad import pcgrad
from evenvae.balancing.plain import none
from evenvae.balancing.plain_sum import plain_sum
from evenvae.balancing.power_norm import equal_norm, power_norm
from evenvae.balancing.random_weighting import random_weighting
from evenvae.balancing.shared_features import balance_shared_features
from evenvae.balancing.uncertainty_weighting import uncertainty_weighting
from evenvae.balancing.upgrad import upgrad
from evenvae.balancing.wrapper import Wrapper

__all__ = [
    "DIRECTIONS",
    "MAGNITUDES",
    "METHODS",
    "Balancer",
    "Elementwise",
    "LinearHeads",
    "LinearParameters",
    "OneOf",
    "Wrapper",
    "aligned_mtl",
    "balance_linear_heads",
    "balance_shared_features",
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
    "plain_sum",
    "power_norm",
    "random_weighting",
    "rows_of_linear_heads",
    "uncertainty_weighting",
    "upgrad",
]
