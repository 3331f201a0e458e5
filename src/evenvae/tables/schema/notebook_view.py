"""How a notebook shows a schema."""

from collections.abc import Sequence

from evenvae import notebook
from evenvae.tables.schema.column import Column
from evenvae.tables.shown import values_of


def schema_html(columns: Sequence[Column], library: str) -> str:
    """The columns with what they are taken for, their values, the reason, and what the owner should know."""
    modelled = sum(column.role == "feature" for column in columns)
    said = ["; ".join(text for text in (column.note, column.doubt) if text) for column in columns]
    header = ["column", "taken for", "values", "because", *(["note"] if any(said) else [])]
    rows = [
        [
            column.name,
            column.likelihood or column.role,
            values_of(column),
            notebook.Cell(column.reason),
            *([notebook.Cell(note)] if any(said) else []),
        ]
        for column, note in zip(columns, said, strict=True)
    ]
    return notebook.card(
        "Schema",
        notebook.table(header, rows),
        notebook.note("To change it: EvenVAE(schema={column: likelihood}), or to_toml, an editor, and from_toml."),
        sub=f"{len(columns)} columns of a {library} table, {modelled} of them modelled",
    )
