"""The commands about models as such: info and compare."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from evenvae.cli import common, completing, progress
from evenvae.cli.app import Json, Model, Quiet, app
from evenvae.cli.arguments import in_order, load
from evenvae.cli.ending import call, next_step
from evenvae.errors import InputError

SMALL = 0.001
"""Smaller p-values are not told apart."""
CHANCE = 0.05
"""P-values above it may well be chance."""


@app.command(epilog="Example: evenvae info people.evenvae")
def info(
    model: Model,
    as_json: Json = False,
    markdown: Annotated[
        bool,
        typer.Option("--markdown", help="Print a README.md for a model hub, with the front matter that hubs read."),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """The card of a model: on what it was trained, what each column is taken for, settings, versions and figures."""
    if as_json and markdown:
        raise InputError("--json and --markdown are two forms of the card; give one of them.")
    from evenvae.fitted.card import card
    from evenvae.fitted.card_text import facts_of
    from evenvae.io.units import file_size

    fitted = load(model)
    if markdown:
        typer.echo(fitted.card())
        return
    found = card(fitted.fitted_, fitted.get_params(deep=False))
    if as_json:
        typer.echo(json.dumps({"file": str(model), **dataclasses.asdict(found)}, indent=2))
        return
    facts = [["file", f"{model}, {file_size(Path(model).stat().st_size)}"], *map(list, facts_of(found))]
    common.print_table("", ["model", ""], facts, left=2)
    typer.echo("")
    rows = [
        [c.column, c.taken_for, c.values, common.number(c.metric), "; ".join(filter(None, (c.because, c.note)))]
        for c in found.columns
    ]
    common.print_table("", ["column", "taken for", "values", "metric", "because"], rows, left=3, last_left=True)
    typer.echo(f"\nmetric: {found.metric}, on validation rows at the step that is kept; lower is better")
    typer.echo(f"options other than the defaults: {', '.join(_given(found.options)) or 'none'}")
    if not quiet:
        next_step(call("evaluate", model, "DATA"), "how well each column is learned, on rows of yours")


def _given(options: dict[str, Any]) -> list[str]:
    """The options that differ from the defaults, as ``--set`` takes them."""
    from evenvae import EvenVAE

    defaults = EvenVAE().get_params(deep=False)
    found = []
    for name, value in options.items():
        if isinstance(value, dict):
            kind = value.get("part", "")
            # the parts that have several kinds are named by them
            found += [f"{name}={kind}"] if kind.lower() not in (name, f"hivae{name}") else []
            found += [f"{name}.{field}={one}" for field, one in value.items() if field != "part" and one is not None]
        elif value is not None and value != defaults.get(name) and name != "verbose":
            found.append(f"{name}={value}")
    return found


COMPARE = "evenvae compare first.evenvae second.evenvae new_people.csv"
SEEDS = "evenvae compare a1.evenvae a2.evenvae new_people.csv --against b1.evenvae --against b2.evenvae"
"""How two models are compared, and two kinds of models by several seeds."""
ENOUGH = 5
"""Seeds below which a test finds large differences alone."""


@app.command(epilog=f"Example: {COMPARE}")
def compare(
    given: Annotated[
        list[str],
        typer.Argument(
            metavar="A B DATA",
            help="Two models of the same columns that fit wrote, and a table. With --against: models of one kind, each "
            "fitted with another seed, and a table.",
            show_default=False,
            autocompletion=completing.datasets,
        ),
    ],
    against: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="MODEL",
            help="A model of another kind; repeatable, for as many seeds. The tests are then over seeds.",
        ),
    ] = None,
    hide: Annotated[
        float,
        typer.Option(metavar="SHARE", help="Hide this share of the cells from both models, and compare imputations."),
    ] = 0.2,
    seed: Annotated[int, typer.Option(help="Decides which cells are hidden.")] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Two models on the same rows: log-likelihood, error and imputation error of each column, with paired tests.

    The tests of two models are over rows: they say whether other rows would show the same, not whether other fits
    would. With --against they are over fits with different seeds.
    """
    with progress.watching("comparing", quiet):
        from evenvae import tables
        from evenvae.fitted.comparison import compare_models
        from evenvae.fitted.seed_comparison import compare_seeds

        places, data, others = _models_and_table(given, against or [])
        groups = [[load(place) for place in group] for group in (places, others)]
        table, _ = common.read(data)
        first, second = ([(model.fitted_, tables.encode(table, model.schema_)) for model in group] for group in groups)
        if against:
            result = compare_seeds(first, second, hide=hide, seed=seed)
        else:
            result = compare_models(*first, *second, hide=hide, seed=seed)
    for name, group in zip("AB", groups, strict=True):
        differing = _differing(group)
        if differing:
            said = f"the models of {name} differ in {', '.join(differing)}, not in their seeds alone"
            typer.echo(f"evenvae: note: {said}", err=True)
    if as_json:
        plain = lambda value: None if isinstance(value, float) and not math.isfinite(value) else value
        attrs = {name: plain(value) for name, value in result.attrs.items()}
        columns = json.loads(result.to_json(orient="records"))
        names = {"a": places, "b": others} if against else {"a": places[0], "b": others[0]}
        typer.echo(json.dumps({**names, **attrs, "columns": columns}, indent=2))
        return
    _print(result, places, others)
    if not quiet:
        next_step(call("report", others[0], data, "--beside", places[0]), "the same in pictures")


def _models_and_table(given: list[str], against: list[Path]) -> tuple[list[str], str, list[str]]:
    """The models of A, the table, and the models of B.

    Raises:
        InputError: there are too few or too many of them.
    """
    *places, data = in_order(*given)
    if against:
        if not places:
            raise InputError(
                f"compare needs models before DATA, to be compared with those of --against; as in: {SEEDS}"
            )
        return places, data, [str(one) for one in against]
    if len(places) < 2:
        raise InputError(f"compare needs two models and a table, as in: {COMPARE}")
    if len(places) > 2:
        raise InputError(f"compare takes two models; to compare two kinds by several seeds, as in: {SEEDS}")
    return places[:1], data, places[1:]


def _differing(models: list[Any]) -> list[str]:
    """The options in which models differ, but for their seeds."""
    given = [{name: repr(value) for name, value in model.get_params(deep=False).items()} for model in models]
    ignored = {"random_state", "schema", "verbose"}
    return [name for name in given[0] if name not in ignored and len({one.get(name) for one in given}) > 1]


def _print(result: Any, places: list[str], others: list[str]) -> None:
    hidden = "hidden_a" in result
    header = ["column", "likelihood", "error A", "error B", "B / A", "p"]
    header += ["imputed A", "imputed B", "B / A", "p"] if hidden else []
    rows = []
    for row in result.to_dict("records"):
        cells = [row["column"], row["likelihood"], *_cells(row, "error_a", "error_b", "ratio", "p")]
        rows.append(cells + (_cells(row, "hidden_a", "hidden_b", "hidden_ratio", "hidden_p") if hidden else []))
    a = result.attrs
    names = [("error_a", "error_b"), ("hidden_a", "hidden_b")][: 1 + hidden]
    means: list[str] = []
    for one, other in names:
        ratio = a[other] / a[one] if a[one] > 0 else float("nan")
        means += [common.number(a[one]), common.number(a[other]), common.number(ratio, 2), ""]
    common.print_table("", header, [*rows, ["mean", "", *means]], left=2)
    gain, p = a["log_likelihood_gain"], a["log_likelihood_p"]
    typer.echo(f"\nA: {', '.join(places)}, {a['log_likelihood_a']:.3f} nats a row")
    typer.echo(f"B: {', '.join(others)}, {a['log_likelihood_b']:.3f} nats a row")
    if p < CHANCE:
        word = f"B makes a row {abs(gain):.3f} nats {'likelier' if gain > 0 else 'less likely'}"
    else:
        word = f"the difference of {gain:+.3f} nats a row may be chance"
    typer.echo(f"{word} (standard error {a['log_likelihood_gain_error']:.3f}, p {_p(p)}), on {a['rows']:,} rows")
    seen = [name for name, letter in zip("AB", "ab", strict=True) if a[f"trained_on_{letter}"]]
    if seen:
        typer.echo(
            f"{' and '.join(seen)} learned from these very rows: on new rows the errors are larger, and a model that "
            "has not seen them is at a disadvantage"
        )
    typer.echo("error: RMSE / range of numbers, error rate of levels")
    typer.echo(_tested(a))


def _tested(a: dict[str, Any]) -> str:
    """What the p-values say, and what they do not."""
    if "seeds_a" not in a:
        return (
            "p: paired t-tests over rows of these two fits, adjusted by Holm. They say whether other rows would show "
            "the same, not whether other seeds would: a difference between two fits may be that of their seeds; to "
            f"test that: {SEEDS}"
        )
    fewest = min(len(a["seeds_a"]), len(a["seeds_b"]))
    kind = f"t-tests paired by seed, over {fewest} seeds" if a["paired"] else "Welch's t-tests over seeds"
    few = f" With {fewest} seeds only large differences are found." if fewest < ENOUGH else ""
    return (
        f"p: {kind}, adjusted by Holm. They say whether other seeds would show the same on this table and these rows, "
        f"not whether other tables would.{few}"
    )


def _cells(row: dict[str, Any], one: str, other: str, ratio: str, p: str) -> list[str]:
    return [common.number(row[one]), common.number(row[other]), common.number(row[ratio], 2), _p(row[p])]


def _p(value: float) -> str:
    return "-" if value != value else f"< {SMALL}" if value < SMALL else f"{value:.3f}"
