"""The GECO tables as Markdown: our numbers beside those of the slides, what was reduced, and what is impossible."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

TITLES = {"vae": "VAE", "beta": "beta-VAE", "geco": "GECO", "geco-iwae": "GECO + IWAE"}
FIGURES = (
    "rate", "rate_train", "rate_weighted", "squared_error", "squared_error_train", "squared_error_mean",
    "squared_error_weighted", "marginal_kl", "moment_bound", "active_units", "log_likelihood", "multiplier", "held",
)  # fmt: skip
"""What differs from seed to seed."""
HEAD = ["", "rate", "squared error", "marginal KL", "its lower bound", "active units", "log-likelihood"]


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
        "beta whose error is nearest to GECO's target. Of several seeds, the mean and the standard deviation.\n",
    ]
    for name, entry in published["datasets"].items():
        mine = [row for row in rows if row["dataset"] == name]
        if mine:
            means = averaged(mine)
            parts += [f"## {name}\n", _table(means, entry), _low_rate(means, entry), _verdict(means, entry)]
            parts += [_readings(means, entry), _curve(means), _doubts(entry, prototypes.get(name, [])), _made(mine)]
    if len(parts) == 2:
        parts.append("No row has been made yet.\n")
    return "\n".join(part for part in parts if part.strip())


def _rows(lines: list[list[str]]) -> str:
    head, *rest = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([head, "|" + " --- |" * len(lines[0]), *rest]) + "\n"


def beta_of(row: dict[str, Any]) -> float:
    """The weight of the KL in a row of a beta-VAE."""
    return float(row["method"].removeprefix("beta="))


def operating_points(entry: dict[str, Any]) -> dict[float, str]:
    """The kappas of a data set, each with what it adds to the name of a method."""
    low = entry.get("low_rate_kappa")
    return {entry["kappa"]: ""} | ({low: f"@{low:g}"} if low else {})


def averaged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for every method of one data set, with the means of `FIGURES` over seeds.

    ``seeds`` counts the runs, and ``deviation`` has the standard deviation of every figure where there are several. The
    command is that of the last seed.
    """
    found = []
    for method in dict.fromkeys(row["method"] for row in rows):
        runs = sorted((row for row in rows if row["method"] == method), key=lambda row: row["seed"])
        figures = {name: [run[name] for run in runs] for name in FIGURES if all(name in run for run in runs)}
        means = {name: float(np.mean(values)) for name, values in figures.items()}
        deviation = {name: float(np.std(values, ddof=1)) for name, values in figures.items() if len(runs) > 1}
        about = {"seeds": len(runs), "deviation": deviation, "command": runs[-1]["command"]}
        found.append(runs[0] | means | about)
    return found


def _number(row: dict[str, Any], name: str, digits: int = 2) -> str:
    """A figure, with its deviation where there are several seeds."""
    apart = row["deviation"].get(name)
    return f"{row[name]:.{digits}f}" + ("" if apart is None else f" ± {apart:.{digits}f}")


def by_method(rows: list[dict[str, Any]], kappa: float, at: str = "") -> dict[str, dict[str, Any]]:
    """The rows of an operating point by the names of the slides' methods; beta is the one nearest to GECO's target."""
    own = {row["method"]: row for row in rows}
    betas = [row for row in rows if row["method"].startswith("beta=")]
    found = {"vae": own.get("beta=1"), "geco": own.get(f"geco{at}"), "geco-iwae": own.get(f"geco-iwae{at}")}
    found["beta"] = min(betas, key=lambda row: abs(row["squared_error"] - kappa**2), default=None)
    return {name: row for name in TITLES if (row := found[name]) is not None}


def _table(rows: list[dict[str, Any]], entry: dict[str, Any]) -> str:
    lines = [HEAD]
    found = by_method(rows, entry["kappa"])
    for name, title in TITLES.items():
        row, said = found.get(name), entry["slides"].get(name)
        if row is None and said is None:
            continue
        slides = [f" ({said[0]:.2f})", f" ({said[1]:.2f})"] if said else ["", ""]
        if row is None:
            lines.append([title, f"-{slides[0]}", f"-{slides[1]}", "-", "-", "-", "-"])
            continue
        lines.append(_line(name, row, slides))
    return _rows(lines)


def _line(name: str, row: dict[str, Any], slides: Sequence[str] = ("", "")) -> list[str]:
    """What stands below `HEAD`; ``slides`` is added to rate and error."""
    title = TITLES[name] + (f" ({beta_of(row):g})" if name == "beta" else "")
    ours = [_number(row, figure) + said for figure, said in zip(("rate", "squared_error"), slides, strict=True)]
    latent = [_number(row, figure) for figure in ("marginal_kl", "moment_bound")]
    return [title, *ours, *latent, f"{row['active_units']:.3g}", _number(row, "log_likelihood", 1)]


def _low_rate(rows: list[dict[str, Any]], entry: dict[str, Any]) -> str:
    """The models at the second operating point, where the data set has one."""
    parts = []
    for kappa, at in list(operating_points(entry).items())[1:]:
        found = by_method(rows, kappa, at)
        if "geco" in found:
            lines = [_line(name, found[name]) for name in ("beta", "geco", "geco-iwae") if name in found]
            said = f"with kappa = {kappa:g}, a squared error of {kappa**2:.2f}"
            parts.append(
                f"At the rate that the slides give for VAE and GECO + IWAE, {said}:\n\n{_rows([HEAD, *lines])}"
            )
    return "\n".join(parts)


READINGS = {
    "one draw of z": ("squared_error", "rate"),
    "the mean of z": ("squared_error_mean", "rate"),
    "draws weighed by importance": ("squared_error_weighted", "rate_weighted"),
}
"""What reconstructs an image: which figures are its error and its rate."""


def _readings(rows: list[dict[str, Any]], entry: dict[str, Any]) -> str:
    """Which of GECO and GECO + IWAE reconstructs better, by every reading of reconstruction, and at what rate."""
    rows = [row for row in rows if "squared_error_weighted" in row]
    parts = []
    for kappa, at in operating_points(entry).items():
        found = {name: row for name, row in by_method(rows, kappa, at).items() if name.startswith("geco")}
        if len(found) < 2:
            continue
        lines = [[f"kappa = {kappa:g}", *(f"{reading}: error (rate; a beta's)" for reading in READINGS)]]
        for name, row in found.items():
            cells = []
            for figures in READINGS.values():
                error, rate = (_number(row, figure) for figure in figures)
                curve = rate_of_betas(rows, row[figures[0]], *figures)
                cells.append(f"{error} ({rate}; {'-' if curve is None else f'{curve:.2f}'})")
            lines.append([TITLES[name], *cells])
        least = {reading: min(found, key=lambda n, e=e, own=found: own[n][e]) for reading, (e, _) in READINGS.items()}
        best = "; ".join(f"{reading}: {TITLES[name]}" for reading, name in least.items())
        parts.append(f"{_rows(lines)}\nLess error by {best}.\n")
    if not parts:
        return ""
    head = (
        "The slides say that GECO + IWAE reconstructs better than GECO. Errors of test images by what reconstructs, "
        "and in brackets the rate, beside that of a beta with this error:\n"
    )
    return "\n".join([head, *parts])


def rate_of_betas(
    rows: list[dict[str, Any]], value: float, error: str = "squared_error", rate: str = "rate"
) -> float | None:
    """The rate at which the curve through the betas has an error of ``value``; None outside of the curve.

    Between its points the curve is linear in the logarithm of the error. ``error`` and ``rate`` name the figures.
    """
    curve = sorted((row[error], row[rate]) for row in rows if row["method"].startswith("beta="))
    if len(curve) < 2 or not curve[0][0] <= value <= curve[-1][0]:
        return None
    errors, rates = np.array(curve).T
    return float(np.interp(math.log(value), np.log(errors), rates))


def _verdict(rows: list[dict[str, Any]], entry: dict[str, Any]) -> str:
    said = []
    for row in rows:
        if row["method"].startswith("geco"):
            name, _, kappa = row["method"].partition("@")
            target = float(kappa or entry["kappa"]) ** 2
            miss = row["held"] / target - 1
            line = (
                f"{TITLES[name]}: target {target:.2f}, training error {row['held']:.2f} ({miss:+.1%}), test "
                f"error {row['squared_error']:.2f}, multiplier {row['multiplier']:.3g}."
            )
            if name == "geco-iwae":
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
    lines = [["beta", "seeds", "rate", "squared error", "at the mean of z", "training error", "active units"]]
    figures = ("rate", "squared_error", "squared_error_mean", "squared_error_train")
    for row in [*betas, *(row for row in rows if row["method"].startswith("geco"))]:
        name, _, kappa = row["method"].removeprefix("beta=").partition("@")
        title = name + (f", kappa = {kappa}" if kappa else "")
        shown = [_number(row, figure) for figure in figures]
        lines.append([title, str(row["seeds"]), *shown, f"{row['active_units']:.3g}"])
    return _rows(lines)


def _doubts(entry: dict[str, Any], prototypes: list[dict[str, float]]) -> str:
    slides = entry["slides"]
    said = [
        "Where the numbers on the slides cannot be what they are called:\n",
        '* "Marginal KL" is the rate, the mean of KL(q(z|x) || p(z)); KL(q(z) || p(z)) is another number, above.',
    ]
    for found in prototypes:
        if found["count"] == 1:
            worse = [
                f"{TITLES[name]} {error:.1f}" for name, (_, error) in slides.items() if error > found["squared_error"]
            ]
            if worse:
                said.append(
                    f"* The mean image, for which no latent is needed, leaves a squared error of "
                    f"{found['squared_error']:.1f}; the slides give {' and '.join(worse)}."
                )
            continue
        slide = next(error for rate, error in slides.values() if rate == found["rate"])
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
        # a part is told by its fields
        if key.partition(".")[0] not in ("beta", "objective", "kappa") and value not in ("Network", "Training")
    }
    note = f" ({one['note']})" if one["note"] else ""
    versions = ", ".join(f"{package} {version}" for package, version in one["versions"].items())
    said = ", ".join(f"{key}={value}" for key, value in options.items())
    seconds = sum(row["seconds"] for row in rows)
    commands = sorted({f"`{row['command']}`" for row in rows if row["command"]})
    most = max(row["seed"] for row in rows)
    seeds = f"seeds 0 to {most}" if most else "seed 0"
    return (
        f"Made with {whole} training images{note}, {seeds}, {said}, likelihood squared (normal pixels of "
        f"variance 1/2); {len(rows)} rows in {seconds:.0f} s on {one['machine']}; {versions}; {one['finished'][:10]}."
        f"{' Made by ' + ', '.join(commands) + '.' if commands else ''}\n"
    )
