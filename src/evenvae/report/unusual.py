"""Section: the rows that are least likely under the model, and the columns that make them unlikely."""

import numpy as np
from jaxtyping import Bool, Float

from evenvae.fitted.scoring import SAMPLES
from evenvae.report.drawing import drawn
from evenvae.report.evidence import Evidence
from evenvae.report.parts import REAL, SAMPLED, Figure, Section, Table, listed, number
from evenvae.tables.shown import shown

ROWS, REASONS = 15, 3


def deficits(columns: Float[np.ndarray, "N D"], observed: Bool[np.ndarray, "N D"]) -> Float[np.ndarray, "N D"]:
    """How many nats the log-likelihood of a cell lies below its column's median; nan for missing cells.

    Args:
        columns: the cells' expected log-likelihoods given their rows.
        observed: which cells are observed.
    """
    seen = np.where(observed, columns, np.nan)
    median = np.array([np.nanmedian(c) if np.isfinite(c).any() else np.nan for c in seen.T])
    return median - seen


def section(evidence: Evidence) -> Section:
    """A histogram of the scores; the rows with the lowest scores and the reasons."""
    total = evidence.scores["total"]
    lead = (
        f"The score of a row is its log-likelihood in nats, with missing cells integrated out. Half of the rows have a "
        f"score above {number(float(np.median(total)), 1)}. The rows with the lowest scores are listed with the cells "
        "whose log-likelihood lies furthest below that of other cells of the column."
    )
    notes = [
        f"By importance sampling with {SAMPLES} draws for every row. Rows are counted from 0. A low score is a reason "
        "to look at a row, not proof of an error."
    ]
    if len(total) < evidence.table_rows:
        notes.append(f"These are the lowest of {len(total):,} of {evidence.table_rows:,} rows.")
    return Section("unusual", "Unusual rows", "Unusual rows", lead, (histogram(total), lowest(evidence)), tuple(notes))


def histogram(total: Float[np.ndarray, " N"]) -> Figure:
    """Scores over 50 bins, without the lowest 0.1 %; the bins of the listed rows have another colour."""
    low, high = np.quantile(total, [0.001, 1])
    edges = np.linspace(low, high if high > low else low + 1, 51)
    counts = np.histogram(np.clip(total, edges[0], edges[-1]), edges)[0]
    limit = np.sort(total)[min(ROWS, len(total)) - 1]
    middles = (edges[1:] + edges[:-1]) / 2
    colours = [SAMPLED if edge <= limit else REAL for edge in edges[:-1]]
    trace = {"type": "bar", "x": listed(middles, 5), "y": counts.tolist(), "marker": {"color": colours},
             "hovertemplate": "about %{x} nats: %{y} rows"}  # fmt: skip
    data, layout = drawn(
        [trace],
        {
            "bargap": 0.02,
            "xaxis": {"title": {"text": "log-likelihood of a row, nats"}},
            "yaxis": {"title": {"text": "rows"}},
        },
    )
    return Figure("scores", data, layout, height=240)


def lowest(evidence: Evidence) -> Table:
    """The least likely rows, each with the columns whose cells lie furthest below the column's median."""
    total = evidence.scores["total"]
    missing = deficits(evidence.scores["columns"], evidence.observed)
    rows, involved = [], []
    for n in np.argsort(total, kind="stable")[:ROWS]:
        worst = [d for d in np.argsort(-np.nan_to_num(missing[n], nan=-np.inf))[:REASONS] if missing[n, d] > 0]
        reasons = [
            f"{evidence.names[d]} = {shown(evidence.values[n, d], evidence.columns[d])[:40]} (−{missing[n, d]:.1f})"
            for d in worst
        ]
        rows.append((str(evidence.places[n]), number(float(total[n]), 1), ", ".join(reasons) or "no single column"))
        involved.append(tuple(evidence.names[d] for d in worst))
    caption = "Least likely rows; in brackets the nats that a cell lies below its column's median"
    return Table(("row", "score", "what makes it so"), tuple(rows), caption=caption, columns=tuple(involved))
