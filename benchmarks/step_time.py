"""Time of one training step of every model, plain and balanced, beside the VAE in eager PyTorch.

    pip install torch==2.13.0 && pip install '.[benchmark]'
    EVENVAE_DATA=... python benchmarks/step_time.py benchmarks/results/step_time.json

Adult's shape, the paper's network, batch 128, float32. Blocks of steps of the four variants alternate, the figure
is the median over blocks; PyTorch runs with as many threads as it likes. The balanced PyTorch step takes D backward
passes to the last shared feature, then IMTL-G and PCGrad on the rows.
"""

import argparse
import json
import time
from pathlib import Path
from statistics import median

import jax
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from evenvae import balancing, datasets, tables
from evenvae.models import HIVAEConfig, VAEConfig
from evenvae.models.space import Space
from evenvae.objectives import ELBO, IWAE, DReG
from evenvae.options.resolution import likelihoods_of
from evenvae.priors import Mixture, StandardNormal
from evenvae.training import (
    Data,
    Method,
    Network,
    OptimiserSettings,
    TrainingSettings,
    Validation,
    first_states,
    stack,
    start,
    static_part,
)
from evenvae.training.runs import everywhere, run_chunks, runs_mesh, spread
from provenance import provenance

HIDDEN, LATENT, BATCH = 50, 6, 128
VANILLA, VAE = ELBO(), VAEConfig(LATENT, HIDDEN, 2, "paper", "raw", 0.1)
STANDARD = StandardNormal(LATENT)


class TorchVAE(nn.Module):
    """Encoder and trunk of the paper; heads as one linear layer whose outputs are split by column."""

    def __init__(self, inputs: int, widths: list[int]):
        super().__init__()
        h = HIDDEN
        self.encoder = nn.Sequential(
            nn.Dropout(0.1), nn.BatchNorm1d(inputs), nn.Linear(inputs, h), nn.Tanh(), nn.Linear(h, h), nn.Tanh(),
            nn.Linear(h, h), nn.Tanh(), nn.Linear(h, 2 * LATENT),
        )  # fmt: skip
        self.trunk = nn.Sequential(
            nn.Linear(LATENT, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU()
        )
        self.heads = nn.Linear(h, sum(widths))
        self.widths = widths

    def posterior(self, x):
        mean, spread = self.encoder(x).chunk(2, -1)
        return mean, F.softplus(spread)


def column_loss(family: str, eta, x, mask):
    """Mean negative log-likelihood of one column."""
    if family in ("normal", "lognormal"):
        precision = F.softplus(eta[:, 1]) + 5e-7
        log_prob = -precision * (x - eta[:, 0] / (2 * precision)) ** 2 + 0.5 * torch.log(2 * precision) - 0.919
    elif family == "poisson":
        log_prob = x * eta[:, 0] - torch.exp(eta[:, 0].clamp(max=15)) - torch.lgamma(x + 1)
    elif family == "bernoulli":
        log_prob = x * eta[:, 0] - F.softplus(eta[:, 0])
    else:
        log_prob = -F.cross_entropy(eta, x.long(), reduction="none")
    return -(log_prob * mask).mean()


def torch_step(model, optimiser, families, x, mask, balanced: bool):
    """One step of eager PyTorch."""
    optimiser.zero_grad()
    mean, std = model.posterior(x * mask)
    z = mean + std * torch.randn_like(std)
    kl = 0.5 * (mean**2 + std**2 - 1).sum(-1).mean() - std.log().sum(-1).mean()
    y = model.trunk(z)
    seen = y.detach().requires_grad_() if balanced else y
    parts = model.heads(seen).split(model.widths, -1)
    losses = [column_loss(f, eta, x[:, d], mask[:, d]) for d, (f, eta) in enumerate(zip(families, parts, strict=True))]
    if not balanced:
        (sum(losses) + kl).backward()
    else:
        rows = []
        for loss in losses:
            (row,) = torch.autograd.grad(loss, seen, retain_graph=True)
            rows.append(row.flatten())
        heads = torch.autograd.grad(sum(losses), list(model.heads.parameters()))
        G = torch.stack(rows)
        v = torch_balance(G).view_as(y)
        torch.autograd.backward([y, kl], [v, torch.ones(())])
        for parameter, gradient in zip(model.heads.parameters(), heads, strict=True):
            parameter.grad = gradient
    optimiser.step()


def torch_balance(G):
    """IMTL-G with sign guard, PCGrad, norm matching, on rows."""
    norms = G.norm(dim=1).clamp(min=1e-12)
    U = G / norms[:, None]
    rho = (U @ U.T).double() + 1e-7 * torch.eye(len(G))
    a = torch.linalg.solve(rho, torch.ones(len(G), dtype=torch.float64))
    w = a / norms
    w = (w / w.sum().abs()).float()
    scaled = w[:, None] * G
    squares = (scaled**2).sum(1)
    out = torch.zeros_like(G[0])
    for i in range(len(G)):
        g = scaled[i].clone()
        for j in torch.randperm(len(G)).tolist():
            if j != i:
                inner = g @ scaled[j]
                if inner < 0:
                    g -= inner / squares[j] * scaled[j]
        out += g
    return out * (G.sum(0).norm() / out.norm().clamp(min=1e-10))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--blocks", type=int, default=7)
    options = parser.parse_args()
    data = datasets.load("adult")
    encoded = tables.encode(data.table, data.schema)
    space = Space.fit(likelihoods_of(data.schema.features, "vae", "family"), encoded.values, encoded.observed)
    features, rows = space.layout.features, len(encoded.values)
    device_data = Data(
        space.batch(encoded.values, encoded.observed, encoded.tasks),
        space.device_scales,
        space.value_bounds.astype(np.float32),
    )
    steps, rng = 200, np.random.default_rng(0)
    mesh = runs_mesh(1)
    optimiser = OptimiserSettings(schedule="constant", weight_decay=0.0, clip=None)
    settings = TrainingSettings(patience=None, keep_best=False)
    validation = spread(
        stack([Validation(np.zeros((1, 1), np.int32), np.ones((1, 1), np.float32), np.zeros((1, 1, features), bool))]),
        mesh,
    )
    device_data = everywhere(device_data, mesh)
    variants = {}

    def jax_variant(name: str, objective=VANILLA, config=VAE, prior=STANDARD):
        balancer = balancing.plain_sum() if name == "none" else balancing.norm_match(balancing.parse(name))
        bias = space.marginal_bias(encoded.values, encoded.observed)
        network = Network(config.build(space.layout, bias, jax.random.key(0)), prior)
        states = first_states(network, Method(objective, balancer))
        runs = stack([start(network, states, jax.random.key_data(jax.random.key(1)), optimiser, features)])
        held = {"runs": spread(runs, mesh)}
        static, method = static_part(network), Method(objective, balancer)

        def block() -> None:
            batches = spread(rng.integers(0, rows, (1, steps, BATCH)).astype(np.int32), mesh)
            after, _ = run_chunks(
                held["runs"], batches, validation, device_data, static, method, optimiser, settings, mesh
            )
            jax.block_until_ready(after.step)
            held["runs"] = after

        return block, steps

    def torch_variant(balanced: bool):
        order = [c.likelihood for c in data.schema.features]
        widths = [likelihood.width for likelihood in space.layout.likelihoods]
        x = torch.zeros(rows, features)
        for block, cells in zip(space.layout.blocks, space.cells(encoded.values, encoded.observed), strict=True):
            x[:, list(block.columns)] = torch.tensor(cells, dtype=torch.float32)
        mask = torch.tensor(encoded.observed, dtype=torch.float32)
        model = TorchVAE(features, widths)
        adam = torch.optim.Adam(model.parameters(), 1e-3)
        count = 40

        def block() -> None:
            for _ in range(count):
                chosen = torch.randint(0, rows, (BATCH,))
                torch_step(model, adam, order, x[chosen], mask[chosen], balanced)

        return block, count

    mixture = Mixture(10).build(10, 50, jax.random.key(1))
    for label, name in (("plain", "none"), ("imtl-g+pcgrad", "imtl-g+pcgrad")):
        variants[f"EvenVAE {label}"] = jax_variant(name)
        variants[f"EvenVAE iwae {label}"] = jax_variant(name, IWAE(20))
        variants[f"EvenVAE dreg {label}"] = jax_variant(name, DReG(20))
        variants[f"EvenVAE hivae {label}"] = jax_variant(name, config=HIVAEConfig(), prior=mixture)
    variants["PyTorch eager plain"] = torch_variant(False)
    variants["PyTorch eager imtl-g+pcgrad"] = torch_variant(True)
    times: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(options.blocks + 1):
        for name, (block, count) in variants.items():
            began = time.perf_counter()
            block()
            if number:  # the first round compiles and warms up
                times[name].append((time.perf_counter() - began) / count * 1e6)
    result = {name: round(median(values), 1) for name, values in times.items()}
    ours = lambda model, label: result[f"EvenVAE {model} {label}".replace("  ", " ")]
    result_ratio = {
        "plain": round(result["PyTorch eager plain"] / result["EvenVAE plain"], 2),
        "balanced": round(result["PyTorch eager imtl-g+pcgrad"] / result["EvenVAE imtl-g+pcgrad"], 2),
        **{
            f"balanced over plain, EvenVAE {m}".strip(): round(ours(m, "imtl-g+pcgrad") / ours(m, "plain"), 2)
            for m in ("", "iwae", "dreg", "hivae")
        },
    }
    report = {
        "microseconds a step (median of blocks)": result,
        "spread (min, max)": {n: [round(min(v)), round(max(v))] for n, v in times.items()},
        "ratio": result_ratio,
        "shape": {"D": features, "P": space.layout.width, "h": HIDDEN, "B": BATCH, "K": 1},
        **provenance("jax", "torch"),
    }
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
