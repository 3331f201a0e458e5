"""Tries an installed EvenVAE that has none of its extras, in an empty folder: a file is learned from and answered.

Run by `.ci/wheel`. It needs nothing but EvenVAE itself and the command ``evenvae`` on the path.
"""

import csv
import importlib.metadata
import importlib.util
import random
import subprocess
import sys
import time
from pathlib import Path

EXTRAS = {
    "matplotlib": "pictures",
    "jinja2": "report",
    "statsmodels": "demo",
    "lightgbm": "trees",
    "dp_accounting": "privacy",
    "tensorboard": "tensorboard",
    "mlflow": "mlflow",
    "ray": "ray",
}
"""Packages that must not be here, and the extra that brings each."""
QUICK = ["--epochs", "2", "--set", "network.width=16", "--set", "network.depth=1", "--set", "latent_size=2", "--quiet"]


def called(*arguments: str) -> tuple[int, str, str]:
    """Run ``evenvae``: its exit code, and what it said on both streams."""
    done = subprocess.run(["evenvae", *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def works(*arguments: str) -> str:
    """Run ``evenvae``; what it printed."""
    began = time.monotonic()
    code, out, err = called(*arguments)
    assert code == 0, f"evenvae {' '.join(arguments)} ended with {code}: {err}"
    assert "Traceback" not in err, err
    print(f"  {time.monotonic() - began:5.1f} s  evenvae {' '.join(arguments)}")
    return out


def names_the_extra(extra: str, code: int, said: str) -> None:
    """Check that a refusal is one sentence which names the extra to install."""
    assert code == 2, (extra, code, said)
    (line,) = said.strip().splitlines()
    assert f"pip install 'evenvae[{extra}]'" in line, line
    print(f"  {line}")


def in_python(program: str) -> tuple[int, str]:
    """Run a few lines that end in an `InputError`: 2 and its text, as the command would say it."""
    wrapped = (
        f"import sys, evenvae\ntry:\n    exec({program!r})\n"
        "except evenvae.InputError as error:\n    print(error)\n    sys.exit(2)"
    )
    done = subprocess.run([sys.executable, "-c", wrapped], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout or done.stderr


def main() -> None:
    """Everything that works without extras, then everything that needs one."""
    here = [name for name in EXTRAS if importlib.util.find_spec(name)]
    assert not here, f"{here} are installed, so that this tries nothing"
    place = Path(importlib.util.find_spec("evenvae").origin)
    assert sys.prefix in str(place), f"{place} is not the installed package"
    assert place.with_name("py.typed").exists()
    random.seed(0)
    with Path("people.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["age", "city", "income", "since"])
        for _ in range(200):
            age, city = random.randint(18, 90), random.choice(["Aachen", "Bonn", "Celle"])
            since = f"20{random.randint(10, 24)}-0{random.randint(1, 9)}-1{random.randint(0, 9)}"
            rows.writerow([age if random.random() < 0.9 else "", city, round(random.lognormvariate(7, 0.5), 2), since])

    assert importlib.metadata.version("evenvae") in works("--version")
    assert "impute" in works("--help")
    works("schema", "people.csv", "-o", "schema.toml")
    works("fit", "people.csv", "-o", "people.evenvae", "--schema", "schema.toml", "--purpose", "impute", *QUICK)
    works("impute", "people.evenvae", "people.csv", "-o", "filled.csv")
    works("sample", "people.evenvae", "-n", "50", "-o", "drawn.parquet", "--seed", "1")
    works("score", "people.evenvae", "people.csv", "-o", "scores.csv")
    works("encode", "people.evenvae", "people.csv", "-o", "latents.csv")
    assert "income" in works("evaluate", "people.evenvae", "people.csv")
    with Path("filled.csv").open() as file:
        filled = list(csv.DictReader(file))
    assert len(filled) == 200
    assert all(cell for row in filled for cell in row.values())
    swept = works("cocktail", "people.csv", "-o", "sweep", "--seeds", "1", "--balances", "none,gradnorm", *QUICK[:-1])
    assert "pip install 'evenvae[pictures]'" in swept, swept

    fit = ["fit", "people.csv", "-o", "other.evenvae", *QUICK]
    for extra, call in (
        ("demo", ["demo"]),
        ("report", ["report", "people.evenvae", "people.csv"]),
        ("demo", ["fit", "dataset:rand-hie", "-o", "other.evenvae"]),
        ("trees", [*fit, "--purpose", "impute", "--refine", "trees"]),
        ("ray", ["cocktail", "people.csv", "-o", "elsewhere", "--executor", "ray", *QUICK]),
        ("tensorboard", [*fit, "--track", "tensorboard:runs"]),
        ("mlflow", [*fit, "--track", "mlflow:sqlite:///runs.db"]),
    ):
        code, _, err = called(*call)
        names_the_extra(extra, code, err)
    for extra, program in (
        (
            "pictures",
            "from evenvae.plots import paths\nmodel = evenvae.EvenVAE(objective='geco', epochs=1)\n"
            "paths(model.fit([[row / 7, row % 5] for row in range(60)]))",
        ),
        (
            "privacy",
            "import pandas as pd\ntable = pd.DataFrame({'x': [0.1, 0.9] * 50})\nschema = evenvae.Schema.infer(table)\n"
            "evenvae.EvenVAE(privacy=evenvae.Privacy(epsilon=8), schema=schema).fit(table)",
        ),
        ("report", "import evenvae.report as r; r.check_installed()"),
        ("tensorboard", "from evenvae.tracking import TensorBoard; TensorBoard('runs')"),
        ("mlflow", "from evenvae.tracking import MLflow; MLflow()"),
    ):
        names_the_extra(extra, *in_python(program))
    print("all of it works")


if __name__ == "__main__":
    main()
