"""Published figures beside ours: tables that prose.py writes into the pages, of what `evenvae reproduce` made.

The published figures stand in ``src/evenvae/experiments/*.toml``.
"""

from statistics import fmean, median, pstdev
from typing import Any

from evenness import RECIPE
from evenvae.experiments import table1_text
from evenvae.experiments.geco_text import TITLES, averaged, beta_of, by_method
from evenvae.experiments.settings import read
from twenty_tables import markdown, spelled

PAIRS = {"usps-mnist": 1, "mnist-usps": 0, "faces": 1}
"""Digits of the log-likelihoods of a pair; means over few rows deviate more."""
SHORT = {"usps-mnist": "USPS to MNIST", "mnist-usps": "MNIST to USPS", "faces": "faces"}
PROBED = {
    "CVAE": "`standard`",
    "CVAE-cycle": "`standard`, `cycle=2`",
    "vamp": "`vamp`",
    "vamp-cycle": "`vamp`, `cycle=2`",
}
"""Models of which the pages say how far the task is told from z, with and without cycle consistency."""
NOT_MADE = "not made"
RUNS, FEW = 75, 12
"""Runs of a cell: the paper's fifteen combinations with five seeds, and four combinations with three seeds."""
IMAGES = {"mnist": 60_000, "cifar10": 50_000}
"""Training images of a data set as it was published."""


def table1(cells: list[dict[str, Any]], ours: list[dict[str, Any]]) -> str:
    """Table 1 in the form of the paper, with a line of this library's options beside those of the paper."""
    return table1_text.table(cells + ours, read("table1"))


def reached(ours: list[dict[str, Any]]) -> str:
    """In how many cells this library's options are at or below the paper's cocktail."""
    return table1_text.reached(ours, read("table1")).strip()


def all_of_nine(ours: list[dict[str, Any]]) -> str:
    """On how many tables the VAE with our options is at or below the paper's cocktail."""
    published = read("table1")
    said = dict(zip(published["tables"], published["models"]["vae"]["cocktail"], strict=True))
    errors = {c["table"]: median(c["errors"]["error_by_mode"]["chosen"]) for c in ours if c["model"] == "vae"}
    count = sum(round(error, 2) <= said[name] for name, error in errors.items())
    return "all nine" if count == len(said) else f"{count} of {len(said)}"


def epochs_and_seeds(ours: list[dict[str, Any]]) -> str:
    """Shares of the paper's epochs, and numbers of seeds, with the cells that they hold for."""
    of = lambda get: table1_text.each(ours, read("table1"), get)
    return f"shares of the paper's: {of(lambda c: c['share'])}. Seeds: {of(lambda c: len(c['settings']['seeds']))}"


def nats_of_ours(ours: list[dict[str, Any]], cells: list[dict[str, Any]]) -> str:
    """How likely rows are by the VAE with our options, beside plain training and the cocktail with the paper's."""
    likelihood = lambda cell, balance: table1_text.of(cell, balance)["log_likelihood"]
    vae = lambda part: {cell["table"]: cell for cell in part if cell["model"] == "vae"}
    own, theirs = vae(ours), vae(cells)
    gains = [likelihood(own[name], own[name]["chosen"]) - likelihood(theirs[name], "none") for name in own]
    likelier = [
        likelihood(own[name], own[name]["chosen"]) > likelihood(theirs[name], theirs[name]["chosen"]) for name in own
    ]
    return (
        f"differs from plain training's by {median(gains):+.1f} nats in the median over {len(gains)} tables "
        f"({min(gains):+.1f} to {max(gains):+.1f}), and is above the cocktail's on {sum(likelier)} of them"
    )


def networks(ours: list[dict[str, Any]], evenness: list[dict[str, Any]]) -> str:
    """The VAE of the paper, with this library's options, and with its default network."""
    published, body = read("table1"), []
    names = published["tables"]
    said = dict(zip(names, published["models"]["vae"]["cocktail"], strict=True))
    chosen = {cell["table"]: median(cell["errors"]["error"]["chosen"]) for cell in ours if cell["model"] == "vae"}
    default = {
        name: median(
            run["error"]
            for run in evenness
            if (run["table"], run["network"], run["candidate"]) == (name, "default", RECIPE)
        )
        for name in names
    }
    body.append(["the paper's cocktail", *(f"{said[name]:.2f}" for name in names)])
    body.append(["the paper's network, ours", *(f"{chosen[name]:.3f}" if name in chosen else "-" for name in names)])
    body.append(["the default network", *(f"{default[name]:.3f}" for name in names)])
    return markdown(["", *names], body)


def missing(cells: list[dict[str, Any]]) -> str:
    """Cells of Table 1 that were not made, with what they would cost.

    Seconds of a run are those of the VAE on the same table, which were measured, times the mean ratio of the model's
    seconds to the VAE's on the tables that have both.
    """
    published = read("table1")
    seconds = {(c["model"], c["table"]): c["seconds"] / sum(row["runs"] for row in c["combinations"]) for c in cells}
    body, total = [], 0.0
    for model, said in published["models"].items():
        both = [name for name in published["tables"] if {(model, name), ("vae", name)} <= seconds.keys()]
        if not both:
            continue
        ratio = fmean(seconds[model, name] / seconds["vae", name] for name in both)
        for name in published["tables"]:
            if (model, name) in seconds or ("vae", name) not in seconds:
                continue
            each = ratio * seconds["vae", name]
            hours = each * RUNS / 3600
            total += hours
            command = f"`evenvae reproduce table1 -o table1 --models {model} --datasets {name} --resume`"
            body.append(
                [f"{said['title']}, {name}", f"{each:.0f}", f"{hours:.1f}", f"{hours * FEW / RUNS:.1f}", command]
            )
    body.append(["all", "", f"{total:.0f}", f"{total * FEW / RUNS:.0f}", ""])
    head = ["cell", "seconds of a run", f"hours of a core, {RUNS} runs", f"hours, {FEW} runs"]
    return markdown([*head, "command"], body)


def table1_defaults(cells: list[dict[str, Any]]) -> str:
    """Every combination of the VAE as the only one for all tables."""
    return table1_text.defaults(cells, "vae", read("table1"))


def optimal_prior(runs: list[dict[str, Any]]) -> str:
    """Models in rows, for every pair nats and accuracy; the best of our means is bold, the talk's stand in brackets.

    Runs with cycle consistency are left out; they have a table of their own.
    """
    runs = [run for run in whole(runs) if not run["model"].endswith("-cycle")]
    published, columns = read("optimal_prior"), []
    models = [model for model in published["models"] if any(run["model"] == model for run in runs)]
    for pair, digits in PAIRS.items():
        said = published["pairs"][pair]
        title = SHORT[pair]
        nats = {model: values_of(runs, pair, model, "log_likelihood") for model in models}
        columns.append((f"{title}, nats", column(nats, said["log_likelihood"], f".{digits}f")))
        if "accuracy" in said:
            plain, even = ({m: values_of(runs, pair, m, f) for m in models} for f in ("accuracy", "accuracy_even"))
            theirs = {model: (mean_,) for model, (mean_, _) in said["accuracy"].items()}
            both = zip(column(plain, {}, ".3f", 0), column(even, theirs, ".3f", 0), strict=True)
            columns.append(("accuracy", [f"{one} / {other}" if one != "-" else "-" for one, other in both]))
    body = [
        [model if model in ("VAE", "CVAE") else f"`{model}`", *(cells[place] for _, cells in columns)]
        for place, model in enumerate(models)
    ]
    return markdown(["", *(title for title, _ in columns)], body)


def earlier_protocol(runs: list[dict[str, Any]]) -> str:
    """The runs by the protocol of the first author's earlier work, one in a row."""
    body = []
    for run in (run for run in runs if run.get("preset")):
        without = run.get("log_likelihood_without_log_z")
        draws = f"{run['normaliser_effective_samples']:.0f}" if without is not None else "-"
        body.append(
            [
                f"{run['pair']}, {run['model']}",
                f"{run['epochs']['made']:.0f}",
                f"{run['options'].get('training.learning_rate', 1e-4):g}",
                f"{run['log_likelihood']:.1f}",
                "-" if without is None else f"{without:.1f}",
                draws,
                f"{run['accuracy']:.3f} / {run['accuracy_even']:.3f}",
                f"{run['task_probe_accuracy']:.3f}",
            ]
        )
    head = ["", "epochs", "rate", "nats", "without log Z", "effective draws of log Z", "accuracy", "task from z"]
    return markdown(head, body)


def task_told(runs: list[dict[str, Any]]) -> str:
    """With and without cycle consistency: nats, accuracy and how far the task is told from z, seed by seed the same."""
    head, body = [""], [[title] for title in PROBED.values()]
    for pair, digits in PAIRS.items():
        shown = {f"{SHORT[pair]}, nats": (("log_likelihood",), f".{digits}f")}
        if pair != "faces":
            shown["accuracy"] = ("accuracy", "accuracy_even"), ".3f"
        shown["task from z"] = ("task_probe_accuracy",), ".3f"
        head += shown
        made = {run["model"] for run in probed(runs, pair)}
        for row, model in zip(body, PROBED, strict=True):
            for figures, form in shown.values():
                values = [f"{told(runs, pair, model, one):{form}}" for one in figures] if model in made else ["-"]
                row.append(" / ".join(values))
    return markdown(head, body)


def probed(runs: list[dict[str, Any]], pair: str) -> list[dict[str, Any]]:
    """The runs of `whole` that say how far the task is told, of the seeds that the CVAE has."""
    own = [run for run in whole(runs) if run["pair"] == pair and "task_probe_accuracy" in run]
    seeds = {run["seed"] for run in own if run["model"] == "CVAE"}
    return [run for run in own if run["model"] in PROBED and run["seed"] in seeds]


def told(runs: list[dict[str, Any]], pair: str, model: str, figure: str = "task_probe_accuracy") -> float:
    """The mean of a figure over the runs of `probed`."""
    return fmean(run[figure] for run in probed(runs, pair) if run["model"] == model)


def lost(runs: list[dict[str, Any]], pair: str, figure: str, model: str = "vamp-cycle") -> float:
    """By how much the mean of a model with cycle consistency is below that of the CVAE, over the runs of `probed`."""
    return told(runs, pair, "CVAE", figure) - told(runs, pair, model, figure)


def whole(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The runs of full length by our own settings, without those by another protocol."""
    return [run for run in runs if not run.get("preset") and run["share"] == 1]


def values_of(runs: list[dict[str, Any]], pair: str, model: str, figure: str) -> list[float]:
    """The figure of every seed, of the runs of full length by our own settings."""
    own = [run for run in whole(runs) if (run["pair"], run["model"]) == (pair, model)]
    return [run[figure] for run in own if run.get(figure) is not None]


def gain(runs: list[dict[str, Any]], pair: str, model: str, figure: str) -> float:
    """By how much the mean of a model is above that of the CVAE."""
    own, its = (fmean(values_of(runs, pair, one, figure)) for one in (model, "CVAE"))
    return own - its


def lost_nats(cells: list[dict[str, Any]]) -> str:
    """What the chosen combinations of the VAE cost in log-likelihood, where they improve the error."""
    lost = {}
    for cell in cells:
        rows = {row["balance"]: row["log_likelihood"] for row in cell["combinations"]}
        if cell["model"] == "vae" and cell["errors"]["error_by_mode"]["p"] < table1_text.LEVEL:
            lost[cell["table"]] = rows["none"] - rows[cell["chosen"]]
    bank = lost.pop("bank")
    least, most = (spelled(round(nats)) for nats in (min(lost.values()), max(lost.values())))
    return f"{least} to {most} nats a row and on bank by {bank:.0f}"


def default_error(cells: list[dict[str, Any]], model: str, balance: str) -> float:
    """Mean over tables of a combination's error over plain's."""
    return table1_text.defaults_of([cell for cell in cells if cell["model"] == model], balance)[1]


def error_of(cells: list[dict[str, Any]], table: str, measure: str, model: str = "vae") -> float:
    """Median error of a model's chosen combination on a table."""
    (cell,) = (cell for cell in cells if (cell["model"], cell["table"]) == (model, table))
    return median(cell["errors"][measure]["chosen"])


def times_of_runs(cells: list[dict[str, Any]]) -> str:
    """How long a run of the VAE takes, and all of a table."""
    whole = [cell["seconds"] for cell in cells if cell["model"] == "vae"]
    least, most = (seconds / 60 / 60 for seconds in (min(whole), max(whole)))
    return (
        f"A run of the VAE takes {spelled(round(least))} to {spelled(round(most))} minutes of a core, the sixty of a "
        f"table {15 * least:.0f} to {15 * most:.0f} minutes on four"
    )


def column(values: dict[str, list[float]], said: dict[str, Any], form: str, deviates: int = 2) -> list[str]:
    """Means, deviations of at least ``deviates`` values (none for 0) and the talk's figures, by model."""
    several = max(len(own) for own in values.values()) > 1
    # a single seed is not called the best where others have several
    best = max((fmean(own) for own in values.values() if len(own) > several), default=None)
    cells = []
    for model, own in values.items():
        if not own:
            cells.append("-")
            continue
        text = f"{fmean(own):{form}}"
        text = f"**{text}**" if fmean(own) == best else text
        text = text.replace("0.", ".", 1) if form == ".3f" else text
        text += f" ± {pstdev(own):{form}}" if deviates and len(own) >= deviates else ""
        theirs = said.get(model)
        cells.append(text + (f" ({short(theirs[0])})" if theirs else ""))
    return cells


def short(value: float) -> str:
    """A published figure as the pages write it."""
    return f"{value:.2f}".removeprefix("0")


def beside_ours(cells: list[dict[str, Any]], geco: dict[str, Any], runs: list[dict[str, Any]]) -> str:
    """Every figure of the three sources, a row for those that one run gives; in brackets by how much ours differs."""
    head = ["figure", "paper says", "we get", "command", "time", "what differs"]
    return markdown(head, [*table1_rows(cells), *geco_rows(geco["rows"]), *optimal_prior_rows(runs)])


def table1_rows(cells: list[dict[str, Any]]) -> list[list[str]]:
    """Javaloy, Meghdadi and Valera (2021), Table 1: plain, and the best combination."""
    published, rows = read("table1"), []
    made = {(cell["model"], cell["table"]): cell for cell in cells}
    for model, said in published["models"].items():
        for place, name in enumerate(published["tables"]):
            cell = made.get((model, name))
            theirs = f"{said['plain'][place]:.2f}; {said['cocktail'][place]:.2f}"
            command = f"`evenvae reproduce table1 -o table1 --models {model} --datasets {name}`"
            title = f"Table 1, {said['title']}, {name}: plain; cocktail"
            if cell is None:
                rows.append([title, theirs, NOT_MADE, command, "-", "-"])
                continue
            errors = cell["errors"]["error_by_mode"]
            ours = "; ".join(
                apart(median(errors[which]), said[theirs_of][place], 3)
                for which, theirs_of in (("plain", "plain"), ("chosen", "cocktail"))
            )
            seeds, combinations = len(cell["settings"]["seeds"]), len(cell["combinations"])
            differs = [f"{seeds} seeds, not 5"] * (seeds != 5)
            differs += [f"{combinations} combinations, not 12"] * (combinations != 12)
            differs += [f"{cell['share']:g} of the epochs"] * (cell["share"] != 1)
            rows.append([title, theirs, ours, command, spent(cell["seconds"]), "; ".join(differs) or "nothing known"])
    return rows


def geco_rows(rows: list[dict[str, Any]]) -> list[list[str]]:
    """The slides "Taming VAEs" (2018): rate and squared error of an image."""
    found = []
    for name, entry in read("geco")["datasets"].items():
        own = by_method(averaged([row for row in rows if row["dataset"] == name]), entry["kappa"])
        for method, (rate, error) in entry["slides"].items():
            row = own.get(method)
            title = f"Taming VAEs, {name}, {TITLES[method]}: rate; squared error"
            theirs = f"{rate:.2f}; {error:.2f}"
            if row is None:
                found.append(
                    [title, theirs, NOT_MADE, f"`evenvae reproduce geco -o taming --datasets {name}`", "-", "-"]
                )
                continue
            differs = [f"{row['images']:,} images, not {IMAGES[name]:,}"] * (row["images"] != IMAGES[name])
            differs.append(f"{row['epochs']:g} epochs (not on the slides)")
            differs += [f"mean of {row['seeds']} seeds"] * (row["seeds"] > 1)
            if method == "beta":
                differs.append(f"beta is {beta_of(row):g} (not on the slides)")
            differs += ["a dense network"] * ("residual" in row["options"].values())
            ours = f"{apart(row['rate'], rate)}; {apart(row['squared_error'], error)}"
            found.append([title, theirs, ours, f"`{row['command']}`", spent(row["seconds"]), "; ".join(differs)])
    return found


def optimal_prior_rows(runs: list[dict[str, Any]]) -> list[list[str]]:
    """Takahashi et al. (2022), the talk: log-likelihood of the target, and accuracy of a classifier."""
    published, found = read("optimal_prior"), []
    runs = whole(runs)
    for pair, said in (published["pairs"] | published["not_made"]).items():
        for model, nats in said["log_likelihood"].items():
            accuracy = said.get("accuracy", {}).get(model)
            title = f"Optimal prior, {said['title']}, {model}: nats" + ("; accuracy" if accuracy else "")
            theirs = f"{nats[0]:.2f} ± {nats[1]:.2f}" + (f"; {accuracy[0]:.2f} ± {accuracy[1]:.2f}" if accuracy else "")
            own = [run for run in runs if (run["pair"], run["model"]) == (pair, model)]
            if not own:
                why = "the data are not in the catalogue" if pair in published["not_made"] else "-"
                found.append([title, theirs, NOT_MADE, "-", "-", why])
                continue
            values = values_of(runs, pair, model, "log_likelihood")
            ours = apart(fmean(values), nats[0], spread=pstdev(values))
            if accuracy:
                values = values_of(runs, pair, model, "accuracy")
                ours += f"; {apart(fmean(values), accuracy[0], spread=pstdev(values))}"
            command = f"`evenvae reproduce optimal-prior -o optimal-prior --datasets {pair} --models {model}`"
            differs = f"network, binarisation and classifier are not published; {len(own)} seeds"
            found.append([title, theirs, ours, command, spent(sum(run["seconds"] for run in own)), differs])
    return found


def apart(own: float, theirs: float, digits: int = 2, spread: float | None = None) -> str:
    """Our figure, with its deviation, and in brackets what it is more than the published one."""
    deviation = "" if spread is None else f" ± {spread:.2f}"
    return f"{own:.{digits}f}{deviation} ({round(own - theirs, 2) + 0.0:+.2f})"


def spent(seconds: float) -> str:
    """The time of one worker, in the unit that suits it."""
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min" if seconds >= 90 else "1 min"
