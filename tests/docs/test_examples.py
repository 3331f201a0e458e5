"""The Python blocks of README and docs run on a small made-up table, and the commands that the pages show exist.

Blocks marked ``python`` are run; those of other libraries are marked ``py``.
"""

import functools
import itertools
import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import typer

import evenvae
from evenvae.cli import main  # noqa: F401  (registers the commands)
from evenvae.cli.app import app
from evenvae.objectives import OBJECTIVES
from evenvae.options.options import MODELS
from evenvae.options.presets import PRESETS
from evenvae.priors import PRIORS
from support import QUICK, people

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[str]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def commands(page: Path) -> list[str]:
    """Lines of indented code that call ``evenvae``, and calls in running text that name a command."""
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r"^(?: {4}|\t)(evenvae .*)$", text, re.MULTILINE)
    return shown + [call for call in re.findall(r"`(evenvae [^`\n]+)`", text) if "..." not in call and "…" not in call]


def taken_for_granted() -> dict:
    """The names that the pages use without defining them."""
    rng = np.random.default_rng(0)
    table = people(160).assign(site=rng.choice(["Aachen", "Bonn"], 160), code=rng.integers(0, 3, 160))
    table["start"] = table["since"]
    table["end"] = table["since"]
    images = rng.integers(0, 256, (40, 8, 8), dtype=np.uint8)
    numbers = rng.normal(size=40)
    layer = {"w": jnp.asarray(rng.normal(size=(3, 4)), jnp.float32)}
    params = (layer, evenvae.balancing.LinearParameters(jnp.ones((4, 5)) / 4, jnp.zeros(5)))
    batch = jnp.asarray(rng.normal(size=(16, 3)), jnp.float32)
    squares = lambda outputs, _: jnp.stack(
        [(outputs[:, d] ** 2).mean() for d in (0, 1)] + [(outputs[:, 2:] ** 2).mean()]
    )
    return {
        "evenvae": evenvae, "table": table, "key": jax.random.key(0),
        # images, and a table with a column of them
        "images": images, "prices": numbers, "towns": np.array(["Aachen", "Bonn"] * 20),
        "unknown": np.full(40, np.nan), "other": None,
        # a model of the reader's own
        "trunk": lambda own, rows: jnp.tanh(rows @ own["w"]), "losses": squares, "params": params, "batch": batch,
        "task_losses": jnp.ones(3),
        "trunk_params": params[0], "head_params": params[1], "rows": jnp.asarray(rng.normal(size=(3, 10)), jnp.float32),
    }  # fmt: skip


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """Hardly any training, in a folder with the table that the pages use."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(PRESETS, "default", QUICK)
    names = taken_for_granted()
    names["table"].to_csv("people.csv", index=False)
    return names


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name)
def test_every_python_block_runs(page, quick):
    names = quick
    for number, block in enumerate(blocks(page), start=1):
        if "tracking." in block and find_spec("tensorboard") is None:
            continue
        if "other" in block and "other" in names and names["other"] is None:
            names["other"] = names.get("model")
        try:
            exec(compile(block, f"{page.name}, block {number}", "exec"), names)
        except Exception as error:
            raise AssertionError(f"{page.name}, block {number}:\n{block}") from error


@functools.cache
def root():
    return typer.main.get_command(app)


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_every_command_shown_exists(page):
    for line in commands(page):
        words = shlex.split(line.partition(" #")[0])[1:]
        if words[0].startswith("-"):
            assert words[0] in ("--debug", "--version", "--install-completion", "--show-completion"), line
            continue
        command = root().commands.get(words[0])
        assert command is not None, f"{page.name}: {line}"
        bare = len(words) == 1
        try:
            command.make_context(words[0], words[1:], resilient_parsing=bare).close()
        except typer.TyperException as error:
            raise AssertionError(f"{page.name}: {line}: {error.format_message()}") from error


def test_every_option_shown_exists():
    known = set()
    for model, objective, prior in itertools.product(MODELS, OBJECTIVES, PRIORS):
        options = evenvae.EvenVAE(model=model, objective=objective, prior=prior).get_params()
        known |= {name.replace("__", ".") for name in options}
    for page in PAGES:
        shown = re.findall(r"--set ([\w.]+)=", page.read_text(encoding="utf-8"))
        assert set(shown) - {"name"} <= known, f"{page.name}: {set(shown) - known}"


def test_contributing_describes_every_room():
    rows = re.findall(r"^\| (`.*?`) \|", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE)
    described = {name.rstrip("/") for row in rows for name in re.findall(r"`([\w./]+)`", row)}
    sources = Path(evenvae.__file__).parent
    rooms = {path.name for path in sources.iterdir() if path.is_dir() or path.suffix == ".py"}
    # modules that hold no code of their own: the package's names, the command by `python -m`, former names
    aliases = {"__init__.py", "__main__.py", "__pycache__", "cocktail.py", "pictures.py"}
    assert described == rooms - aliases
