"""What figures may say."""

import pytest

from evenvae.report.drawing import drawn

BAR = {"type": "bar", "x": [1], "y": ["a"], "marker": {"color": "#8a93a3"}}


def test_known_figures_stay_as_they_are():
    assert drawn([BAR], {"bargap": 0.3}) == ([BAR], {"bargap": 0.3})


@pytest.mark.parametrize(
    ("trace", "layout", "words"),
    [
        ({"type": "pie"}, {}, "'pie' is not drawn; there are bar, scatter, heatmap"),
        ({**BAR, "hole": 0.4}, {}, "bar.hole is not drawn"),
        ({**BAR, "marker": {"pattern": "/"}}, {}, "bar.marker.pattern is not drawn"),
        ({**BAR, "orientation": "v"}, {}, "bar.orientation='v' is not drawn; it may be h"),
        (BAR, {"xaxis": {"type": "polar"}}, "layout.xaxis.type='polar'"),
        (BAR, {"barmode": "stack"}, "layout.barmode is not drawn"),
    ],
)
def test_what_would_not_be_drawn_is_refused(trace, layout, words):
    with pytest.raises(ValueError, match=words):
        drawn([trace], layout)
