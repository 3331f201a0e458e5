"""The README stays short, and its links lead to files and headings of the repository."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINKS = sorted(set(re.findall(r"\]\(([^)\s]+)\)", README)))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as Python-Markdown and GitHub name them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_it_can_be_read_in_a_few_minutes():
    assert len(README.splitlines()) <= 120
    [block] = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert len([line for line in block.splitlines() if line.strip()]) <= 10


@pytest.mark.parametrize("link", LINKS)
def test_links_lead_somewhere(link):
    file, _, anchor = link.partition("#")
    assert (ROOT / file).exists(), f"README.md links to {link}, and there is no such file"
    if anchor:
        assert anchor in anchors(ROOT / file), f"README.md links to {link}, and there is no such heading"
