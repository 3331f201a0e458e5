"""How a notebook shows a model and its evaluation."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from evenvae import notebook
from evenvae.fitted.card import Card, card
from evenvae.fitted.card_text import facts_of
from evenvae.fitted.model import FittedModel
from evenvae.notebook import Bar, Box, Cell
from evenvae.part import Part
from evenvae.training.plan import FITTED_LATENTS

ERRORS = ("reconstruct", "impute")
"""Purposes whose validation metric is an error of every column."""


class Evaluation(pd.DataFrame):
    """What `EvenVAE.evaluate` gives: a table of pandas that notebooks show with bars.

    What is taken from it, as a column or some of its rows, is a plain table.
    """

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    @classmethod
    def of(cls, found: pd.DataFrame) -> "Evaluation":
        """The same table with the same ``attrs``."""
        table = cls(found)
        table.attrs = found.attrs
        return table

    def _repr_html_(self) -> str:
        return evaluation_html(self)


def evaluation_html(found: pd.DataFrame) -> str:
    """The columns with their error over that of the best constant, the worst one first, and the means above them."""
    facts = found.attrs
    beside = "regret" in found
    hidden = "hidden_error" in found
    header = ["column", "taken for", "error / best constant", "error", "best constant", "nats a cell"]
    header += ["error / other's"] if beside else []
    header += ["imputed / best constant"] if hidden else []
    order = np.argsort(-found["ratio"].fillna(-1).to_numpy(float), kind="stable")
    rows = []
    for row in found.iloc[order].to_dict("records"):
        cells = [str(row["column"]), str(row["likelihood"]), Bar(row["ratio"], row["ratio"], 2)]
        cells += [_known(row[name]) for name in ("error", "baseline", "log_likelihood")]
        cells += [_known(row["regret"])] if beside else []
        cells += [Bar(row["hidden_ratio"], row["hidden_ratio"], 2)] if hidden else []
        rows.append(cells)
    number = lambda name, digits=3: notebook.number(facts.get(name), digits)
    means = [
        ("mean error", number("error")),
        ("mean error of the best constant", number("baseline")),
        (f"worst ratio: {facts.get('worst_column') or '–'}", number("worst_ratio", 2)),
        ("nats a row", f"{number('log_likelihood', 2)} ± {number('log_likelihood_error', 2)}"),
    ]
    if beside:
        means.append((f"worst beside the other: {facts.get('worst_regret_column') or '–'}", number("worst_regret", 2)))
        means.append(("nats a row above the other", number("log_likelihood_gain", 2)))
    if hidden:
        means.append(("error of hidden cells", f"{number('hidden_error')} (constant {number('hidden_baseline')})"))
    return notebook.card(
        "How well each column is learned",
        notebook.facts(means),
        notebook.table(header, rows),
        notebook.note(
            "Error: RMSE / range of numbers, error rate of levels. The best constant is the mean or the most frequent "
            "level: at 1 nothing was learned; lower is better."
        ),
    )


def model_html(model: FittedModel, given: Mapping[str, Any]) -> str:
    """A fitted model: its diagram, the facts of its training, and its columns with the validation metric of each."""
    found = card(model, given)
    kept = [("rows", f"{found.rows:,}"), ("columns", str(len(model.schema.features))), ("steps", f"{found.steps:,}")]
    if found.best is not None:
        kept.append((found.metric, f"{found.best:.4g}"))
    kept.append(("parameters", f"{found.parameters:,}"))
    title = f"EvenVAE, fitted for purpose {found.purpose!r}"
    return notebook.card(
        title,
        notebook.diagram(boxes(model, found), title),
        notebook.facts(kept),
        _columns(found),
        notebook.folded("Options and training", notebook.table(("", ""), [(n, Cell(v)) for n, v in facts_of(found)])),
        sub=f"{found.model}, objective {found.objective}, balance {found.balance}, prior {found.prior}",
    )


def unfitted_html(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """A model without a fit: the options that differ from the defaults, and what to do next."""
    changed = [(name, Cell(_text(value))) for name, value in given.items() if not _same(value, defaults[name])]
    parts = [notebook.table(("option", "value"), changed)] if changed else [notebook.note("All options are defaults.")]
    return notebook.card("EvenVAE, not fitted yet", *parts, notebook.note("Next: model.fit(table)."))


def boxes(model: FittedModel, found: Card) -> list[Box]:
    """The parts of a model, from the cells of a row to the distributions of its columns."""
    network, features = model.plan.network, model.schema.features
    size, width, depth = (getattr(network, name, None) for name in ("latent_size", "width", "depth"))
    layers = f"{depth} × {width}" if width and depth else ""
    trunk = f"{depth + 1} × {width}" if width and depth else ""
    families = len({column.likelihood for column in features})
    prior = "fitted density" if model.plan.latents in FITTED_LATENTS else f"{found.prior} prior"
    return [
        Box("a row", f"{len(features)} columns", "cells may be missing"),
        Box("encoder", layers, "q(z | row)"),
        Box("z", f"{size} numbers", prior, latent=True),
        Box("decoder", trunk, found.balance.partition("[")[0] if found.balance != "none" else "not balanced"),
        Box("distributions", f"of {len(features)} columns", f"{families} families"),
    ]


def _columns(found: Card) -> str:
    metrics = [c.metric for c in found.columns if c.metric is not None]
    largest = max(metrics, default=0.0)
    errors = found.purpose in ERRORS
    header = ["column", "taken for", "error (validation)" if errors else "nats (validation)", "values", "because"]
    rows = []
    for c in found.columns:
        # only errors start at 0, where a bar does
        share = c.metric / largest if errors and c.metric is not None and largest > 0 else None
        metric = "" if c.metric is None else Bar(c.metric, share)
        rows.append([c.column, c.taken_for, metric, c.values, Cell("; ".join(filter(None, (c.because, c.note))))])
    return notebook.table(header, rows)


def _known(value: float) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def _same(value: Any, other: Any) -> bool:
    try:
        return bool(value == other)
    except (TypeError, ValueError):
        return value is other


def _text(value: Any) -> str:
    if isinstance(value, Part):
        given = ", ".join(f"{name}={one!r}" for name, one in value.given().items())
        return f"{type(value).__name__}({given})"
    text = repr(value)
    return text if len(text) <= 200 else text[:197] + "..."
