"""The commands about models as such: info and compare."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from evenvae.cli import common, progress
from evenvae.cli.app import Data, Json, Model, Quiet, app
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


@app.command(epilog="Example: evenvae compare first.evenvae second.evenvae new_people.csv")
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="A model that fit wrote.", show_default=False)],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another model of the same columns.", show_default=False)],
    data: Data,
    hide: Annotated[
        float,
        typer.Option(metavar="SHARE", help="Hide this share of the cells from both models, and compare imputations."),
    ] = 0.2,
    seed: Annotated[int, typer.Option(help="Decides which cells are hidden.")] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Two models on the same rows: log-likelihood, error and imputation error of each column, with paired tests."""
    from evenvae import tables
    from evenvae.fitted.comparison import compare_models

    *places, data = in_order(first, second, data)
    models = [load(place) for place in places]
    table, _ = common.read(data)
    encoded = [tables.encode(table, model.schema_) for model in models]
    sides = [(model.fitted_, rows) for model, rows in zip(models, encoded, strict=True)]
    with progress.watching("comparing"):
        result = compare_models(*sides, hide=hide, seed=seed)
    if as_json:
        plain = lambda value: None if isinstance(value, float) and not math.isfinite(value) else value
        attrs = {name: plain(value) for name, value in result.attrs.items()}
        columns = json.loads(result.to_json(orient="records"))
        typer.echo(json.dumps({"a": places[0], "b": places[1], **attrs, "columns": columns}, indent=2))
        return
    _print(result, places)
    if not quiet:
        next_step(call("report", places[1], data, "--beside", places[0]), "the same in pictures")


def _print(result: Any, places: list[str]) -> None:
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
    typer.echo(f"\nA: {places[0]}, {a['log_likelihood_a']:.3f} nats a row")
    typer.echo(f"B: {places[1]}, {a['log_likelihood_b']:.3f} nats a row")
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
    typer.echo("error: RMSE / range of numbers, error rate of levels; p: paired t-tests over rows, adjusted by Holm")


def _cells(row: dict[str, Any], one: str, other: str, ratio: str, p: str) -> list[str]:
    return [common.number(row[one]), common.number(row[other]), common.number(row[ratio], 2), _p(row[p])]


def _p(value: float) -> str:
    return "-" if value != value else f"< {SMALL}" if value < SMALL else f"{value:.3f}"
