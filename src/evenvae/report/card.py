"""Section: what the model is, what it was trained on, and with what."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import equinox as eqx
import jax
import numpy as np

from evenvae.report.evidence import Evidence
from evenvae.report.parts import Section, Table

PACKAGES = ("evenvae", "jax", "equinox", "optax", "numpy", "scikit-learn", "plotly")


def section(evidence: Evidence) -> Section:
    """Tables of facts, settings, columns and versions."""
    lead = "Enough to train the same model again: same table, settings, seed and versions on the same kind of machine."
    parts = (facts(evidence), settings(evidence.model), columns(evidence), versions())
    return Section("card", "Model card", "Model card", lead, parts)


def facts(evidence: Evidence) -> Table:
    """Table, training and size."""
    model = evidence.model
    known = evidence.trained_on_it
    same = {
        True: "the table it was trained on",
        False: "not the table it was trained on",
        None: "not known to be the training table",
    }
    parameters = sum(np.size(leaf) for leaf in jax.tree.leaves(eqx.filter(model.members_[0][0], eqx.is_inexact_array)))
    trained = getattr(model, "fingerprint_", None)
    end = ", interrupted" if model.interrupted_ else ""
    rows = [
        ("trained on", f"{model.rows_:,} rows, {model.held_out_:,} of them held out to watch"),
        ("fingerprint of the training table", trained or "not recorded"),
        ("looked at", f"{len(evidence.places):,} of {evidence.table_rows:,} rows: {same[known]}"),
        ("fingerprint of the table looked at", evidence.fingerprint),
        ("model", f"{model.model}, {parameters:,} parameters, {len(model.members_)} member(s)"),
        ("objective, prior", f"{model.objective}, {model.prior}"),
        ("balance", model.plan_.balance),
        ("purpose", model.plan_.training.purpose),
        ("steps", f"{model.n_steps_:,} of at most {model.plan_.training.steps:,}{end}"),
        ("seed", str(model.seed_)),
        ("seed of this report", str(evidence.seed)),
    ]  # fmt: skip
    return Table(("fact", "value"), tuple(rows), caption="A fingerprint is the SHA-256 of the encoded cells.")


def settings(model: Any) -> Table:
    """Options as given, and what was made of them."""
    given = model.get_params(deep=False)
    made = model.plan_.used()
    rows = []
    for name in sorted(set(given) | set(made)):
        asked = "–" if name not in given or given[name] is None else _short(given[name])
        rows.append((name, asked, _short(made[name]) if name in made else "–"))
    return Table(("setting", "as given", "as used"), tuple(rows), folded="All settings")


def columns(evidence: Evidence) -> Table:
    """Every column of the schema, modelled or not, with the reason."""
    schema = evidence.model.schema_
    rows = tuple(
        (c.name, c.likelihood or c.role, c.reason, f"{c.cardinality} levels" if c.nominal else _range(c))
        for c in schema.columns
    )
    return Table(
        ("column", "taken for", "because", "values"),
        rows,
        columns=tuple((c.name,) for c in schema.columns),
        kinds=tuple("levels" if c.nominal else "numbers" for c in schema.columns),
        folded="What each column is taken for",
    )


def versions() -> Table:
    """Of what made this report."""
    rows = [("Python", platform.python_version())]
    for package in PACKAGES:
        try:
            rows.append((package, version(package)))
        except PackageNotFoundError:
            continue
    rows.append(("machine", f"{platform.system()} {platform.machine()}, JAX on {jax.default_backend()}"))
    return Table(("software", "version"), tuple(rows), folded="Versions")


def _range(column: Any) -> str:
    if column.low is None or column.high is None:
        return ""
    from evenvae.report.parts import shown

    return f"{shown(column.low, column)} to {shown(column.high, column)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
