"""One training step of the paper's VAE in PyTorch: eager, compiled, and with torchjd's aggregators.

A step is a function without arguments. Adam is PyTorch's fused one, which is its fastest on a CPU. What is balanced are
the columns' gradients at the trunk's output, as EvenVAE does it; torchjd's steps come in a second form too, which
balances them at all parameters before the heads, as its documentation shows.
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

Step = Callable[[], None]


class TorchVAE(nn.Module):
    """Encoder and trunk of the paper; heads as one linear layer whose outputs are split by column."""

    def __init__(self, families: list[str], widths: list[int], hidden: int, latent: int):
        super().__init__()
        inputs, h = len(families), hidden
        self.encoder = nn.Sequential(
            nn.Dropout(0.1), nn.BatchNorm1d(inputs), nn.Linear(inputs, h), nn.Tanh(), nn.Linear(h, h), nn.Tanh(),
            nn.Linear(h, h), nn.Tanh(), nn.Linear(h, 2 * latent),
        )  # fmt: skip
        self.trunk = nn.Sequential(
            nn.Linear(latent, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU()
        )
        self.heads = nn.Linear(h, sum(widths))
        self.families, self.widths = families, widths

    def shared(self, x, mask):
        """The trunk's output and the KL."""
        mean, spread = self.encoder(x * mask).chunk(2, -1)
        std = F.softplus(spread)
        y = self.trunk(mean + std * torch.randn_like(std))
        return y, 0.5 * (mean**2 + std**2 - 1).sum(-1).mean() - std.log().sum(-1).mean()

    def losses(self, outputs, x, mask):
        """(columns,) losses from the outputs of the heads."""
        parts = zip(self.families, outputs.split(self.widths, -1), strict=True)
        return torch.stack([column_loss(f, eta, x[:, d], mask[:, d]) for d, (f, eta) in enumerate(parts)])


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


class Peers:
    """Steps of PyTorch on a table of cells in model space; every step has a network of its own."""

    def __init__(
        self, x, mask, families: list[str], widths: list[int], hidden: int, latent: int, batch: int, device: str = "cpu"
    ):
        # every number of a step is made there
        torch.set_default_device(device)
        self.x, self.mask = torch.as_tensor(x).to(device), torch.as_tensor(mask).to(device)
        self.shape = (families, widths, hidden, latent)
        self.batch = batch
        self.threads = torch.get_num_threads()

    def _new(self) -> tuple[TorchVAE, torch.optim.Optimizer, Callable]:
        model = TorchVAE(*self.shape)

        def rows():
            chosen = torch.randint(0, len(self.x), (self.batch,))
            return self.x[chosen], self.mask[chosen]

        return model, torch.optim.Adam(model.parameters(), 1e-3, fused=True), rows

    def plain(self, compiled: bool, mode: str | None = None) -> Step:
        """The gradient of the summed losses; ``compiled`` (in a ``mode``) is everything but the choice of rows."""
        model, adam, rows = self._new()

        def loss(x, mask):
            y, kl = model.shared(x, mask)
            return model.losses(model.heads(y), x, mask).sum() + kl

        value = torch.compile(loss, mode=mode) if compiled else loss

        def step() -> None:
            adam.zero_grad()
            value(*rows()).backward()
            adam.step()

        return step

    def balanced(self) -> Step:
        """A backward pass for every column to the trunk's output, then IMTL-G and PCGrad on the rows, as is usual."""
        model, adam, rows = self._new()

        def step() -> None:
            adam.zero_grad()
            x, mask = rows()
            y, kl = model.shared(x, mask)
            seen = y.detach().requires_grad_()
            losses = model.losses(model.heads(seen), x, mask)
            found = [torch.autograd.grad(loss, seen, retain_graph=True)[0].flatten() for loss in losses]
            losses.sum().backward()
            v = imtl_g_pcgrad(torch.stack(found))
            torch.autograd.backward([y, kl], [v.view_as(y), torch.ones(())])
            adam.step()

        return step

    def balanced_compiled(self) -> Step:
        """The same; the rows by one vectorised pass, the balancer on the Gramian without branches, all compiled."""
        model, adam, rows = self._new()
        shared = torch.compile(model.shared)

        def at_heads(y, kernel, bias, x, mask, noise):
            losses = lambda *at: model.losses(F.linear(*at), x, mask)
            value, pull = torch.func.vjp(losses, y, kernel, bias)
            G = torch.func.vmap(lambda one: pull(one)[0])(torch.eye(len(value))).flatten(1)
            _, of_kernel, of_bias = pull(torch.ones_like(value))
            return (gramian_weights(G @ G.T, noise) @ G).view_as(y), of_kernel, of_bias

        mixed = torch.compile(at_heads)

        def step() -> None:
            adam.zero_grad()
            x, mask = rows()
            y, kl = shared(x, mask)
            with torch.no_grad():
                noise = torch.rand(len(model.widths), len(model.widths)).argsort(1)
                v, of_kernel, of_bias = mixed(y.detach(), model.heads.weight, model.heads.bias, x, mask, noise)
            torch.autograd.backward([y, kl], [v, torch.ones(())])
            model.heads.weight.grad, model.heads.bias.grad = of_kernel, of_bias
            adam.step()

        return step

    def torchjd(self, name: str, everywhere: bool) -> Step:
        """An aggregator of torchjd on the columns' gradients at the trunk's output, or at every shared parameter."""
        from torchjd import aggregation
        from torchjd.autojac import jac_to_grad, mtl_backward

        model, adam, rows = self._new()
        aggregator = getattr(aggregation, name)()
        parameters = [*model.encoder.parameters(), *model.trunk.parameters()]
        heads = [list(model.heads.parameters())] * len(model.widths)

        def step() -> None:
            adam.zero_grad()
            x, mask = rows()
            y, kl = model.shared(x, mask)
            if everywhere:
                features, shared = y, parameters
            else:
                seen = y.detach().requires_grad_()
                features, shared = seen.view_as(seen), [seen]
            losses = model.losses(model.heads(features), x, mask).unbind()
            mtl_backward(losses, features, tasks_params=heads, shared_params=shared, retain_graph=True)
            jac_to_grad(shared, aggregator)
            if everywhere:
                kl.backward()
            else:
                torch.autograd.backward([y, kl], [seen.grad, torch.ones(())])
            adam.step()

        return step


def imtl_g_weights(norms, correlation):
    """IMTL-G with its sign guard."""
    size = len(norms)
    # with rounding errors, as many rows as these are seldom independent in float32
    a = torch.linalg.solve(correlation.double() + 1e-7 * torch.eye(size), torch.ones(size, dtype=torch.float64))
    w = a / norms
    return (w / w.sum().abs()).float()


def imtl_g_pcgrad(G):
    """IMTL-G, PCGrad and norm matching on rows, one row at a time."""
    norms = G.norm(dim=1).clamp(min=1e-12)
    U = G / norms[:, None]
    scaled = imtl_g_weights(norms, U @ U.T)[:, None] * G
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


def gramian_weights(gram, order):
    """`imtl_g_pcgrad` as weights of the rows, for all rows at a time; ``order`` (D, D) holds a permutation a row."""
    norms = gram.diagonal().sqrt().clamp(min=1e-12)
    correlation = gram / norms / norms[:, None]
    w = imtl_g_weights(norms, correlation)
    lengths, own = w * norms, torch.arange(len(w))
    coefficients = torch.diag(lengths)
    signed = correlation
    for visit in order.T:
        inner = (coefficients * signed[visit]).sum(1)
        # a row scaled by a negative weight points the other way
        conflict = (inner * torch.sign(lengths[visit]) < 0) & (visit != own)
        at = torch.zeros_like(coefficients).scatter(1, visit[:, None], torch.where(conflict, -inner, 0.0)[:, None])
        coefficients = coefficients + at
    mixed = coefficients.sum(0) / norms
    return mixed * (gram.sum().clamp(min=0).sqrt() / (mixed @ gram @ mixed).clamp(min=1e-20).sqrt())
