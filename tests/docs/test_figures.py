"""Every figure on the pages is the one that `benchmarks/results` gives, by `benchmarks/prose.py`."""

import copy
import importlib
import os
import re
import shutil
import sys
from pathlib import Path
from unittest import mock

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture(scope="module")
def script():
    """The module `prose`; what the benchmarks change in this process when they are imported is undone."""
    names = {path.stem for path in BENCHMARKS.glob("*.py")}
    before = {name: sys.modules.pop(name) for name in names & sys.modules.keys()}
    with mock.patch.dict(os.environ), mock.patch.object(sys, "path", [str(BENCHMARKS), *sys.path]):
        yield importlib.import_module("prose")
    for name in names & sys.modules.keys():
        del sys.modules[name]
    sys.modules.update(before)


@pytest.fixture(scope="module")
def prose(script):
    """The repository's pages; what is made of results is made once."""
    return script.Prose()


def changed(prose, page, old, new):
    """The same with another text on a page, which must be there."""
    assert old in prose.pages[page], f"{page} has no {old!r}"
    other = copy.copy(prose)
    other.pages = prose.pages | {page: prose.pages[page].replace(old, new, 1)}
    return other


def standing(prose, name):
    """A page on which a block stands, and all of the block."""
    for page, text in prose.pages.items():
        match = re.search(rf"<!-- result: {re.escape(name)} -->.*?<!-- /result -->", text, re.DOTALL)
        if match:
            return page, match[0]
    raise AssertionError(f"{name} stands nowhere")


def other_digit(text):
    """The text with the last digit of its last number changed."""
    place = max(match.end() for match in re.finditer(r"\d", text)) - 1
    return text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]


def test_every_figure_is_that_of_the_results(prose):
    problems = prose.problems()
    assert not problems, "\n".join([*problems, "python benchmarks/prose.py writes the blocks anew."])


def test_a_digit_that_differs_in_any_block_is_found(prose):
    for name in [*prose.standing()]:
        page, block = standing(prose, name)
        wrong = changed(prose, page, block, other_digit(block))
        assert any(f"the block {name!r} differs" in problem for problem in wrong.wrong_blocks()), name


def test_writing_anew_gives_the_page_back(prose):
    page, block = standing(prose, "imputation")
    wrong = changed(prose, page, block, other_digit(block))
    assert wrong.pages[page] != prose.pages[page]
    assert wrong.rewritten(page) == prose.pages[page]
    empty = changed(prose, page, block, "<!-- result: imputation -->\n<!-- /result -->")
    assert empty.rewritten(page) == prose.pages[page]


def test_a_listed_text_that_its_page_has_no_more_is_found(prose):
    for kind in ("tied", "untied"):
        for entry in prose.listed[kind]:
            page = entry["page"]
            emptied = copy.copy(prose)
            emptied.pages = prose.pages | {page: ""}
            problems = emptied.wrong_snippets()
            for snippet in (one if kind == "untied" else one[0] for one in entry["figures"]):
                assert any(problem.startswith(page) and snippet in problem for problem in problems), snippet


def test_a_listed_text_that_results_do_not_give_is_found(prose):
    wrong = copy.copy(prose)
    page, snippet = "docs/robustness.md", "was ended after 9,875 inputs"
    figures = [["was ended after 9,876 inputs", 'was ended after {results["inputs"]:,} inputs']]
    wrong.listed = prose.listed | {"tied": [{"page": page, "results": "fuzz.json", "figures": figures}]}
    (differs, missing) = wrong.wrong_snippets()[:2]
    assert f"is {snippet!r} by fuzz.json" in differs
    assert "no page has it" in missing


def test_an_expression_that_fails_is_found(prose):
    wrong = copy.copy(prose)
    wrong.listed = prose.listed | {
        "tied": [{"page": "docs/robustness.md", "results": "fuzz.json", "figures": [["9,875", '{results["no such"]}']]}]
    }
    assert "KeyError" in wrong.wrong_snippets()[0]


def test_results_that_change_change_the_page(script, prose, tmp_path):
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("figures"))
    shutil.copy(ROOT / "README.md", tmp_path)
    (tmp_path / "benchmarks").mkdir()
    shutil.copytree(BENCHMARKS / "results", tmp_path / "benchmarks" / "results")
    shutil.copy(BENCHMARKS / "prose.toml", tmp_path / "benchmarks")
    results = tmp_path / "benchmarks" / "results" / "torture.json"
    results.write_text(results.read_text().replace('"kills": 100', '"kills": 105', 1))
    (results.parent / "new.json").write_text("{}")
    problems = script.Prose(tmp_path).problems()
    assert any("the block 'torture' differs" in problem and "105" in problem for problem in problems)
    assert any("results/new.json is used by no block" in problem for problem in problems)
    assert len(problems) == 2, problems


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<!-- result: torture -->", "<!-- result: tortures -->", "no block is named 'tortures'"),
        ("<!-- result: torture -->", "<!-- result: tortures -->", "The block 'torture' stands on no page"),
        ("<!-- result: torture -->\n", "", "<!-- /result --> ends nothing"),
        ("<!-- result: torture -->", "<!-- result: torture --><!-- result: fuzz -->", "begins inside the block"),
        ("<!-- result: torture -->", "<!-- result: fuzz --> 1<!-- /result -->\n<!-- result: torture -->", "ends there"),
    ],
)
def test_markers_that_are_wrong_are_found(prose, old, new, said):
    page, _ = standing(prose, "torture")
    assert any(said in problem for problem in changed(prose, page, old, new).wrong_blocks())


def test_a_block_without_an_end_is_found(prose):
    page, block = standing(prose, "torture")
    wrong = changed(prose, page, block, block.removesuffix("<!-- /result -->"))
    assert any("the block 'torture' has no end" in problem for problem in wrong.wrong_blocks())


def test_a_block_in_a_sentence_may_be_broken_anywhere(prose):
    page, block = standing(prose, "the default in words")
    broken = changed(prose, page, block, re.sub(r" (?=nats|in the|rows)", "\n", block))
    assert broken.pages[page] != prose.pages[page]
    assert broken.problems() == []


def test_every_block_names_a_script_that_exists(script):
    for name, block in script.BLOCKS.items():
        for path in re.findall(r"benchmarks/\w+\.py", block.command):
            assert (ROOT / path).exists(), f"{name}: {path}"
        assert all((BENCHMARKS / "results" / one).exists() for one in block.results), name


def test_loose_figures_are_those_outside_of_blocks_and_listed_texts(prose):
    page = "docs/robustness.md"
    assert not any("9,875" in line for line in prose.loose())
    more = changed(prose, page, "# Hostile", "A fit takes 3.14 seconds.\n\n# Hostile")
    assert f"{page}:1: A fit takes 3.14 seconds." in more.loose()


def test_the_command_says_what_differs(script, prose, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["prose.py", "--check"])
    monkeypatch.setattr(script, "Prose", lambda: prose)
    with pytest.raises(SystemExit, match="0"):
        script.main()
    page, block = standing(prose, "torture")
    monkeypatch.setattr(script, "Prose", lambda: changed(prose, page, block, other_digit(block)))
    with pytest.raises(SystemExit, match="1"):
        script.main()
    assert "the block 'torture' differs" in capsys.readouterr().out


def test_imputation_by_methods_without_times_has_a_table(script):
    imputation = importlib.import_module("imputation")
    line = {"table": "wine", "seed": 0, "holes": "mcar", "seconds": None, "error": 0.1}
    lines = [line | {"method": "mean or mode", "seconds": 2.0}, line | {"method": "EvenVAE"}]
    assert "| seconds (mean) | 2 | - |" in imputation.as_table(lines, "mcar")
