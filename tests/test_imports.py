"""Rooms know only of those below them, no imports go in a circle, and no file uses the private parts of another."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

import evenvae

ROOT = Path(evenvae.__file__).parent
FOUNDATION = {"errors", "constants", "part"}
NETWORKS = FOUNDATION | {"threefry", "likelihoods", "models", "objectives", "priors"}
TRAINING = NETWORKS | {"balancing", "io", "training"}
FITTED = TRAINING | {"options", "tables", "metrics", "notebook", "fitted"}
MAY_KNOW: dict[str, set[str]] = {
    "errors": set(),
    "constants": set(),
    "threefry": set(),
    "part": {"errors"},
    "forked": {"errors"},
    "io": {"errors"},
    "compilation": {"io"},
    "notebook": set(),
    "balancing": set(),
    "likelihoods": {"constants"},
    "metrics": FOUNDATION,
    "objectives": FOUNDATION,
    "tables": {"errors", "io", "likelihoods", "compilation", "notebook"},
    "models": FOUNDATION | {"threefry", "likelihoods"},
    "priors": FOUNDATION | {"threefry", "models", "likelihoods"},
    "training": TRAINING,
    "options": TRAINING | {"options", "tables"},
    "fitted": FITTED,
    "estimator": FITTED | {"forked", "compilation"},
    "imputer": FITTED | {"estimator"},
    "datasets": {"errors", "io", "tables"},
    "plots": FITTED | {"estimator", "report"},
    "report": FITTED | {"estimator"},
    "tracking": {"errors", "training"},
    "search": FITTED | {"estimator"},
    "experiments": FITTED | {"estimator", "search", "datasets", "plots"},
    "cocktail": {"search"},
    "pictures": {"plots"},
    "cli": FITTED | {"estimator", "search", "datasets", "plots", "report", "tracking", "experiments"},
    "__main__": {"cli"},
    "__init__": set(),
}
"""What every package and module of ``evenvae`` may import, beside itself; the package itself is known by all."""


@functools.cache
def modules() -> dict[str, Path]:
    """Every file of the package by its dotted name."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@functools.cache
def imports_of(name: str) -> frozenset[str]:
    """Modules of the package that a module imports, at its top or inside functions; not for type checkers alone."""
    found = set()
    tree = ast.parse(modules()[name].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for inner in ast.walk(node):
                inner.__dict__["skipped"] = True
    for node in ast.walk(tree):
        if getattr(node, "skipped", False):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from package import name` means the module of that name, where there is one
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inner & modules().keys()) or {node.module}
    return frozenset(found & modules().keys()) - {name}


def room(name: str) -> str:
    return name.split(".")[1] if "." in name else "__init__"


def test_every_room_is_listed():
    assert {room(name) for name in modules()} == set(MAY_KNOW)


@pytest.mark.parametrize("own", MAY_KNOW)
def test_rooms_know_only_of_what_is_below_them(own):
    for name in modules():
        if room(name) == own:
            strange = {room(other) for other in imports_of(name)} - MAY_KNOW[own] - {own, "__init__"}
            assert not strange, f"{name} imports {strange}"


def test_no_imports_go_in_a_circle():
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name in done:
            return
        for other in sorted(imports_of(name)):
            # a package imports its modules, and its modules import each other, not the package
            if other != "evenvae":
                visit(other, (*path, name))
        done.add(name)

    for name in modules():
        visit(name, ())


def test_no_file_uses_the_private_parts_of_another():
    for name, path in modules().items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        for node in ast.walk(tree):
            defined |= {node.attr} if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) else set()
            defined |= (
                {node.target.id} if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else set()
            )
        # what named tuples, shapes of jaxtyping and Python itself offer under such names
        offered = {"_replace", "_asdict", "_fields", "_field_defaults", "_exit", "_make"}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
                assert node.attr in defined | offered, f"{name}:{node.lineno} uses {ast.unparse(node)}"


def test_help_does_not_wait_for_what_it_does_not_need():
    code = (
        "import sys\nfrom evenvae.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'jax', 'numpy', 'pandas', 'pyarrow', 'sklearn', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, f'help imports {heavy}'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
