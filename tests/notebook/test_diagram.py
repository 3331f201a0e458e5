"""The diagram of a model."""

import itertools
import re
import xml.etree.ElementTree as ElementTree

from evenvae.notebook import Box, diagram


def test_boxes_lie_beside_each_other_inside_the_picture():
    svg = re.search(r"<svg.*</svg>", diagram([Box("a", "one", "two"), Box("z", latent=True), Box("b")], "a to b"))[0]
    root = ElementTree.fromstring(svg)
    boxes = [(float(one.get("x")), float(one.get("width"))) for one in root if one.tag.endswith("rect")]
    assert len(boxes) == 3
    for (x, width), (after, _) in itertools.pairwise(boxes):
        assert x + width < after
    assert sum(boxes[-1]) < float(root.get("width"))
    assert root.get("aria-label") == "a to b"
    assert sum(one.tag.endswith("path") for one in root) == 2
