"""The map of the rows."""

import dataclasses

import numpy as np

from evenvae.report import latent
from report_support import figures


def test_map_recolours_by_any_column(sections, evidence):
    (drawn,) = figures(sections["latent"]).values()
    assert [name for name, _ in drawn.choice.options] == evidence.names
    points = len(drawn.data[0]["x"])
    assert points == len(evidence.latent)
    for _, patch in drawn.choice.options:
        assert len(patch["marker.color"][0]) == len(patch["text"][0]) == points
    city = dict(drawn.choice.options)["city </script>"]
    assert city["marker.colorbar"][0]["ticktext"][-1] == "5 others"


def test_map_of_numbers_with_missing_cells(evidence):
    flat = np.zeros((len(evidence.latent), 2))
    best = evidence.evaluation.copy()
    best["ratio"] = np.where(best["column"] == "income", 0.0, 1.0)
    drawn = latent.figure(dataclasses.replace(evidence, evaluation=best), flat, np.arange(len(flat)))
    assert None in drawn.data[0]["marker"]["color"]
