"""What the files around the package say agrees: versions of Python, targets of make, extras that sentences name."""

import re
import tomllib
from pathlib import Path

import evenvae

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_page_names_the_same_versions_of_python():
    versions = [
        found
        for c in PROJECT["classifiers"]
        if (found := c.removeprefix("Programming Language :: Python :: 3.")).isdigit()
    ]
    first, last = min(map(int, versions)), max(map(int, versions))
    assert len(versions) == last - first + 1
    assert PROJECT["requires-python"] == f">=3.{first},<3.{last + 1}"
    assert f"(3, {first}) <= sys.version_info[:2] <= (3, {last})" in text_of("Makefile")
    assert f"Python 3.{first} to 3.{last}" in text_of("README.md")
    assert re.findall(r'"3\.(\d+)"', text_of(".github/workflows/tests.yml").split("include:")[0]) == versions
    used = re.findall(r"python:3\.(\d+)-slim", text_of("Dockerfile"))
    assert used
    assert set(used) <= set(versions)


def test_every_target_of_make_that_is_named_exists():
    known = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    pages = [
        "README.md",
        "CONTRIBUTING.md",
        ".ci/run",
        ".github/pull_request_template.md",
        *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")),
    ]
    for page in pages:
        # commands are indented, in backticks, or lines of a script
        calls = re.findall(r"(?:^ {4}|`)make ([a-z-]+)", text_of(page), re.MULTILINE)
        calls += re.findall(r"^make (.+)$", text_of(page), re.MULTILINE) if page.startswith(".ci") else []
        named = {target for call in calls for target in call.split()}
        assert named <= known, f"{page}: {named - known}"
    assert set(re.findall(r"target: \[?([a-z-]+)", text_of(".github/workflows/tests.yml"))) <= known


def test_every_extra_that_is_named_exists():
    extras = PROJECT["optional-dependencies"].keys()
    pages = [
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *Path(evenvae.__file__).parent.rglob("*.py"),
    ]
    found = set()
    for page in pages:
        for named in re.findall(r"(?:evenvae|\.)\[([a-z,]+)\]'", page.read_text(encoding="utf-8")):
            found |= set(named.split(","))
            assert set(named.split(",")) <= extras, f"{page}: {named}"
    assert {"trees", "report", "pictures", "demo", "ray", "tensorboard", "mlflow"} <= found
