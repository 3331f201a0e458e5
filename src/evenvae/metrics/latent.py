"""How much of its data a model keeps in its latent coordinates, and how well the latents fit the prior.

All quantities follow from the posteriors q(z|x_n) = N(mean_n, diag(std_n^2)) of N rows, which `EvenVAE.posterior`
gives. They are in nats; the prior is N(0, I). They satisfy moment_bound <= marginal_kl <= rate, and rate - marginal_kl
is the mutual information of row and latent, which is at most log N.
"""

import numpy as np
from jaxtyping import Float, UInt8
from scipy.special import logsumexp

from evenvae.metrics.densities import log_densities
from evenvae.part import check_count, check_whole


def row_rates(mean: Float[np.ndarray, "N latent"], std: Float[np.ndarray, "N latent"]) -> Float[np.ndarray, " N"]:
    """KL(q(z|x_n) || p(z)) of every row, in nats."""
    mean, std = np.asarray(mean, float), np.asarray(std, float)
    return 0.5 * (mean**2 + std**2 - 1).sum(1) - np.log(std).sum(1)


def rate(mean: Float[np.ndarray, "N latent"], std: Float[np.ndarray, "N latent"]) -> float:
    """Mean KL(q(z|x) || p(z)): the nats that the latent of a row costs.

    It is sometimes called the marginal KL, but that is another quantity: see `marginal_kl`.
    """
    return float(row_rates(mean, std).mean())


def marginal_kl(
    mean: Float[np.ndarray, "N latent"],
    std: Float[np.ndarray, "N latent"],
    samples: int | None = None,
    seed: int = 0,
    block: int = 256,
) -> tuple[float, float]:
    """KL(q(z) || p(z)) of the aggregate posterior q(z) = mean_n q(z|x_n), and its standard error.

    It is estimated by Monte Carlo: z is drawn from q(z|x_n) of every row in turn, and the density of the whole mixture
    is computed at z. The estimate is exact in expectation for the mixture of these N rows. Its time grows with
    ``samples`` times N. The mean of log q(z|x_n) / q(z), which is the information of row and latent, is subtracted from
    the rate, which is known exactly.

    Args:
        mean: of the rows' posteriors.
        std: standard deviations of the rows' posteriors.
        samples: number of draws; N if it is not given.
        seed: of the draws.
        block: draws whose densities are held at once.
    """
    check_count("samples", samples)
    seed, block = check_whole("seed", seed, least=0), check_whole("block", block)
    mean, std = np.asarray(mean, float), np.asarray(std, float)
    rows, size = mean.shape
    generator = np.random.default_rng(seed)
    count = rows if samples is None else samples
    # the rows' numbers of draws differ by at most one
    owner = np.concatenate([generator.permutation(rows) for _ in range(-(-count // rows))])[:count]
    z = mean[owner] + std[owner] * generator.standard_normal((count, size))
    information = np.empty(count)
    for begin in range(0, count, block):
        part, own = z[begin : begin + block], owner[begin : begin + block]
        by_row = log_densities(part, mean, std)
        mixture = logsumexp(by_row, axis=1) - np.log(rows)
        information[begin : begin + block] = by_row[np.arange(len(part)), own] - mixture
    return rate(mean, std) - float(information.mean()), float(information.std(ddof=1) / np.sqrt(count))


def moment_bound(mean: Float[np.ndarray, "N latent"], std: Float[np.ndarray, "N latent"]) -> float:
    """KL from the prior of the normal distribution with the mean m and covariance S of q(z).

    It is (tr S + m.m - size - log det S) / 2, a lower bound of `marginal_kl`: of all densities with these moments the
    normal one is the nearest to N(0, I).
    """
    mean, std = np.asarray(mean, float), np.asarray(std, float)
    location = mean.mean(0)
    covariance = (mean - location).T @ (mean - location) / len(mean) + np.diag((std**2).mean(0))
    _, log_determinant = np.linalg.slogdet(covariance)
    return float(0.5 * (np.trace(covariance) + location @ location - len(location) - log_determinant))


def active_units(mean: Float[np.ndarray, "N latent"], least: float = 0.01) -> int:
    """Number of latent coordinates whose posterior means have a variance above ``least`` (Burda et al., 2016)."""
    return int((np.asarray(mean, float).var(axis=0) > least).sum())


def squared_error(
    images: Float[np.ndarray, "N ..."] | UInt8[np.ndarray, "N ..."],
    guesses: Float[np.ndarray, "M ..."] | UInt8[np.ndarray, "M ..."],
) -> Float[np.ndarray, " N"]:
    """Squared error of every image, summed over its pixels; uint8 values are divided by 255.

    Raises:
        ValueError: the shapes of ``images`` and ``guesses`` differ.
    """
    images, guesses = np.asarray(images), np.asarray(guesses)
    if images.shape != guesses.shape:
        raise ValueError(f"images have shape {images.shape} and guesses {guesses.shape}")
    unit = lambda a: a.astype(np.float64) / (255 if a.dtype == np.uint8 else 1)
    return ((unit(images) - unit(guesses)) ** 2).reshape(len(images), -1).sum(1)
