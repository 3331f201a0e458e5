"""Tests stand where their file's name says: those of ``src/evenvae/a/b.py`` in ``tests/a/test_b.py``."""

from pathlib import Path

import evenvae

SOURCE, TESTS = Path(evenvae.__file__).parent, Path(__file__).parent
ACROSS = {"estimator", "docs", "examples", "cli", "fuzz"}
"""Folders of tests that go from end to end: of the user's object, the documents, the examples and the command; and
hostile input."""
ELSEWHERE = {
    # what has little of its own to be tested is tested with what it serves
    "__main__": "cli/test_main.py",
    "cocktail": "search/test_searching.py",
    "constants": "likelihoods/test_normal.py",
    "errors": "cli/test_main.py",
    "estimator": "estimator/test_estimator.py",
    "forked": "estimator/test_processes.py",
    "imputer": "estimator/test_sklearn_contract.py",
    "part": "options/test_options.py",
    "pictures": "plots/test_grids.py",
    "cli/app": "cli/test_main.py",
    "cli/demo": "cli/test_main.py",
    "cli/wrong_calls": "cli/test_arguments.py",
    "experiments/cells": "experiments/test_table1.py",
    "experiments/geco_figures": "experiments/test_geco.py",
    "experiments/geco_text": "experiments/test_geco.py",
    "experiments/latent_plot": "experiments/test_optimal_prior.py",
    "experiments/optimal_prior_text": "experiments/test_optimal_prior.py",
    "experiments/table1_text": "experiments/test_table1.py",
    "io/cache": "test_compilation.py",
    "fitted/as_read": "fitted/test_privacy.py",
    "fitted/best_guess": "estimator/test_kinds.py",
    "fitted/bounds": "fitted/test_annealing.py",
    "fitted/embedding": "estimator/test_estimator.py",
    "fitted/evaluation": "estimator/test_estimator.py",
    "fitted/fitting": "estimator/test_estimator.py",
    "fitted/growing": "fitted/test_refinement.py",
    "fitted/imputation": "estimator/test_kinds.py",
    "fitted/model": "fitted/test_saving.py",
    "fitted/polishing": "fitted/test_polish.py",
    "fitted/reconstruction": "estimator/test_estimator.py",
    "fitted/refined_column": "fitted/test_refinement.py",
    "fitted/rows": "fitted/test_file_rows.py",
    "fitted/task_dependence": "estimator/test_tasks.py",
    "fitted/translation": "estimator/test_tasks.py",
    "likelihoods/evaluation": "tables/schema/test_families.py",
    "likelihoods/gamma": "likelihoods/test_negativebinomial.py",
    "likelihoods/transformed": "likelihoods/test_logitnormal.py",
    "models/model": "fitted/test_kernels.py",
    "models/network_options": "options/test_options.py",
    "models/protocols": "estimator/test_extending.py",
    "options/by_name": "options/test_options.py",
    "options/exclusions": "options/test_options.py",
    "options/imputation": "options/test_options.py",
    "options/parts": "options/test_options.py",
    "options/presets": "options/test_resolution.py",
    "options/recipe": "options/test_resolution.py",
    "options/sampling": "options/test_options.py",
    "priors/components": "priors/test_base.py",
    "priors/vamp": "priors/test_base.py",
    "search/choice": "search/test_summary.py",
    "search/executor": "search/test_local.py",
    "search/measures": "search/test_summary.py",
    "search/options": "search/test_bundle.py",
    "search/sweep": "search/test_bundle.py",
    "search/worker": "search/test_local.py",
    "tables/columns/base": "estimator/test_extending.py",
    "tables/columns/fields": "tables/columns/test_number.py",
    "tables/columns/identifiers": "tables/test_codec.py",
    "tables/columns/quantity": "tables/columns/test_number.py",
    "tables/columns/raw_cells": "tables/test_codec.py",
    "tables/columns/absurd_numbers": "estimator/test_absurd_numbers.py",
    "tables/columns/temporal": "tables/columns/test_datetimes.py",
    "tables/columns/whole_numbers": "tables/columns/test_count.py",
    "tables/schema/labels": "test_round_trips.py",
    "tables/derived/work": "tables/derived/test_computing.py",
    "tables/formulas/tree": "tables/formulas/test_parsing.py",
    "tables/schema/checks": "tables/schema/test_toml.py",
    "training/plan": "options/test_resolution.py",
    "training/prior_updates": "priors/test_optimal.py",
    "training/progress_bar": "cli/test_fitting.py",
    "training/settings": "options/test_options.py",
    "training/setup": "training/test_loop.py",
    "training/validation": "training/test_loop.py",
    "training/warm_start": "estimator/test_estimator.py",
}


def names(root: Path, prefix: str = "") -> set[str]:
    found = set()
    for path in root.rglob(f"{prefix}*.py"):
        parts = list(path.relative_to(root).with_suffix("").parts)
        parts[-1] = parts[-1].removeprefix(prefix)
        found.add("/".join(parts))
    return found


def test_every_file_of_tests_is_of_a_file():
    sources = names(SOURCE)
    for name in names(TESTS, "test_"):
        if name.split("/")[0] not in ACROSS and "/" in name:
            assert name in sources, f"tests/{name} belongs to no file of src/evenvae"


def test_every_file_has_its_tests():
    sources, tests = names(SOURCE), names(TESTS, "test_")
    own = {name for name in sources if not name.endswith("__init__")}
    assert own - tests == set(ELSEWHERE), "write tests/<room>/test_<file>.py, or say in ELSEWHERE what tests the file"
    assert all((TESTS / place).exists() for place in ELSEWHERE.values())
