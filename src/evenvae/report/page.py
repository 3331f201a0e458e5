"""From the sections to one HTML file that loads nothing else."""

import json
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evenvae.errors import InputError
from evenvae.estimator import EvenVAE
from evenvae.io.atomic import write_text
from evenvae.io.watching import told
from evenvae.report import (
    associations,
    card,
    gradient_comparison,
    latent,
    learned,
    marginals,
    missingness,
    training_curves,
    unusual,
)
from evenvae.report.drawing import joined, packed, trusted
from evenvae.report.evidence import Evidence, gather
from evenvae.report.parts import Figure, Gallery, Section, Table, finite_mean, number

SECTIONS = (
    learned,
    marginals,
    associations,
    training_curves,
    gradient_comparison,
    missingness,
    latent,
    unusual,
    card,
)
"""The modules of the sections, in the order of the page."""


def write_report(model: EvenVAE, X: Any, path: str | Path, *, title: str = "", **options: Any) -> list[Section]:
    """Write the report of a fitted model on a table.

    Args:
        model: a fitted `EvenVAE`.
        X: the table to look at.
        path: the HTML file to write.
        title: heading of the page.
        options: ``beside``, ``rows``, ``seed`` and ``labels`` of `gather`.

    Returns:
        The sections, as data.

    Raises:
        InputError: jinja2 is not installed, or the table does not fit the model.
    """
    check_installed()
    evidence = gather(model, X, **options)
    sections = build(evidence)
    write_text(path, render(evidence, sections, title=title))
    return sections


def check_installed() -> None:
    """Raise InputError where the optional library that writes the report is not installed."""
    if find_spec("jinja2") is None:
        raise InputError("The report needs jinja2: pip install 'evenvae[report]'.")


def build(evidence: Evidence) -> list[Section]:
    """All sections, in reading order."""
    return [module.section(evidence) for module in told(SECTIONS, "drawing")]


def render(evidence: Evidence, sections: list[Section], title: str = "", source: str = "") -> str:
    """The page as one text with styles, scripts and data.

    Args:
        evidence: the model's answers.
        sections: what `build` gives.
        title: heading of the page.
        source: where the table is from, for the end of the page.
    """
    import jinja2

    templates = files("evenvae.report") / "templates"
    read = lambda name: (templates / name).read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.tests |= {"figure": _is(Figure), "gallery": _is(Gallery), "table": _is(Table), "numeric": _numeric}
    script = joined(read("page.js"))
    return environment.from_string(read("page.html")).render(
        title=title or f"{len(evidence.columns)} columns, {evidence.table_rows:,} rows",
        source=source,
        label=evidence.label,
        headlines=headlines(evidence),
        sampled=len(evidence.places) < evidence.table_rows,
        evidence=evidence,
        sections=sections,
        column_count=len(evidence.columns),
        style=read("style.css"),
        script=script,
        policy=trusted(script),
        figures=script_safe({figure.name: packed(figure) for figure in figures_of(sections)}),
    )


def headlines(evidence: Evidence) -> list[tuple[str, str, str]]:
    """``(number, what it is, explanation)`` for the top of the page."""
    facts = evidence.evaluation.attrs
    found = evidence.imputation
    other = evidence.beside
    beside = "" if other is None else f"; {evidence.other_label} {number(other.attrs['log_likelihood'], 1)}"
    return [
        (number(facts["error"]), "mean error", f"best constant {number(facts['baseline'])}"),
        (number(facts["worst_ratio"], 2), "times the best constant's error", f"worst: {facts['worst_column'] or '–'}"),
        (number(facts["log_likelihood"], 1), "nats a row", f"log-likelihood{beside}"),
        (number(finite_mean(found.error)), "imputation error", f"best constant {number(finite_mean(found.baseline))}"),
    ]


def figures_of(sections: list[Section]) -> list[Figure]:
    """Every figure of every section."""
    found: list[Figure] = []
    for section in sections:
        for part in section.parts:
            if isinstance(part, Gallery):
                found += part.figures
            elif isinstance(part, Figure):
                found.append(part)
    return found


def script_safe(value: Any) -> str:
    """JSON that is safe inside a script element, whatever texts it contains."""
    import markupsafe

    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for character, escape in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(character, escape)
    return markupsafe.Markup(text)


def _numeric(cell: Any) -> bool:
    text = str(cell).replace("−", "-").replace(",", "").removesuffix(" %")
    return text == "–" or text.lstrip("-").replace(".", "", 1).isdigit()


def _is(kind: type) -> Any:
    return lambda part: isinstance(part, kind)
