"""The tables that `prose.py` writes into the pages: files of results, what made those, and what makes the table."""

from typing import NamedTuple

SOURCES = "sources"
"""The table of all others, which `prose.py` makes of this registry."""


class Block(NamedTuple):
    """A generated part of a page.

    Args:
        results: files of benchmarks/results, whose contents the function is given in this order.
        command: what wrote them, several between semicolons; a run on several machines or in parts has further
            options, which the files say.
        make: "module.function" of this folder, which gives the Markdown.
    """

    results: tuple[str, ...]
    command: str
    make: str


def of(script: str, results: str, function: str, *options: str) -> Block:
    """A block of one file that ``script`` writes as its only argument, and the function of the same script."""
    command = " ".join(["python", f"benchmarks/{script}.py", f"{HERE}{results}", *options])
    return Block((results,), command, f"{script}.{function}")


HERE = "benchmarks/results/"
TABLE1 = "evenvae reproduce table1 -o table1"
TABLE1_OURS = f"{TABLE1} --ours --share 0.25 --seeds 3"
GECO = "evenvae reproduce geco -o taming"
OPTIMAL_PRIOR = "evenvae reproduce optimal-prior -o optimal-prior"

BLOCKS: dict[str, Block] = {
    "comparison": Block(("imputation.jsonl", "synthetic.jsonl"), "python benchmarks/comparison.py", "comparison.table"),
    "evenness by table": of("evenness", "evenness.jsonl", "by_table"),
    "the default in words": Block(
        ("evenness.jsonl",), f"python benchmarks/evenness.py {HERE}evenness.jsonl", "evenness_words.default_in_words"
    ),
    "candidates, default network": of("evenness", "evenness.jsonl", "candidates_default"),
    "candidates, paper's network": of("evenness", "evenness.jsonl", "candidates_paper"),
    "nine tables": of("nine_tables", "nine_tables.jsonl", "beside_paper"),
    "four models": Block(
        ("nine_tables.jsonl", "four_models.jsonl"),
        "python benchmarks/nine_tables.py benchmarks/results/four_models.jsonl --models iwae,dreg,hivae",
        "nine_tables.four_models",
    ),
    "constraints": of("nine_tables", "constraints.jsonl", "constraints", "--models vae,geco-column --share 0.1"),
    "imputation": of("imputation", "imputation.jsonl", "of_page"),
    "imputation, missing at random": of("imputation", "imputation.jsonl", "of_page_mar", "--holes mar"),
    "parts of the network": of("imputation", "imputation.jsonl", "steps"),
    "refinement": of("imputation", "imputation.jsonl", "refinement"),
    "coverage": Block(
        ("coverage.json",),
        "python benchmarks/coverage.py coverage.jsonl --summary benchmarks/results/coverage.json",
        "coverage.as_table",
    ),
    "synthetic rows": of("synthetic", "synthetic.jsonl", "of_page"),
    "synthetic rows, means": of("synthetic", "synthetic.jsonl", "variants"),
    "one fit": of("one_fit", "one_fit.jsonl", "of_page"),
    "likelihoods": of("likelihoods", "likelihoods.json", "as_table"),
    "families, counts": of("families", "families.json", "counts"),
    "families": of("families", "families.json", "by_column"),
    "balancers": of("balancers", "balancers.json", "as_table"),
    "many columns": of("many_columns", "many_columns.jsonl", "as_table"),
    "fits on a GPU": Block(("on_a_gpu.jsonl",), "benchmarks/on_a_gpu.sh", "on_a_gpu.as_table"),
    "steps on a GPU in words": Block(("on_a_gpu.jsonl",), "benchmarks/on_a_gpu.sh", "on_a_gpu.steps_in_words"),
    "step times": of("step_time", "step_time.json", "as_table"),
    "steps in words": of("step_time", "step_time.json", "in_words"),
    "first answer": of("first_answer", "first_answer_with_sight.json", "as_table", "--rounds 2 --fusions"),
    "curves": of("growth", "growth.jsonl", "as_table"),
    "large table": Block(("large_table.json",), "python benchmarks/large_table.py", "large_table.as_table"),
    "larger than memory": Block(
        ("larger_than_memory.json",), "python benchmarks/larger_than_memory.py", "larger_than_memory.as_table"
    ),
    "sites": of("multi_site", "multi_site.jsonl", "of_page"),
    "geco": Block(("geco.json",), GECO, "geco_results.page"),
    "optimal prior": Block(("optimal_prior.jsonl",), OPTIMAL_PRIOR, "published.optimal_prior"),
    "task from z": Block(
        ("optimal_prior.jsonl",),
        f"{OPTIMAL_PRIOR} --models CVAE,CVAE-cycle,vamp,vamp-cycle --seeds 1",
        "published.task_told",
    ),
    "earlier protocol": Block(
        ("optimal_prior.jsonl",), f"{OPTIMAL_PRIOR} --preset implicit", "published.earlier_protocol"
    ),
    "table 1": Block(("table1/table1.json", "table1_ours/table1.json"), f"{TABLE1}; {TABLE1_OURS}", "published.table1"),
    "table 1, ours in words": Block(("table1_ours/table1.json",), TABLE1_OURS, "published.reached"),
    "table 1, ours: epochs": Block(("table1_ours/table1.json",), TABLE1_OURS, "published.epochs_and_seeds"),
    "table 1, ours: nats": Block(
        ("table1_ours/table1.json", "table1/table1.json"), f"{TABLE1_OURS}; {TABLE1}", "published.nats_of_ours"
    ),
    "table 1, networks": Block(
        ("table1_ours/table1.json", "evenness.jsonl"),
        f"{TABLE1_OURS}; python benchmarks/evenness.py {HERE}evenness.jsonl",
        "published.networks",
    ),
    "table 1, causes": of("table1_causes", "table1_causes.jsonl", "as_table"),
    "table 1, not made": Block(("table1/table1.json",), TABLE1, "published.missing"),
    "table 1, defaults": Block(("table1/table1.json",), TABLE1, "published.table1_defaults"),
    "published figures": Block(
        ("table1/table1.json", "geco.json", "optimal_prior.jsonl"),
        f"{TABLE1}; {GECO}; {OPTIMAL_PRIOR}",
        "published.beside_ours",
    ),
    "privacy": of("privacy", "privacy.jsonl", "measures"),
    "cost of privacy": of("privacy", "privacy.jsonl", "costs"),
    "fuzz, whole": Block(
        ("fuzz_whole.json",), "PYTHONPATH=tests python -m fuzz --inputs 10000", "fuzz_counts.as_table"
    ),
    "fuzz": Block(("fuzz.json",), "PYTHONPATH=tests python -m fuzz --inputs 10000", "fuzz_counts.as_table"),
    "torture": Block(("torture.json",), "python benchmarks/torture.py --kills 100", "torture.as_table"),
}
