"""Section: the rows in latent space, by two principal components, coloured by any column."""

import numpy as np
from jaxtyping import Float, Int
from sklearn.decomposition import PCA

from evenvae.report.drawing import drawn
from evenvae.report.evidence import Evidence
from evenvae.report.parts import Choice, Figure, Section, apart, listed, percent
from evenvae.tables import Column
from evenvae.tables.shown import all_shown, shown

POINTS, CELLS, LEVELS = 2000, 50_000, 7
DAY = 86_400
PALETTE = ("#3f86d8", "#e08a3c", "#3f9e6b", "#b65fc2", "#cf5060", "#9a7b4f", "#4fb3bf", "#8a93a3")
NUMBERS = [[0, "#3b4cc0"], [0.25, "#5b8fd6"], [0.5, "#58b5a0"], [0.75, "#c9b13f"], [1, "#e0633c"]]


def section(evidence: Evidence) -> Section:
    """A map of the rows; rows with similar latents lie near each other."""
    rows, size = evidence.latent.shape
    most = int(min(rows, POINTS, max(200, CELLS // len(evidence.columns))))
    picked = np.sort(np.random.default_rng([evidence.seed, 4]).choice(rows, most, replace=False))
    flat, kept = flattened(evidence.latent)
    used = int((evidence.latent.std(axis=0) > 0.1).sum())
    lead = (
        f"A dot is a row, placed by the mean of its posterior; the two axes keep {percent(kept)} of the spread of "
        f"{size} latent coordinates, of which {used} are in use (their means vary by more than 0.1)."
    )
    notes = (f"{most:,} of {rows:,} rows are drawn (seed {evidence.seed}).",) if most < rows else ()
    return Section("latent", "Map", "Map of the rows", lead, (figure(evidence, flat[picked], picked),), notes)


def flattened(latent: Float[np.ndarray, "N latent"]) -> tuple[Float[np.ndarray, "N 2"], float]:
    """Two principal components of the latents, and the share of the variance that they keep."""
    if latent.shape[1] == 1:
        return np.column_stack([latent[:, 0], np.zeros(len(latent))]), 1.0
    fitted = PCA(2, random_state=0).fit(latent)
    share = float(np.nansum(fitted.explained_variance_ratio_))
    return fitted.transform(latent), share


def figure(evidence: Evidence, flat: Float[np.ndarray, "n 2"], picked: Int[np.ndarray, " n"]) -> Figure:
    """One scatter plot; the choice of a column changes the colours only.

    Args:
        evidence: the model's answers.
        flat: places of the dots.
        picked: their rows, as places in the evidence.
    """
    options = tuple(
        (column.name, colours(column, evidence.values[picked, d])) for d, column in enumerate(evidence.columns)
    )
    # the column that is reconstructed best shows the structure of the map best
    ratio = np.nan_to_num(evidence.evaluation["ratio"].to_numpy(float), nan=np.inf)
    chosen = int(ratio.argmin())
    data, layout = dots(flat, options[chosen][1])
    return Figure("latent", data, layout, height=480, choice=Choice("colour by", options, selected=chosen))


def dots(flat: Float[np.ndarray, "n 2"], first: dict) -> tuple[list[dict], dict]:
    """The traces and layout of dots in the colours that `colours` gives for a column."""
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": listed(flat[:, 0], 3),
        "y": listed(flat[:, 1], 3),
        "text": first["text"][0],
        "marker": {key.removeprefix("marker."): value[0] for key, value in first.items() if key != "text"}
        | {"size": 5, "opacity": 0.75},
        "hovertemplate": "%{text}",
    }
    titles = {
        f"{axis}axis": {"title": {"text": f"{word} component"}} for axis, word in (("x", "first"), ("y", "second"))
    }
    return drawn([trace], titles)


def colours(column: Column, values: Float[np.ndarray, " n"]) -> dict:
    """The changes by which the dots show a column: a colour scale for numbers, one colour for each frequent level."""
    texts = all_shown(values, column)
    place, low, high, scale, ticks, labels = _levels(column, values) if column.discrete else _numbers(column, values)
    bar = {"tickvals": ticks, "ticktext": labels}
    return {
        "text": [texts],
        "marker.color": [place],
        "marker.cmin": [low],
        "marker.cmax": [high],
        "marker.colorscale": [scale],
        "marker.showscale": [True],
        "marker.colorbar": [bar],
    }


def _numbers(column: Column, values: Float[np.ndarray, " n"]) -> tuple:
    known = values[np.isfinite(values)]
    low, high = (float(q) for q in np.quantile(known, [0.01, 0.99])) if known.size else (0.0, 1.0)
    if low == high:
        low, high = float(known.min()), float(known.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    ticks = np.linspace(low, high, 5)
    texts = all_shown(ticks, column)
    if column.is_datetime:
        # days since the first tick have fewer digits than seconds since 1970, and the same colours
        first = low
        values, ticks, low, high = ((part - first) / DAY for part in (values, ticks, low, high))
    return listed(values, 5), low, high, NUMBERS, listed(ticks, 6), texts


def _levels(column: Column, values: Float[np.ndarray, " n"]) -> tuple:
    codes = np.where(np.isfinite(values), values, -1).astype(int)
    levels, counts = np.unique(codes, return_counts=True)
    kept = list(levels[np.argsort(-counts, kind="stable")][:LEVELS])
    labels = apart([shown(float(code), column) if code >= 0 else "missing" for code in kept], 16)
    if len(levels) > LEVELS:
        labels.append(f"{len(levels) - LEVELS} others")
    number = len(labels)
    place = {code: position for position, code in enumerate(kept)}
    stops = [(position / number, PALETTE[i]) for i in range(number) for position in (i, i + 1)]
    scale = [list(stop) for stop in stops]
    return [place.get(code, number - 1) for code in codes], -0.5, number - 0.5, scale, list(range(number)), labels
