"""How much of its data a model keeps in its latent coordinates, and how well they fit the prior.

All of it from the posteriors q(z|x_n) = N(mean_n, diag(std_n^2)) of N rows, in nats, with the prior N(0, I); see
`EvenVAE.posterior`. Between the figures, moment_bound <= marginal_kl <= rate, and rate - marginal_kl is the mutual
information of row and latent, at most log N.
"""

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

LOG_2PI = float(np.log(2 * np.pi))


def row_rates(mean: Float[np.ndarray, "N latent"], std: Float[np.ndarray, "N latent"]) -> Float[np.ndarray, " N"]:
    """KL(q(z|x_n) || p(z)) of every row, in nats."""
    mean, std = np.asarray(mean, float), np.asarray(std, float)
    return 0.5 * (mean**2 + std**2 - 1).sum(1) - np.log(std).sum(1)


def rate(mean: Float[np.ndarray, "N latent"], std: Float[np.ndarray, "N latent"]) -> float:
    """Mean KL(q(z|x) || p(z)): nats a row that the latent costs. Some call it the marginal KL, which it is not."""
    return float(row_rates(mean, std).mean())


def marginal_kl(
    mean: Float[np.ndarray, "N latent"],
    std: Float[np.ndarray, "N latent"],
    samples: int | None = None,
    seed: int = 0,
    block: int = 256,
) -> tuple[float, float]:
    """KL(q(z) || p(z)) of the aggregate posterior q(z) = mean_n q(z|x_n), and its standard error.

    By Monte Carlo: z is drawn from q(z|x_n) of every row in turn (``samples`` draws, N if None), and the density of
    the whole mixture is taken there, in blocks of ``block`` draws. Exact in expectation for the mixture of these N
    rows; time grows with samples times N. What is averaged is log q(z|x_n) / q(z), the information, to be taken
    from the rate, which is known exactly.
    """
    mean, std = np.asarray(mean, float), np.asarray(std, float)
    rows, size = mean.shape
    generator = np.random.default_rng(seed)
    count = rows if samples is None else samples
    # every row as often as every other, up to one
    owner = np.concatenate([generator.permutation(rows) for _ in range(-(-count // rows))])[:count]
    z = mean[owner] + std[owner] * generator.standard_normal((count, size))
    precision, scaled = std**-2, mean * std**-2
    constant = -0.5 * (mean * scaled).sum(1) - np.log(std).sum(1) - 0.5 * size * LOG_2PI
    information = np.empty(count)
    for begin in range(0, count, block):
        part, own = z[begin : begin + block], owner[begin : begin + block]
        by_row = part @ scaled.T - 0.5 * part**2 @ precision.T + constant
        mixture = logsumexp(by_row, axis=1) - np.log(rows)
        information[begin : begin + block] = by_row[np.arange(len(part)), own] - mixture
    return rate(mean, std) - float(information.mean()), float(information.std(ddof=1) / np.sqrt(count))


def moment_bound(mean: Float[np.ndarray, "N latent"], std: Float[np.ndarray, "N latent"]) -> float:
    """KL of the normal with q(z)'s mean and covariance from the prior: a lower bound of `marginal_kl`.

    (tr S + m.m - size - log det S) / 2; of all densities with these moments the normal is the nearest to N(0, I).
    """
    mean, std = np.asarray(mean, float), np.asarray(std, float)
    center = mean.mean(0)
    covariance = (mean - center).T @ (mean - center) / len(mean) + np.diag((std**2).mean(0))
    _, log_determinant = np.linalg.slogdet(covariance)
    return float(0.5 * (np.trace(covariance) + center @ center - len(center) - log_determinant))


def active_units(mean: Float[np.ndarray, "N latent"], least: float = 0.01) -> int:
    """Latent coordinates whose posterior mean has a variance over rows above ``least`` (Burda et al., 2016)."""
    return int((np.asarray(mean, float).var(axis=0) > least).sum())


def squared_error(images: Float[np.ndarray, "N ..."], guesses: Float[np.ndarray, "N ..."]) -> Float[np.ndarray, " N"]:
    """Squared error of every image, summed over its pixels; uint8 counts in 255ths.

    Raises ValueError where the shapes differ.
    """
    images, guesses = np.asarray(images), np.asarray(guesses)
    if images.shape != guesses.shape:
        raise ValueError(f"images have shape {images.shape} and guesses {guesses.shape}")
    unit = lambda a: a.astype(np.float64) / (255 if a.dtype == np.uint8 else 1)
    return ((unit(images) - unit(guesses)) ** 2).reshape(len(images), -1).sum(1)
