"""Section: the values that each column takes in real, reconstructed and sampled rows."""

import dataclasses
import math

import numpy as np
from jaxtyping import Float

from evenvae.report.drawing import drawn
from evenvae.report.evidence import Evidence
from evenvae.report.parts import (
    REAL,
    RECONSTRUCTED,
    SAMPLED,
    Figure,
    Gallery,
    Section,
    apart,
    kind_of,
    listed,
    percent,
)
from evenvae.tables import Column
from evenvae.tables.shown import shown

BINS, LEVELS = 32, 7


@dataclasses.dataclass(frozen=True)
class Marginal:
    """Shares of a column's values over bins or levels, which are the same for all sources.

    Attributes:
        real: shares of the real rows.
        reconstructed: shares of the reconstructed rows.
        sampled: shares of the drawn rows.
        labels: names of the levels.
        edges: of the bins of numbers; None for levels.
        logarithmic: whether the bins have equal widths on a logarithmic axis.
    """

    real: Float[np.ndarray, " B"]
    reconstructed: Float[np.ndarray, " B"]
    sampled: Float[np.ndarray, " B"]
    labels: tuple[str, ...] = ()
    edges: Float[np.ndarray, " B+1"] | None = None
    logarithmic: bool = False

    def distance(self, source: str) -> float:
        """Total variation distance to the real shares, in [0, 1]: the share of rows that would have to change."""
        return float(0.5 * np.abs(getattr(self, source) - self.real).sum())


def marginal(
    column: Column,
    real: Float[np.ndarray, " N"],
    reconstructed: Float[np.ndarray, " N"],
    sampled: Float[np.ndarray, " M"],
) -> Marginal:
    """Shares over levels, the rare ones pooled, or over bins that cover 99 % of the real values."""
    real, reconstructed, sampled = (part[np.isfinite(part)] for part in (real, reconstructed, sampled))
    if column.discrete:
        counts = [
            np.bincount(part.astype(int), minlength=column.cardinality) for part in (real, reconstructed, sampled)
        ]
        order = np.argsort(-counts[0], kind="stable")
        kept, rest = order[:LEVELS], order[LEVELS:]
        if column.ordered or all(isinstance(level, int | float) for level in column.levels):
            kept = np.sort(kept)
        labels = [shown(float(code), column) for code in kept]
        shares = [np.append(c[kept], c[rest].sum()) / max(c.sum(), 1) for c in counts]
        if rest.size:
            labels.append(f"{rest.size} other levels")
        else:
            shares = [share[:-1] for share in shares]
        return Marginal(*shares, labels=tuple(labels))
    edges, logarithmic = bin_edges(column, real)
    shares = []
    for part in (real, reconstructed, sampled):
        # values beyond the outer edges count in the outer bins
        inside = np.clip(part, edges[0], edges[-1])
        shares.append(np.histogram(inside, edges)[0] / max(part.size, 1))
    return Marginal(*shares, edges=edges, logarithmic=logarithmic)


def bin_edges(column: Column, real: Float[np.ndarray, " n"]) -> tuple[Float[np.ndarray, " edges"], bool]:
    """Edges of at most `BINS` bins, and whether they have equal widths on a logarithmic axis."""
    if not real.size:
        return np.array([0.0, 1.0]), False
    low, high = np.quantile(real, [0.005, 0.995])
    if low == high:
        low, high = real.min(), real.max()
    if low == high:
        return np.array([low - 0.5, low + 0.5]), False
    if column.decimals == 0:
        width = max(1, math.ceil((high - low + 1) / BINS))
        count = math.ceil((math.floor(high) - math.floor(low) + 1) / width)
        return math.floor(low) - 0.5 + width * np.arange(count + 1), False
    logarithmic = bool("lognormal" in str(column.likelihood) and low > 0 and high / low > 20)
    space = np.geomspace if logarithmic else np.linspace
    return space(low, high, BINS + 1), logarithmic


def section(evidence: Evidence) -> Section:
    """One figure for every column."""
    marginals = [
        marginal(column, evidence.values[:, d], evidence.reconstructed[:, d], evidence.sampled[:, d])
        for d, column in enumerate(evidence.columns)
    ]
    figures = tuple(
        figure(number, column, found)
        for number, (column, found) in enumerate(zip(evidence.columns, marginals, strict=True))
    )
    mean = float(np.mean([found.distance("sampled") for found in marginals]))
    lead = (
        f"{len(evidence.sampled):,} rows were drawn from the model. On average {percent(mean)} of a column's drawn "
        "values would have to change for its shares to be the real ones. Reconstructions are expected values: they "
        "vary less than real values wherever a column is not known exactly."
    )
    orders = (
        ("place", "as in the table"),
        ("sampled", "worst sampled first"),
        ("reconstructed", "worst reconstructed first"),
    )
    notes = ()
    if evidence.purpose != "sample":
        notes = ('A model trained with purpose="sample" draws more realistic rows. This model has another purpose.',)
    return Section("marginals", "Values", "Values of every column", lead, (Gallery(figures, orders),), notes)


def figure(number: int, column: Column, found: Marginal) -> Figure:
    """Bars for levels, step lines for numbers."""
    sources = (("real", REAL), ("reconstructed", RECONSTRUCTED), ("sampled", SAMPLED))
    shares = {"tickformat": "~%", "rangemode": "tozero", "nticks": 5}
    if found.edges is None:
        traces = [
            {"type": "bar", "name": name, "y": list(found.labels), "x": listed(getattr(found, name)),
             "orientation": "h", "marker": {"color": colour},
             "hovertemplate": "%{x:.1%}"}
            for name, colour in sources
        ]  # fmt: skip
        layout = {
            "bargap": 0.25,
            "xaxis": shares,
            "yaxis": {"type": "category", "ticktext": apart(found.labels, 15)},
        }
    else:
        places = datetime_texts(found.edges) if column.is_datetime else listed(found.edges, 6)
        kind = "date" if column.is_datetime else "log" if found.logarithmic else "linear"
        traces = [
            {"type": "scatter", "mode": "lines", "name": name, "x": places,
             "y": [*listed(getattr(found, name)), listed(getattr(found, name))[-1]],
             "line": {"shape": "hv", "color": colour, "width": 1 if name == "real" else 2},
             **({"fill": "tozeroy"} if name == "real" else {})}
            for name, colour in sources
        ]  # fmt: skip
        layout = {"xaxis": {"type": kind, "nticks": 6}, "yaxis": shares}
    data, layout = drawn(traces, layout)
    sampled, reconstructed = found.distance("sampled"), found.distance("reconstructed")
    return Figure(
        f"marginal-{number}",
        data,
        layout,
        height=210,
        title=column.name,
        caption=f"{column.likelihood} · distance: reconstructed {percent(reconstructed)}, sampled {percent(sampled)}",
        column=column.name,
        kind=kind_of(column),
        facts={"place": float(number), "sampled": -sampled, "reconstructed": -reconstructed},
    )


def datetime_texts(seconds: Float[np.ndarray, " n"]) -> list[str]:
    """Seconds since 1970 as texts in ISO 8601."""
    return [str(t) for t in (np.asarray(seconds) * 1e3).astype("int64").astype("datetime64[ms]")]
