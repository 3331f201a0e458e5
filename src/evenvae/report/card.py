"""Section: what the model is, on what it was trained, and with which software."""

import platform
from typing import Any

import jax

from evenvae.fitted.card import Card, card, versions
from evenvae.fitted.card_text import steps_taken, trained_on
from evenvae.report.evidence import Evidence
from evenvae.report.parts import Section, Table


def section(evidence: Evidence) -> Section:
    """Tables of facts, settings, columns and versions."""
    lead = "Enough to train the same model again: same table, settings, seed and versions on the same kind of machine."
    found = card(evidence.fitted, evidence.model.get_params(deep=False))
    parts = (facts(evidence, found), settings(evidence), columns(evidence, found), software())
    return Section("card", "Model card", "Model card", lead, parts)


def facts(evidence: Evidence, found: Card) -> Table:
    """Facts about the table, the training and the size of the model."""
    same = {
        True: "the table it was trained on",
        False: "not the table it was trained on",
        None: "not known to be the training table",
    }
    model = evidence.model
    rows = [
        ("trained on", trained_on(found)),
        ("fingerprint of the training table", found.fingerprint or "not recorded"),
        ("looked at", f"{len(evidence.places):,} of {evidence.table_rows:,} rows: {same[evidence.trained_on_it]}"),
        ("fingerprint of the table looked at", evidence.fingerprint),
        ("model", f"{found.model}, {found.parameters:,} parameters, {found.members} member(s)"),
        ("objective, prior", f"{_short(model.objective)}, {_short(model.prior)}"),
        ("balance", found.balance),
        ("purpose", found.purpose),
        ("differential privacy", found.privacy),
        ("steps", steps_taken(found)),
        ("seed", str(found.seed)),
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


def columns(evidence: Evidence, found: Card) -> Table:
    """All columns of the schema, those that are not modelled too, with the reason."""
    schema = evidence.fitted.schema
    return Table(
        ("column", "taken for", "because", "values"),
        tuple((c.column, c.taken_for, c.because, c.values) for c in found.columns),
        columns=tuple((c.name,) for c in schema.columns),
        kinds=tuple("levels" if c.discrete else "numbers" for c in schema.columns),
        folded="What each column is taken for",
    )


def software() -> Table:
    """Versions of the software that made this report."""
    rows = list(versions().items())
    rows.append(("machine", f"{platform.system()} {platform.machine()}, JAX on {jax.default_backend()}"))
    return Table(("software", "version"), tuple(rows), folded="Versions")


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
