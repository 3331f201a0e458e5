"""Section: what the model is, on what it was trained, and with which software."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import equinox as eqx
import jax
import numpy as np

from evenvae.fitted.privacy import guarantee
from evenvae.report.evidence import Evidence
from evenvae.report.parts import Section, Table, shown
from evenvae.tables import Column

PACKAGES = ("evenvae", "jax", "equinox", "optax", "numpy", "scikit-learn")


def section(evidence: Evidence) -> Section:
    """Tables of facts, settings, columns and versions."""
    lead = "Enough to train the same model again: same table, settings, seed and versions on the same kind of machine."
    parts = (facts(evidence), settings(evidence), columns(evidence), versions())
    return Section("card", "Model card", "Model card", lead, parts)


def facts(evidence: Evidence) -> Table:
    """Facts about the table, the training and the size of the model."""
    model = evidence.model
    record, plan = evidence.fitted.record, evidence.fitted.plan
    same = {
        True: "the table it was trained on",
        False: "not the table it was trained on",
        None: "not known to be the training table",
    }
    parameters = sum(
        np.size(leaf) for leaf in jax.tree.leaves(eqx.filter(evidence.fitted.members[0].network, eqx.is_inexact_array))
    )
    end = ", interrupted" if record.interrupted else ""
    members = len(evidence.fitted.members)
    rows = [
        ("trained on", f"{record.rows:,} rows, {record.held_out:,} of them held out for validation"),
        ("fingerprint of the training table", record.fingerprint or "not recorded"),
        ("looked at", f"{len(evidence.places):,} of {evidence.table_rows:,} rows: {same[evidence.trained_on_it]}"),
        ("fingerprint of the table looked at", evidence.fingerprint),
        ("model", f"{plan.model}, {parameters:,} parameters, {members} member(s)"),
        ("objective, prior", f"{_short(model.objective)}, {_short(model.prior)}"),
        ("balance", plan.balance),
        ("purpose", plan.purpose),
        ("differential privacy", guarantee(plan)),
        ("steps", f"{record.steps:,} of at most {plan.training.steps:,}{end}"),
        ("seed", str(record.seed)),
        ("seed of this report", str(evidence.seed)),
    ]  # fmt: skip
    return Table(("fact", "value"), tuple(rows), caption="A fingerprint is the SHA-256 of the encoded cells.")


def settings(evidence: Evidence) -> Table:
    """The options as they were given, and the settings that followed from them."""
    given = evidence.model.get_params(deep=False)
    made = evidence.fitted.plan.used()
    rows = []
    for name in sorted(set(given) | set(made)):
        asked = "–" if name not in given or given[name] is None else _short(given[name])
        rows.append((name, asked, _short(made[name]) if name in made else "–"))
    return Table(("setting", "as given", "as used"), tuple(rows), folded="All settings")


def columns(evidence: Evidence) -> Table:
    """All columns of the schema, those that are not modelled too, with the reason."""
    schema = evidence.fitted.schema
    rows = tuple(
        (c.name, c.likelihood or c.role, c.reason, f"{c.cardinality} levels" if c.discrete else _range(c))
        for c in schema.columns
    )
    return Table(
        ("column", "taken for", "because", "values"),
        rows,
        columns=tuple((c.name,) for c in schema.columns),
        kinds=tuple("levels" if c.discrete else "numbers" for c in schema.columns),
        folded="What each column is taken for",
    )


def versions() -> Table:
    """Versions of the software that made this report."""
    rows = [("Python", platform.python_version())]
    for package in PACKAGES:
        try:
            rows.append((package, version(package)))
        except PackageNotFoundError:
            continue
    rows.append(("machine", f"{platform.system()} {platform.machine()}, JAX on {jax.default_backend()}"))
    return Table(("software", "version"), tuple(rows), folded="Versions")


def _range(column: Column) -> str:
    if column.low is None or column.high is None:
        return ""
    return f"{shown(column.low, column)} to {shown(column.high, column)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
