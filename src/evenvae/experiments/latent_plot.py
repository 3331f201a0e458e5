"""A plot of a latent space in two dimensions, coloured by task and by class."""

from pathlib import Path

import numpy as np
from jaxtyping import Float, Shaped
from sklearn.decomposition import PCA

MOST_NAMED = 12
"""Groups that a legend has space for."""


def draw(
    latent: Float[np.ndarray, "N latent"], tasks: Shaped[np.ndarray, " N"], labels: Shaped[np.ndarray, " N"], path: Path
) -> None:
    """Write a plot of the first two principal components to ``path``; nothing where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    places = PCA(2, random_state=0).fit_transform(latent) if latent.shape[1] > 1 else np.repeat(latent, 2, axis=1)
    figure = Figure(figsize=(10, 5), layout="constrained")
    for number, (title, groups) in enumerate((("task", tasks), ("class", labels)), start=1):
        axes = figure.add_subplot(1, 2, number)
        for group in np.unique(groups):
            own = groups == group
            axes.scatter(*places[own].T, s=4, alpha=0.5, label=str(group))
        axes.set_title(f"by {title}")
        axes.set_xticks([])
        axes.set_yticks([])
        if len(np.unique(groups)) <= MOST_NAMED:
            axes.legend(markerscale=3, fontsize="small")
    figure.savefig(path, dpi=120)
