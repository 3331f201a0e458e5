"""The GECO tables as Markdown: our numbers beside those of the slides, what was reduced, and what is impossible."""

import math
from typing import Any

import numpy as np

TITLES = {"vae": "VAE", "beta": "beta-VAE", "geco": "GECO", "geco-iwae": "GECO + IWAE"}


def markdown(rows: list[dict[str, Any]], published: dict[str, Any], prototypes: dict[str, Any]) -> str:
    """The whole page.

    Args:
        rows: as `geco.reproduce` keeps them; any part of the tables.
        published: the settings and the numbers of the slides.
        prototypes: for every data set what `geco_figures.prototypes` gives.
    """
    parts = [
        "# Taming VAEs\n",
        "Results on test images, those of the slides in brackets. The rate is the mean KL(q(z|x) || p(z)) in nats; "
        'the slides call it "Marginal KL". The squared error is that of an image, its pixels in [0, 1], with z drawn '
        "from the posterior. The marginal KL is KL(q(z) || p(z)) of the training images' posteriors. beta-VAE is the "
        "beta whose error is nearest to GECO's target.\n",
    ]
    for name, entry in published["datasets"].items():
        mine = [row for row in rows if row["dataset"] == name]
        if mine:
            parts += [f"## {name}\n", _table(mine, entry), _verdict(mine, entry), _curve(mine)]
            parts += [_doubts(entry, prototypes.get(name, [])), _made(mine)]
    if len(parts) == 2:
        parts.append("No row has been made yet.\n")
    return "\n".join(parts)


def _rows(lines: list[list[str]]) -> str:
    head, *rest = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([head, "|" + " --- |" * len(lines[0]), *rest]) + "\n"


def beta_of(row: dict[str, Any]) -> float:
    """The weight of the KL in a row of a beta-VAE."""
    return float(row["method"].removeprefix("beta="))


def by_method(rows: list[dict[str, Any]], kappa: float) -> dict[str, dict[str, Any]]:
    """The rows of a data set by the names of the slides' methods; beta is the one nearest to GECO's target."""
    betas = [row for row in rows if row["method"].startswith("beta=")]
    found = {row["method"]: row for row in rows if not row["method"].startswith("beta=")}
    plain = [row for row in betas if beta_of(row) == 1]
    if plain:
        found["vae"] = plain[0]
    if betas:
        found["beta"] = min(betas, key=lambda row: abs(row["squared_error"] - kappa**2))
    return found


def _table(rows: list[dict[str, Any]], entry: dict[str, Any]) -> str:
    lines = [["", "rate", "squared error", "marginal KL", "its lower bound", "active units", "log-likelihood"]]
    found = by_method(rows, entry["kappa"])
    for name, title in TITLES.items():
        row, said = found.get(name), entry["slides"].get(name)
        if row is None and said is None:
            continue
        title += f" ({beta_of(row):g})" if row and name == "beta" else ""
        slides = [f" ({said[0]:.2f})", f" ({said[1]:.2f})"] if said else ["", ""]
        if row is None:
            lines.append([title, f"-{slides[0]}", f"-{slides[1]}", "-", "-", "-", "-"])
            continue
        ours = [f"{row['rate']:.2f}{slides[0]}", f"{row['squared_error']:.2f}{slides[1]}"]
        lines.append([title, *ours, f"{row['marginal_kl']:.2f}", f"{row['moment_bound']:.2f}",
                      f"{row['active_units']}", f"{row['log_likelihood']:.1f}"])  # fmt: skip
    return _rows(lines)


def rate_of_betas(rows: list[dict[str, Any]], error: float) -> float | None:
    """The rate at which the curve through the betas has a squared ``error``; None outside of the curve.

    Between its points the curve is linear in the logarithm of the error.
    """
    curve = sorted((row["squared_error"], row["rate"]) for row in rows if row["method"].startswith("beta="))
    if len(curve) < 2 or not curve[0][0] <= error <= curve[-1][0]:
        return None
    errors, rates = np.array(curve).T
    return float(np.interp(math.log(error), np.log(errors), rates))


def _verdict(rows: list[dict[str, Any]], entry: dict[str, Any]) -> str:
    target, said = entry["kappa"] ** 2, []
    for row in rows:
        if row["method"].startswith("geco"):
            miss = row["held"] / target - 1
            line = (
                f"{TITLES[row['method']]}: target {target:.2f}, training error {row['held']:.2f} ({miss:+.1%}), test "
                f"error {row['squared_error']:.2f}, multiplier {row['multiplier']:.3g}."
            )
            if row["method"] == "geco-iwae":
                line += (
                    " Its constraint weighs several draws by importance; a single draw, as above, has a larger error."
                )
            rate = rate_of_betas(rows, row["squared_error"])
            if rate is not None:
                line += f" On the curve, a beta with this test error has a rate of {rate:.2f}; "
                line += f"here {row['rate']:.2f}."
            said.append(f"* {line}")
    return "\n".join(said) + "\n"


def _curve(rows: list[dict[str, Any]]) -> str:
    betas = sorted((row for row in rows if row["method"].startswith("beta=")), key=lambda row: -beta_of(row))
    lines = [["beta", "rate", "squared error", "at the mean of z", "training error", "active units"]]
    for row in [*betas, *(row for row in rows if row["method"].startswith("geco"))]:
        lines.append([row["method"].removeprefix("beta="), f"{row['rate']:.2f}", f"{row['squared_error']:.2f}",
                      f"{row['squared_error_mean']:.2f}", f"{row['squared_error_train']:.2f}",
                      f"{row['active_units']}"])  # fmt: skip
    return _rows(lines)


def _doubts(entry: dict[str, Any], prototypes: list[dict[str, float]]) -> str:
    said = [
        "Where the numbers on the slides cannot be what they are called:\n",
        '* "Marginal KL" is the rate, the mean of KL(q(z|x) || p(z)); KL(q(z) || p(z)) is another number, above.',
    ]
    for found in prototypes:
        slide = next(error for rate, error in entry["slides"].values() if rate == found["rate"])
        count = found["count"]
        line = (
            f"* A latent of {found['rate']:.2f} nats can distinguish about {count} images. The best {count} fixed "
            f"images leave a squared error of {found['squared_error']:.1f}; the slides give {slide:.1f}"
        )
        impossible = slide < 0.8 * found["squared_error"]
        said.append(line + (", which no code of this rate reaches." if impossible else ", which is possible."))
    if "geco-iwae" in entry["slides"]:
        said.append(
            "* GECO + IWAE: the slides' loss adds lambda log p where it should subtract it, and their project weighs "
            "samples over the batch; here it is (lambda - 1) (-sum_k w_k log p_k) - L_K, which is IWAE at lambda = 1."
        )
    if "slides_kappa" in entry:
        kappa, reached = entry["slides_kappa"], entry["slides"]["geco"][1]
        said.append(
            f"* kappa = {kappa:g} asks for a squared error of {kappa**2:.2f}; the slides' GECO has {reached:.2f}, so "
            "its constraint was never met. "
            f"The target here is the error that they reached, kappa = {entry['kappa']:.2f}."
        )
    return "\n".join(said) + "\n"


def _made(rows: list[dict[str, Any]]) -> str:
    one = rows[0]
    whole = "all" if one["images"] == one["of"] else f"{one['images']} of {one['of']}"
    options = {
        key: value
        for key, value in one["options"].items()
        if key.partition(".")[0] not in ("beta", "objective", "kappa")
    }
    note = f" ({one['note']})" if one["note"] else ""
    versions = ", ".join(f"{package} {version}" for package, version in one["versions"].items())
    said = ", ".join(f"{key}={value}" for key, value in options.items())
    seconds = sum(row["seconds"] for row in rows)
    return (
        f"Made with {whole} training images{note}, seed {one['seed']}, {said}, likelihood squared (normal pixels of "
        f"variance 1/2); {len(rows)} rows in {seconds:.0f} s on {one['machine']}; {versions}; {one['finished'][:10]}."
        f"{' Command: `' + one['command'] + '`.' if one['command'] else ''}\n"
    )
