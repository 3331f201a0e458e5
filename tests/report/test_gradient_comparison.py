"""The section on the columns' gradients."""

import numpy as np

from evenvae.report import gradient_comparison
from report_support import figures


def test_gradients_before_and_after_balancing(sections, evidence):
    end, start = evidence.comparisons
    assert (end.moment, start.moment) == ("end of training", "start of training")
    np.testing.assert_allclose(np.diagonal(end.cosines), 1, atol=1e-6)
    # the balanced step serves the columns more evenly than the plain sum, which serves those with large gradients
    assert np.ptp(end.balanced) < np.ptp(end.plain)
    drawn = figures(sections["gradients"])
    assert set(drawn) == {
        "gradient-norms", "gradient-steps", "gradient-history", "gradient-conflicts", "gradient-cosines"
    }  # fmt: skip
    assert len(drawn["gradient-steps"].data) == 2
    other = evidence.other_comparisons[0]
    np.testing.assert_allclose(other.plain, other.balanced)


def test_gradients_over_training_are_those_of_the_history(sections, evidence):
    drawn = figures(sections["gradients"])
    history, figure = evidence.model.history_, drawn["gradient-history"]
    largest = int(np.argmax(evidence.comparisons[0].norms))
    assert figure.choice.selected == largest
    assert [trace.get("name") for trace in figure.data[1:]] == [
        f"{evidence.names[largest]}, before balancing", f"{evidence.names[largest]}, after power-norm[gamma=0.5]"
    ]  # fmt: skip
    for column, (name, patch) in enumerate(figure.choice.options):
        assert name == evidence.names[column]
        norms = np.array([record["gradient_norms"][0][column] for record in history])
        weights = np.array([record["gradient_weights"][0][column] for record in history])
        np.testing.assert_allclose(patch["y"][0], norms, rtol=1e-3)
        np.testing.assert_allclose(patch["y"][1], norms * np.abs(weights), rtol=1e-3)
    shown = {trace["name"]: trace["y"] for trace in drawn["gradient-conflicts"].data}
    np.testing.assert_allclose(shown["pairs in conflict"], [r["gradient_conflicts"][0] for r in history], rtol=1e-3)


def test_a_history_without_gradients_has_no_curves_of_them(evidence, monkeypatch):
    bare = [{k: v for k, v in r.items() if not k.startswith("gradient")} for r in evidence.model.history_]
    monkeypatch.setattr(evidence.model, "history_", bare)
    section = gradient_comparison.section(evidence)
    assert set(figures(section)) == {"gradient-norms", "gradient-steps", "gradient-cosines"}
    assert any("not recorded" in note for note in section.notes)
