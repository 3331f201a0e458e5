"""How a notebook shows the outcome of a search."""

import math

from evenvae import notebook
from evenvae.search.balances import PLAIN
from evenvae.search.report import column_costs
from evenvae.search.summary import Summary

NOTABLE = 1.05
"""From this ratio to plain's error on a column is said to pay."""


def summary_html(summary: Summary, refitted: bool) -> str:
    """All combinations, the best one first, with how they compare with the plain one; and the columns that pay."""
    rows = summary.table.to_dict("records")
    known = [row["median"] for row in rows if math.isfinite(row["median"])]
    largest = max(known, default=0.0)
    positive = min(known, default=0.0) >= 0 and largest > 0
    tested = summary.tested is not None
    header = ["combination", "median", "deviation", "runs", *(["on test rows"] if tested else [])]
    header += ["less than plain", "p", "worst column / plain", "nats beside plain"]
    lines = []
    for row in rows:
        share = row["median"] / largest if positive else None
        runs = f"{row['runs']}" + (f", {row['failed']} failed" if row["failed"] else "")
        cells = [row["balance"], notebook.Bar(row["median"], share, 4), _known(row["deviation"]), runs]
        cells += [_known(row["test_median"])] if tested else []
        cells += [_known(row.get("less_than_plain")), _p(row.get("p"))]
        cells += [_known(row.get(name)) for name in ("worst_regret", "nats")]
        lines.append(cells)
    place = next((place for place, row in enumerate(rows) if row["balance"] == summary.chosen), None)
    costs = column_costs(summary)
    paying = [row for row in costs.to_dict("records") if row["chosen"] > NOTABLE * row["plain"]]
    parts = [notebook.table(header, lines, strong=place)]
    if paying:
        said = ", ".join(f"{row['column']} {row['plain']:.3g} to {row['chosen']:.3g}" for row in paying)
        parts.append(notebook.note(f"Columns with a larger error, plain to chosen: {said}."))
    elif len(costs):
        parts.append(notebook.note(f"No column pays more than {NOTABLE - 1:.0%} beside the plain combination."))
    measured = f"{summary.figure}{f'; test: {summary.tested}' if tested else ''}; lower is better."
    p = f" p: corrected paired t-test against {PLAIN!r} over {len(summary.seeds)} seeds."
    parts.append(notebook.note(measured[:1].upper() + measured[1:] + p))
    sub = f"chosen: {summary.chosen}" + (", refitted on all rows" if refitted else "")
    return notebook.card(f"Search over {len(rows)} combinations", *parts, sub=sub)


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _p(value: float | None) -> str:
    known = _known(value)
    return "–" if known is None else "< 0.001" if known < 0.001 else f"{known:.3f}"
