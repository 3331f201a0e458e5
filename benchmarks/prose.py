"""The figures of README and docs, made from the files of benchmarks/results.

    python benchmarks/prose.py                    # writes every block anew, on whatever page it stands
    python benchmarks/prose.py --check            # says what differs, and changes nothing
    python benchmarks/prose.py --show "imputation"
    python benchmarks/prose.py --loose            # lines with figures that are neither made nor listed

A block stands between ``<!-- result: NAME -->`` and ``<!-- /result -->``: a table on lines of its own, or a few words
inside a sentence. A block inside a sentence must not begin its line, because Markdown ends the paragraph there. What a
block holds is said by `prose_blocks.BLOCKS` (tables) or by ``[inline]`` in `prose.toml`.

Figures in sentences that would be hard to read with markers are listed in `prose.toml`: ``[[tied]]`` with the
expression that gives them, ``[[untied]]`` with the reason why no file of results does. An expression is the inside of
an f-string; ``results`` is the file's content, ``load(name)`` another one's, and the scripts of this folder are known
by their names. Line breaks do not count where a text is looked for.
"""

import argparse
import importlib
import json
import re
import sys
import tomllib
from functools import cache
from pathlib import Path
from statistics import mean, median
from typing import Any

from prose_blocks import BLOCKS, SOURCES
from twenty_tables import spelled

HERE = Path(__file__).parent
MARKER = re.compile(r"<!-- (?:result: (?P<name>[^>]*?)|(?P<end>/result)) -->")
BLOCK = re.compile(r"<!-- result: (?P<name>[^>]*?) -->(?P<body>.*?)<!-- /result -->", re.DOTALL)
FIGURE = re.compile(r"(?<![\w.`-])[-+]?\d+(?:\.\d+| ?%| times| of \d+)")
"""What `--loose` takes for a figure: a decimal, a percentage, a ratio or a count of a count."""
CODE = re.compile(r"^```.*?^```|^    .*?$|`[^`\n]*`", re.DOTALL | re.MULTILINE)


@cache
def load(path: Path) -> Any:
    """The content of a file of results: a list for lines of JSON."""
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else json.loads(text)


class Names(dict):
    """What an expression may name: the content of results, a few functions, and the scripts of this folder."""

    def __missing__(self, name: str) -> Any:
        if (HERE / f"{name}.py").exists():
            return importlib.import_module(name)
        raise KeyError(name)


class Prose:
    """The pages under a root, what is listed beside them, and the results that they are made from."""

    def __init__(self, root: Path = HERE.parent):
        self.root, self.results = root, root / "benchmarks" / "results"
        paths = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
        self.pages = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}
        self.listed = tomllib.loads((root / "benchmarks" / "prose.toml").read_text(encoding="utf-8"))
        self.inline: dict[str, dict[str, str]] = self.listed.get("inline", {})
        self.made: dict[str, str] = {}
        self.values: dict[tuple[str, str], str] = {}

    def text_of(self, name: str) -> str:
        """What a block is to hold.

        Raises:
            KeyError: no block has this name.
        """
        if name == SOURCES:
            # it follows from the pages, and copies with other pages share what is made of results
            return sources(self).strip()
        if name not in self.made:
            self.made[name] = self._make(name).strip()
        return self.made[name]

    def _make(self, name: str) -> str:
        if name in self.inline:
            return self.evaluated(self.inline[name]["expression"], self.inline[name]["results"])
        block = BLOCKS[name]
        module, function = block.make.split(".")
        make = getattr(importlib.import_module(module), function)
        return make(*(load(self.results / one) for one in block.results))

    def evaluated(self, expression: str, results: str) -> str:
        """The inside of an f-string, with what it names."""
        if (expression, results) in self.values:
            return self.values[expression, results]
        names = Names(results=load(self.results / results), mean=mean, median=median, spelled=spelled)
        names["load"] = lambda name: load(self.results / name)
        # the expressions are those of this repository
        self.values[expression, results] = eval(f"f'''{expression}'''", names)
        return self.values[expression, results]

    def standing(self) -> dict[str, list[str]]:
        """By name of a block the pages on which it stands."""
        found: dict[str, list[str]] = {}
        for page, text in self.pages.items():
            for match in BLOCK.finditer(text):
                found.setdefault(match["name"], []).append(page)
        return found

    def rewritten(self, page: str) -> str:
        """A page with all blocks made anew; unknown ones stay."""

        def block(match: re.Match[str]) -> str:
            if match["name"] not in BLOCKS and match["name"] not in self.inline and match["name"] != SOURCES:
                return match[0]
            text = self.text_of(match["name"])
            if not alone(match) and flat(match["body"]) == text:
                return match[0]
            body = f"\n{text}\n" if alone(match) else text
            return f"<!-- result: {match['name']} -->{body}<!-- /result -->"

        return BLOCK.sub(block, self.pages[page])

    def problems(self) -> list[str]:
        """Everything that is wrong, a sentence each."""
        return [*self.wrong_blocks(), *self.wrong_snippets(), *self.unused()]

    def wrong_blocks(self) -> list[str]:
        """Blocks that differ from what results give, stand nowhere or are unknown, and wrong markers."""
        found = [problem for page, text in self.pages.items() for problem in wrong_markers(page, text)]
        standing = self.standing()
        known = {*BLOCKS, *self.inline, SOURCES}
        found += [f"{pages[0]}: no block is named {name!r}." for name, pages in standing.items() if name not in known]
        found += [f"The block {name!r} stands on no page." for name in known - standing.keys()]
        for page, text in self.pages.items():
            for old, new in zip(BLOCK.finditer(text), BLOCK.finditer(self.rewritten(page)), strict=True):
                if old["body"] != new["body"]:
                    found.append(f"{page}: the block {old['name']!r} differs: {first_difference(old[2], new[2])}")
        return found

    def plain(self) -> dict[str, str]:
        """The pages without markers and line breaks."""
        return {page: flat(MARKER.sub("", text)) for page, text in self.pages.items()}

    def wrong_snippets(self) -> list[str]:
        """Listed texts that differ from what results give, or that their page does not have."""
        found, plain = [], self.plain()
        for entry in self.listed.get("tied", []):
            for snippet, expression in entry["figures"]:
                try:
                    given = repr(self.evaluated(expression, entry["results"]))
                except (LookupError, StopIteration, AttributeError, TypeError, ValueError) as error:
                    given = f"not given, for {type(error).__name__} ({error}),"
                if given != repr(snippet):
                    found.append(f"{entry['page']}: {snippet!r} is {given} by {entry['results']}.")
                found += missing(plain, entry["page"], snippet)
        for entry in self.listed.get("untied", []):
            for snippet in entry["figures"]:
                found += missing(plain, entry["page"], snippet)
        return found

    def used(self) -> dict[str, list[str]]:
        """By file of results what is made from it."""
        found: dict[str, list[str]] = {}
        for name, block in BLOCKS.items():
            for one in block.results:
                found.setdefault(one, []).append(name)
        listed = [*self.inline.items(), *((entry["page"], entry) for entry in self.listed.get("tied", []))]
        for name, entry in listed:
            for one in (entry["results"], *re.findall(r'load\("(.+?)"\)', str(entry))):
                found.setdefault(one, []).append(name)
        return found

    def unused(self) -> list[str]:
        """Files of results that no figure is made from, without a reason."""
        excused, used, found = self.listed.get("unused", {}), self.used(), []
        for path in sorted(path for path in self.results.rglob("*") if path.is_file()):
            name = path.relative_to(self.results).as_posix()
            reasons = [pattern for pattern in excused if path.relative_to(self.results).match(pattern)]
            if name not in used and not reasons:
                found.append(f"benchmarks/results/{name} is used by no block; list it under [unused] with a reason.")
            if name in used and name in excused:
                found.append(f"benchmarks/results/{name} is used, and listed as unused.")
        return found

    def loose(self) -> list[str]:
        """Lines with figures that stand in no block and in no listed text."""
        listed = [snippet for entry in self.listed.get("tied", []) for snippet, _ in entry["figures"]]
        listed += [snippet for entry in self.listed.get("untied", []) for snippet in entry["figures"]]
        found = []
        spelled_out = [re.compile(r"\s+".join(map(re.escape, snippet.split()))) for snippet in listed]
        for page, text in self.pages.items():
            for pattern in (BLOCK, *spelled_out, CODE):
                text = pattern.sub(lambda match: "\n" * match[0].count("\n"), text)
            lines = enumerate(text.splitlines(), start=1)
            found += [f"{page}:{number}: {line.strip()}" for number, line in lines if FIGURE.search(line)]
        return found


def alone(match: re.Match[str]) -> bool:
    """Whether a block's first marker stands on a line of its own."""
    text, begin = match.string, match.start()
    after = match.end("name") + len(" -->")
    return text[begin - 1 : begin] in ("", "\n") and text[after : after + 1] == "\n"


def wrong_markers(page: str, text: str) -> list[str]:
    """Sentences about markers that do not come in pairs, or end a paragraph."""
    found, opened = [], None
    for match in MARKER.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match["end"] and opened is None:
            found.append(f"{page}:{line}: <!-- /result --> ends nothing.")
        elif not match["end"] and opened is not None:
            found.append(f"{page}:{line}: the block {match['name']!r} begins inside the block {opened!r}.")
        opened = None if match["end"] else match["name"]
    if opened is not None:
        found.append(f"{page}: the block {opened!r} has no end.")
    for match in BLOCK.finditer(text):
        before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if not before.strip() and not alone(match):
            found.append(f"{page}: the block {match['name']!r} begins its line, so that its paragraph ends there.")
    return found


def flat(text: str) -> str:
    """A text whose line breaks are spaces."""
    return " ".join(text.split())


def missing(plain: dict[str, str], page: str, snippet: str) -> list[str]:
    """A sentence if a listed text is not on its page any more."""
    if snippet in plain.get(page, ""):
        return []
    others = [other for other, text in plain.items() if snippet in text]
    where = f"it is on {', '.join(others)}" if others else "no page has it"
    return [f"{page} does not have {snippet!r}, which is listed in benchmarks/prose.toml; {where}."]


def first_difference(old: str, new: str) -> str:
    """The first line that differs, as it is and as it is to be."""
    was, now = old.strip("\n").splitlines(), new.strip("\n").splitlines()
    for one, other in zip(was, now, strict=False):
        if one != other:
            return f"{one!r} is to be {other!r}."
    return f"{len(was)} lines are to be {len(now)}."


def sources(prose: Prose) -> str:
    """What each table is made from: its pages, the command and the file."""
    rows = ["| figures | page | command | results |", "| --- | --- | --- | --- |"]
    standing = prose.standing()
    for name, block in BLOCKS.items():
        pages = [linked(page) for page in dict.fromkeys(standing.get(name, []))]
        files = ", ".join(f"`{one}`" for one in block.results)
        commands = ", ".join(f"`{one}`" for one in block.command.split("; "))
        rows.append(f"| {name} | {', '.join(pages)} | {commands} | {files} |")
    return "\n".join(rows)


def linked(page: str) -> str:
    """A page as docs/reproducibility.md links it."""
    within = page.removeprefix("docs/")
    return "README" if page == "README.md" else f"[{Path(page).stem.replace('_', ' ')}]({within})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="say what differs, change nothing; exit code 1 if it does")
    parser.add_argument("--show", metavar="NAME", help="print what a block is to hold")
    parser.add_argument("--loose", action="store_true", help="print lines with figures that are not tied to results")
    options = parser.parse_args()
    prose = Prose()
    if options.show:
        print(prose.text_of(options.show))
    elif options.loose:
        print("\n".join(prose.loose()))
    elif options.check:
        problems = prose.problems()
        print("\n".join(problems) or "All figures are those of benchmarks/results.")
        sys.exit(1 if problems else 0)
    else:
        for page, text in prose.pages.items():
            if (new := prose.rewritten(page)) != text:
                (prose.root / page).write_text(new, encoding="utf-8")
                print(f"{page} is written anew")


if __name__ == "__main__":
    main()
