"""What is measured of a row of the GECO tables, and the plots of a data set."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped
from scipy.special import logsumexp, softmax

from evenvae import metrics, plots
from evenvae.estimator import EvenVAE, load
from evenvae.experiments import settings
from evenvae.experiments.geco_text import averaged, by_method, operating_points
from evenvae.plots.canvas import figure


def stem(row: dict[str, Any]) -> str:
    """The name of a row's files without their ending."""
    seed = f".seed-{row['seed']}" if row["seed"] else ""
    return f"{row['dataset']}.{row['method'].replace('=', '-')}{seed}"


def measured(model: EvenVAE, train: Shaped[np.ndarray, "N ..."], test: Shaped[np.ndarray, "M ..."]) -> dict[str, Any]:
    """What is measured of a fitted model of images.

    ``rate`` and ``squared_error`` are those of test images, with z drawn from the posterior as in training, and
    ``squared_error_mean`` is the error at the posterior's mean; names that end in ``_train`` are those of training
    images. ``rate_weighted`` and ``squared_error_weighted`` are those of `weighted`. ``marginal_kl`` and
    ``moment_bound`` belong to the aggregate posterior of the training images. ``held``, for GECO, is the squared error
    by the moving average of the constraint at the end of training.
    """
    found: dict[str, Any] = {}
    for name, images in (("", test[:5000]), ("_train", train[:5000])):
        mean, std = model.posterior(images)
        found[f"rate{name}"] = metrics.rate(mean, std)
        noise = np.random.default_rng(1).standard_normal(mean.shape)
        guess = model.inverse_transform(mean + std * noise)
        found[f"squared_error{name}"] = float(metrics.squared_error(images, guess).mean())
        at_mean = model.inverse_transform(mean)
        found[f"squared_error_mean{name}"] = float(metrics.squared_error(images, at_mean).mean())
    some = test[:2000]
    # as many as GECO + IWAE trains with
    draws = settings.read("geco")["geco-iwae"]["objective"]["samples"]
    found["rate_weighted"], found["squared_error_weighted"] = weighted(
        some, *model.posterior(some), model.inverse_transform, draws
    )
    mean, std = model.posterior(train[:10_000])
    found["marginal_kl"], found["marginal_kl_error"] = metrics.marginal_kl(mean, std, samples=min(2000, len(mean)))
    found["moment_bound"] = metrics.moment_bound(mean, std)
    found["active_units"] = metrics.active_units(mean)
    found["log_likelihood"] = float(model.score_samples(test[:500]).mean())
    last = model.history_[-1]
    if "multiplier" in last:
        found["multiplier"] = last["multiplier"][0][0]
        tail = [record["constraint"][0][0] for record in model.history_[-max(1, len(model.history_) // 10) :]]
        objective: Any = model.fitted_.plan.method.objective
        found["held"] = objective.kappa**2 + float(np.mean(tail))
        found["path"] = [[r["step"], r["multiplier"][0][0], r["constraint"][0][0]] for r in model.history_]
    return found


def weighted(
    images: Shaped[np.ndarray, "N ..."],
    mean: Float[np.ndarray, "N latent"],
    std: Float[np.ndarray, "N latent"],
    decode: Callable[[np.ndarray], np.ndarray],
    draws: int,
) -> tuple[float, float]:
    r"""Rate and squared error of the self-normalised proposal, from which GECO + IWAE reconstructs in training.

    Draws z_k of the posterior count by their importance weights w_k. The error is the mean of $\sum_k w_k c_k$ for
    squared errors c_k, and the rate is $\mathrm{KL}(q_{IW} \| p) = -\sum_k w_k c_k - L_K$ with
    $L_K = \log \frac1K \sum_k e^{-c_k} p(z_k) / q(z_k|x)$; the constant of the likelihood cancels. With one draw they
    are those of the posterior itself, by Monte Carlo.

    Args:
        images: to reconstruct; their log-likelihood is -c plus a constant.
        mean: of their posteriors.
        std: of their posteriors.
        decode: from draws ``(N, latent)`` to images.
        draws: K.
    """
    noise = np.random.default_rng(2).standard_normal((draws, *mean.shape))
    latent = mean + std * noise
    # what normal densities have in common cancels
    ratio = (np.log(std) + (noise**2 - latent**2) / 2).sum(-1)
    error = np.stack([metrics.squared_error(images, decode(one)) for one in latent])
    weight = softmax(ratio - error, axis=0)
    bound = logsumexp(ratio - error, axis=0) - np.log(draws)
    kept = (weight * error).sum(0)
    return float((-kept - bound).mean()), float(kept.mean())


def prototypes(images: Shaped[np.ndarray, "N ..."], rates: list[float], most: int = 64) -> list[dict[str, float]]:
    """The squared error that the best e^rate fixed images (by k-means) leave.

    A latent of R nats can distinguish about e^R images; this is the error of so many.

    Args:
        images: of the training part.
        rates: in nats; those for which more than ``most`` images would be needed are left out.
        most: fixed images.
    """
    from sklearn.cluster import KMeans

    some = images[:10_000]
    flat = some.reshape(len(some), -1).astype(np.float32) / 255
    found = []
    for rate in rates:
        count = int(np.ceil(np.exp(min(rate, 20))))
        if count <= min(most, len(flat)):
            fitted = KMeans(count, n_init=3, random_state=0).fit(flat)
            found.append({"rate": rate, "count": count, "squared_error": float(fitted.score(flat) / -len(flat))})
    return found


def draw(folder: Path, rows: list[dict[str, Any]], entry: dict[str, Any], test: Shaped[np.ndarray, "M ..."]) -> None:
    """Write the plots of one data set: reconstructions, samples, interpolations, the trade-off, multipliers.

    Pictures are of the first seed, the trade-off is that of means over seeds.
    """
    if not rows:
        return
    name = rows[0]["dataset"]
    earliest = min(row["seed"] for row in rows)
    first = {row["method"]: row for row in rows if row["seed"] == earliest}
    methods = shown(list(first.values()), entry["kappa"])
    models = {method: load(folder / f"{stem(first[method])}.evenvae") for method in methods}
    plots.reconstructions(models, test).savefig(folder / f"{name}.reconstructions.png", dpi=120)
    plots.samples(models, seed=1).savefig(folder / f"{name}.samples.png", dpi=120)
    plots.walks(list(models.values())[-1], test).savefig(folder / f"{name}.walks.png", dpi=120)
    trade_off(averaged(rows), entry).savefig(folder / f"{name}.trade-off.png", dpi=120)
    for method, model in models.items():
        if method.startswith("geco"):
            drawn = plots.paths(model, unit="squared error")
            drawn.savefig(folder / f"{name}.{method}.path.png", dpi=120)


def shown(rows: list[dict[str, Any]], kappa: float) -> list[str]:
    """The methods in the slides' tables: beta = 1, the beta whose error is nearest to kappa^2, GECO, GECO + IWAE."""
    return list(dict.fromkeys(row["method"] for row in by_method(rows, kappa).values()))


def trade_off(rows: list[dict[str, Any]], entry: dict[str, Any]) -> Any:
    """A plot of rate against squared error: a curve through the betas, and the points of GECO."""
    drawn = figure(figsize=(5, 3.6))
    axis = drawn.subplots()
    betas = sorted((row["rate"], row["squared_error"], row["method"]) for row in rows if "beta=" in row["method"])
    if betas:
        axis.plot([b[0] for b in betas], [b[1] for b in betas], "o-", color="grey", ms=4, lw=1, label="beta")
        for rate, error, method in betas:
            axis.annotate(
                method.removeprefix("beta="), (rate, error), textcoords="offset points", xytext=(4, 4), size=7
            )
    for method, mark, color in (("geco", "s", "C0"), ("geco-iwae", "^", "C1")):
        points = [row for row in rows if row["method"].partition("@")[0] == method]
        if points:
            places = [row["rate"] for row in points], [row["squared_error"] for row in points]
            axis.plot(*places, mark, color=color, label=method)
    for kappa in operating_points(entry):
        axis.axhline(kappa**2, color="black", lw=0.5)
    axis.set_xlabel("rate, nats per image")
    axis.set_ylabel("squared error of a test image")
    axis.legend(fontsize=8)
    return drawn
