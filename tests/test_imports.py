"""Rooms know only of those below them; the command is known by none."""

import ast
import subprocess
import sys
from pathlib import Path

import evenvae

ROOT = Path(evenvae.__file__).parent
MAY_KNOW = {
    "errors": set(),
    "places": {"errors"},
    "storage": {"errors", "places"},
    "balancing": set(),
    "likelihoods": set(),
    "objectives": set(),
    "metrics": set(),
    "tables": {"errors", "places"},
    "datasets": {"errors", "tables"},
    "models": {"likelihoods"},
    "priors": {"models"},
    "training": {"errors", "storage", "balancing", "likelihoods", "models", "objectives", "priors"},
    "progress": {"training"},
    "tracking": {"errors", "training"},
    "pictures": {"errors"},
    "experiments": {
        "errors",
        "cocktail",
        "datasets",
        "estimator",
        "metrics",
        "objectives",
        "pictures",
        "places",
        "saving",
        "settings",
        "storage",
    },
    "report": {"questions", "errors", "places", "tables", "metrics", "balancing", "training"},
    "cocktail": {
        "errors",
        "storage",
        "balancing",
        "likelihoods",
        "models",
        "training",
        "tables",
        "metrics",
        "places",
        "settings",
        "preparing",
        "questions",
        "estimator",
        "saving",
    },
}


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "evenvae":
                names = [f"evenvae.{alias.name}" for alias in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("evenvae.")}
    return rooms


def files_of(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py")) if (ROOT / room).is_dir() else [ROOT / f"{room}.py"]


def test_rooms_know_only_of_what_is_below_them():
    for room, known in MAY_KNOW.items():
        for path in files_of(room):
            strange = imported_rooms(path) - known - {room}
            assert not strange, f"{path.relative_to(ROOT)} imports {strange}"


def test_nothing_but_the_command_knows_the_command():
    for path in ROOT.rglob("*.py"):
        if path.relative_to(ROOT).parts[0] not in ("cli", "__main__.py"):
            assert "cli" not in imported_rooms(path), path


def test_help_does_not_wait_for_jax():
    code = (
        "import sys\nfrom evenvae.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit: pass\n"
        "assert 'jax' not in sys.modules, 'help imports jax'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
