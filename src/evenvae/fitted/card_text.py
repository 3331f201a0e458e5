"""The model card as text: lines for the screen, and Markdown with the front matter that model hubs read."""

import json

from evenvae.fitted.card import Card

LIBRARY = "evenvae"
TAGS = {
    "reconstruct": ("feature-extraction",),
    "impute": ("imputation", "missing-data"),
    "score": ("anomaly-detection", "density-estimation"),
    "sample": ("synthetic-data", "tabular-generation"),
}
"""Tags of a hub by purpose, beside those of every model."""


def trained_on(card: Card) -> str:
    """How many rows the model was trained on."""
    return f"{card.rows:,} rows, {card.held_out:,} of them held out for validation"


def steps_taken(card: Card) -> str:
    """How many steps the training took."""
    return f"{card.steps:,} of at most {card.most_steps:,}{', interrupted' if card.interrupted else ''}"


def facts_of(card: Card) -> list[tuple[str, str]]:
    """What is known of the training and the size of the model, as names and texts."""
    best = "not measured" if card.best is None else f"{card.best:.4g} ({card.metric}; lower is better)"
    members = f", {card.members} members" if card.members > 1 else ""
    facts = [
        ("trained on", trained_on(card)),
        ("fingerprint of the table", card.fingerprint or "not recorded"),
        ("network", f"{card.model}, {card.parameters:,} parameters{members}"),
        ("objective, prior", f"{card.objective}, {card.prior}"),
        ("balance", card.balance),
        ("purpose", card.purpose),
        ("steps", steps_taken(card)),
        ("validation metric", best),
        ("seed", str(card.seed)),
        ("trained with", ", ".join(f"{name} {one}" for name, one in card.versions.items()) or "not recorded"),
    ]
    if card.privacy != "none":
        facts.append(("differential privacy", card.privacy))
    if card.pilot:
        facts.append(("pilot", "a plain model of the same rows is kept beside it"))
    if card.refined:
        facts.append(("refined by trees", ", ".join(card.refined)))
    if card.matched:
        facts.append(("marginals", "matched to the table where rows are drawn"))
    if card.polish:
        facts.append(("polish", f"trees keep one of {card.polish:g} drawn rows"))
    return facts


def markdown(card: Card, title: str = "EvenVAE model", license: str | None = None) -> str:
    """A README.md for a model hub.

    Args:
        card: of the model.
        title: the heading.
        license: an identifier of SPDX, such as ``cc-by-4.0``; None leaves it to the owner of the data.
    """
    tags = ("tabular", "mixed-type-data", "variational-autoencoder", *TAGS[card.purpose])
    front = [f"library_name: {LIBRARY}", "tags:", *(f"- {tag}" for tag in tags)]
    if license is not None:
        front.insert(0, f"license: {json.dumps(license)}")
    modelled = sum(column.metric is not None for column in card.columns) or len(card.columns)
    lines = [
        "---",
        *front,
        "---",
        "",
        f"# {_text(title)}",
        "",
        f"A variational autoencoder of a table of {len(card.columns)} columns, {modelled} of them measured in "
        f'validation, trained with EvenVAE for the purpose "{card.purpose}".',
        "",
        *_table(("", ""), facts_of(card)),
        "",
        "## How to use it",
        "",
        "```python",
        "import evenvae",
        "",
        'model = evenvae.load("model.evenvae")',
        USES[card.purpose],
        "```",
        "",
        "## Columns",
        "",
        f"Metric: {card.metric}, on validation rows; lower is better.",
        "",
        *_table(
            ("column", "taken for", "values", "metric", "because"),
            [
                (c.column, c.taken_for, c.values, "" if c.metric is None else f"{c.metric:.3f}", c.because)
                for c in card.columns
            ],
        ),
        "",
        "## Settings",
        "",
        *_table(
            ("option", "value"),
            [(name, json.dumps(value)) for name, value in card.options.items() if value is not None],
        ),
        "",
        "## What the file tells of its table",
        "",
        "It holds no rows. It holds the names of the columns, the lowest and highest value of columns of numbers and "
        "those that many rows share, and all levels of the others.",
        "",
    ]
    return "\n".join(lines)


USES = {
    "reconstruct": "latent = model.transform(table)",
    "impute": "filled = model.impute(table)",
    "score": "scores = model.score_samples(table)",
    "sample": "rows = model.sample(1000)",
}
"""What a model is for, as a line of Python."""


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    line = lambda cells: f"| {' | '.join(map(_text, cells))} |"
    return [line(header), "|" + " --- |" * len(header), *map(line, rows)]


def _text(text: str) -> str:
    """Text that Markdown and HTML show letter by letter, in one line."""
    text = " ".join(str(text).split())
    for sign, instead in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), *((s, f"\\{s}") for s in "\\`*_[]|#")):
        text = text.replace(sign, instead)
    return text
