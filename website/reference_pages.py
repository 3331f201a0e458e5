"""Pages of the reference: what is public, read from the sources, and where it is documented.

Nothing is written twice: names come from the ``__all__`` of every room, methods from their registries, and texts from
docstrings. No file of the library is run for it.
"""

import ast
import functools
import re
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parents[1] / "src"
HAND_WRITTEN = Path(__file__).parents[1] / "docs" / "reference"
MORE = {
    "search": ["evenvae.search.executor.Executor"],
    "report": ["evenvae.report.gradients.GradientComparison"],
    "plots": ["evenvae.plots.accessor.Pictures"],
    "metrics": [
        "evenvae.metrics.privacy.mixed_distance.MixedDistance",
        "evenvae.metrics.privacy.closest.ClosestRecords",
        "evenvae.metrics.privacy.closest.closest_records",
        "evenvae.metrics.privacy.closest.nearer_share",
        "evenvae.metrics.privacy.closest.copied_share",
        "evenvae.metrics.privacy.membership.Attack",
        "evenvae.metrics.privacy.membership.attack",
        "evenvae.metrics.privacy.disclosure.Disclosure",
        "evenvae.metrics.privacy.disclosure.disclosure",
    ],
}
"""What a room's page shows besides the names of its ``__all__``."""
WHEN, COST, FORMULA = "Use it when", "Cost", "Formula"
"""Sections of the docstring of a method."""
ALL = {
    "balancing": "All balancers",
    "likelihoods": "All likelihoods",
    "objectives": "All objectives",
    "priors": "All priors",
}
"""The link from the page of a method to that of its room."""
REPEATED = (
    "members: false, inherited_members: false, show_root_heading: false, show_root_toc_entry: false, "
    "skip_local_inventory: true"
)
"""How what another page documents is shown once more, without an anchor."""


class Method(NamedTuple):
    """A method that is chosen by name, with a page of its own.

    Attributes:
        room: to which it belongs.
        name: by which it is chosen, and its page is called.
        homes: what the page documents, in this order: what the user calls, then what does the work.
        group: the heading in the room's table; empty for a room with one table.
    """

    room: str
    name: str
    homes: tuple[str, ...]
    group: str = ""

    @property
    def page(self) -> str:
        """Where the page is, from the folder of the documents."""
        return f"reference/{self.room}/{self.name}.md"


# what is public


@functools.cache
def tree_of(module: str) -> ast.Module:
    """The syntax tree of a module by its dotted name."""
    path = SOURCE.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def assigned(module: str, name: str) -> ast.expr:
    """What a module assigns to a name at its top."""
    for node in tree_of(module).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            assert node.value is not None
            return node.value
    raise KeyError(f"{module} assigns nothing to {name}")


@functools.cache
def imported(module: str) -> dict[str, str]:
    """The names that a module imports, with their full names; those of ``_HOMES``, which it imports later, too."""
    found = {}
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("evenvae"):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    try:
        homes = ast.literal_eval(assigned(module, "_HOMES"))
    except KeyError:
        return found
    for name, home in homes.items():
        found[name] = f"{home if home.startswith('evenvae.') else f'{module}.{home}'}.{name}"
    return found


@functools.cache
def home_of(module: str, name: str) -> str:
    """The full name of what a module calls ``name``, where it is defined."""
    other = imported(module).get(name)
    if other is None:
        return f"{module}.{name}"
    parent, _, own = other.rpartition(".")
    path = SOURCE.joinpath(*parent.split("."))
    # a package may pass on what one of its modules defines
    return home_of(parent, own) if path.is_dir() and parent != module else other


def rooms() -> tuple[str, ...]:
    """The rooms that `evenvae` shows."""
    return ast.literal_eval(assigned("evenvae", "_ROOMS"))


@functools.cache
def public(room: str = "") -> dict[str, str]:
    """The public names of a room, with their full names; those of `evenvae` itself if no room is given."""
    module = f"evenvae.{room}" if room else "evenvae"
    if not room:
        names = list(ast.literal_eval(assigned(module, "_HOMES")))
    else:
        shown = assigned(module, "__all__")
        # `list(_HOMES)` is the one other way in which a room says what it shows
        names = ast.literal_eval(shown if isinstance(shown, ast.List) else assigned(module, "_HOMES"))
    return {name: home_of(module, name) for name in names}


# docstrings


@functools.cache
def docstring(home: str) -> str:
    """The docstring of a module, class, function or constant by its full name; empty where there is none."""
    if SOURCE.joinpath(*home.split(".")).is_dir() or SOURCE.joinpath(*home.split(".")).with_suffix(".py").exists():
        return ast.get_docstring(tree_of(home)) or ""
    module, _, name = home.rpartition(".")
    body = tree_of(module).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return ast.get_docstring(node) or ""
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            text = following.value if isinstance(following, ast.Expr) else None
            return str(text.value) if isinstance(text, ast.Constant) and isinstance(text.value, str) else ""
    raise KeyError(f"there is no {home}")


def summary(home: str) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join(docstring(home).partition("\n\n")[0].split())


def section(text: str, title: str) -> str:
    """What a docstring says under a title, on one line; empty where it has no such section."""
    match = re.search(rf"^{title}:\n((?:    .*\n?|\n)+)", text, re.MULTILINE)
    return " ".join(match[1].split()) if match else ""


# methods, which have pages of their own


def _classes(module: str, *bases: str) -> list[str]:
    """The public classes of a module that derive from one of these, or from each other."""
    known, found = set(bases), []
    for node in tree_of(module).body:
        if isinstance(node, ast.ClassDef) and known & {ast.unparse(base) for base in node.bases}:
            known.add(node.name)
            if not node.name.startswith("_"):
                found.append(f"{module}.{node.name}")
    return found


def _named(module: str, name: str) -> dict[str, str]:
    """A registry from names to functions or classes: the full names of these."""
    registry = assigned(module, name)
    assert isinstance(registry, ast.Dict)
    found = {}
    for key, value in zip(registry.keys, registry.values, strict=True):
        assert isinstance(key, ast.Constant)
        if isinstance(value, ast.Name):
            found[key.value] = home_of(module, value.id)
        elif isinstance(value, ast.Constant):
            found[key.value] = value.value.replace(":", ".")
    return found


def _balancers() -> list[Method]:
    found = []
    for name, home in _named("evenvae.balancing.names", "METHODS").items():
        module = home.rpartition(".")[0]
        found.append(Method("balancing", name, (home, *_classes(module, "Balancer", "Elementwise"))))
    return found


def _likelihoods() -> list[Method]:
    registry = "evenvae.likelihoods.registry"
    found = []
    for name, home in _named(registry, "FAMILIES").items():
        # what spiked and zero-inflated families share is said in the class that they derive from
        shared = {
            "spiked": "evenvae.likelihoods.spiked.Spiked",
            "zero-in": "evenvae.likelihoods.zeroinflated.ZeroInflated",
        }
        more = tuple(base for start, base in shared.items() if name.startswith(start))
        found.append(Method("likelihoods", name, (home, *more), "Numbers and levels"))
    for name, home in _named(registry, "PIXEL_FAMILIES").items():
        found.append(Method("likelihoods", f"{name}-pixels", (home,), "Images"))
    inner = {
        "histogram": "evenvae.likelihoods.histogram.Histogram",
        "detailed": "evenvae.likelihoods.detailed.Detailed",
    }
    return found + [Method("likelihoods", name, (home,), "Set by the purpose") for name, home in inner.items()]


def _objectives() -> list[Method]:
    named = _named("evenvae.objectives", "OBJECTIVES")
    return [Method("objectives", name, (home,)) for name, home in named.items() if name != "beta"]


def _priors() -> list[Method]:
    found = []
    for name, home in _named("evenvae.priors", "PRIORS").items():
        module = home.rpartition(".")[0]
        found.append(Method("priors", name, (home, *_classes(module, "Prior")), "To choose"))
    inner = {"fitted": ("evenvae.priors.fitted.FittedMixture",),
             "mixture": ("evenvae.priors.mixture.Mixture", "evenvae.priors.mixture.MixturePrior")}  # fmt: skip
    return found + [Method("priors", name, homes, "Set by other options") for name, homes in inner.items()]


@functools.cache
def methods() -> tuple[Method, ...]:
    """All methods that have a page."""
    return (*_balancers(), *_likelihoods(), *_objectives(), *_priors())


# pages


@functools.cache
def hand_written() -> dict[str, str]:
    """What the hand-written pages of the reference document: full names, and the page of each."""
    found = {}
    for page in sorted(HAND_WRITTEN.glob("*.md")):
        for home in re.findall(r"^::: (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE):
            found[home] = f"reference/{page.name}"
    return found


@functools.cache
def documented() -> dict[str, str]:
    """Every full name that a page documents by itself, and that page; each name once."""
    found: dict[str, str] = {}
    for method in methods():
        for home in method.homes:
            # `equal-norm` has the class of `power-norm`, which comes after it and owns it
            if home not in found or (home == method.homes[-1] and method.name.startswith("power")):
                found[home] = method.page
    return found | hand_written()


def place_of(room: str) -> str:
    """Where the page of a room is: at the top of the folder of its methods, where it has any."""
    inner = any(method.room == room for method in methods())
    return f"reference/{room}/index.md" if inner else f"reference/{room}.md"


def page_of(home: str, room: str = "") -> str:
    """The page that documents a name: one of its own, a hand-written one, or that of a room.

    The room is that of the name if none is given.
    """
    module, room = home.rpartition(".")[0], room or home.split(".")[1]
    return documented().get(home) or hand_written().get(module) or place_of(room)


def method_page(method: Method) -> str:
    """The page of a method."""
    lines = [f"# {method.name}", f"[{ALL[method.room]}](index.md)"]
    for home in method.homes:
        if documented()[home] == method.page:
            lines.append(f"::: {home}\n    options: {{members: false, inherited_members: false}}")
        else:
            # a base class of several methods has its heading and anchor on one of their pages, and its text on all
            lines.append(f"## {home.rpartition('.')[2]}\n\n::: {home}\n    options: {{{REPEATED}}}")
    return "\n\n".join(lines) + "\n"


def table_of(room: str) -> str:
    """The methods of a room in tables: what each is, when to use it, and what it costs."""
    parts = []
    own = [method for method in methods() if method.room == room]
    for group in dict.fromkeys(method.group for method in own):
        rows = ["| | | use it when | cost |", "| --- | --- | --- | --- |"]
        for method in own:
            if method.group == group:
                texts = [docstring(home) for home in method.homes]
                told = [next(filter(None, (section(text, title) for text in texts)), "") for title in (WHEN, COST)]
                first = summary(method.homes[0]).replace("|", "\\|")
                cells = [f"[`{method.name}`]({method.name}.md)", first, *(cell.replace("|", "\\|") for cell in told)]
                rows.append(f"| {' | '.join(cells)} |")
        parts += [f"## {group}" if group else "", "\n".join(rows)]
    return "\n\n".join(part for part in parts if part)


def room_page(room: str) -> str:
    """The page of a room: its methods, then every other public name."""
    names = public(room)
    here = [name for name, home in names.items() if page_of(home, room) == place_of(room)]
    elsewhere = {name: page_of(home, room) for name, home in names.items() if name not in here}
    up = "../" * (place_of(room).count("/") - 1)
    lines = [f"# evenvae.{room}", docstring(f"evenvae.{room}")]
    if any(method.room == room for method in methods()):
        lines.append(table_of(room))
    others = {name: page for name, page in elsewhere.items() if not page.startswith(f"reference/{room}/")}
    if others:
        links = [f"[`{name}`]({up}{page.removeprefix('reference/')})" for name, page in others.items()]
        lines.append(f"On other pages: {', '.join(links)}.")
    for name in sorted(here, key=str.lower):
        home = names[name]
        options = [f"heading: {name}, toc_label: {name}"] if name != home.rpartition(".")[2] else []
        lines.append(f"::: {home}" + "".join(f"\n    options: {{{option}}}" for option in options))
    lines += [f"::: {home}" for home in MORE.get(room, []) if home not in hand_written()]
    return "\n\n".join(lines) + "\n"


def index_page() -> str:
    """The page that lists all rooms."""
    rows = ["| room | what it holds |", "| --- | --- |"]
    for room in rooms():
        page = f"{room}.md" if (HAND_WRITTEN / f"{room}.md").exists() else place_of(room).removeprefix("reference/")
        rows.append(f"| [`evenvae.{room}`]({page}) | {summary(f'evenvae.{room}')} |")
    top = [f"[`{name}`]({page_of(home).removeprefix('reference/')})" for name, home in public().items()]
    return (
        "# Reference\n\nEvery public name, from the docstrings of the library. `import evenvae` offers "
        + ", ".join(top)
        + " and the rooms:\n\n"
        + "\n".join(rows)
        + "\n\nEvery balancer, likelihood, objective and prior has a page of its own, with its formula, its source, "
        "when to use it and what it costs. [Protocols](protocols.md) says what an extension has to provide.\n"
    )


def pages() -> dict[str, str]:
    """Markdown of all generated pages, by their place in the folder of the documents."""
    written = {path.name for path in HAND_WRITTEN.glob("*.md")}
    found = {"reference/index.md": index_page()}
    found |= {place_of(room): room_page(room) for room in rooms() if f"{room}.md" not in written}
    return found | {method.page: method_page(method) for method in methods()}
