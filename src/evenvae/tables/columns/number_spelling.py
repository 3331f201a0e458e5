"""How the texts of a column spell numbers: decimal comma, thousands marks, units, leading zeros, signs, exponents."""

import dataclasses
import functools
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float

from evenvae.errors import InputError

GROUPS = (",", ".", " ", "\u00a0", "\u202f", "'", "\u2019", "_")
"""Marks that may stand between groups of three digits."""
MOST_DECIMALS = 6
"""Numbers with more decimals are written with ten significant digits."""
MOST_UNITS = 8
"""Texts with more different endings are no numbers with units."""
FIRST, MOST = 200, 0.9
"""Where fewer than this share of the first texts look like numbers, a column is not looked at any further."""
_PREFIX = re.compile(r"(?:[$€£¥₹₩₽₺₫₴₦₱฿]|US\$|[ARC]\$|Rs\.?|kr\.?|[A-Z]{3})\s?")
_SUFFIX = re.compile(r"\s?[^\s\d.,;:/+()\-]{1,12}(?:[ /][^\s\d.,;:+()\-]{1,8})?")
_MARKS = "".join(GROUPS)
_CELL = re.compile(
    rf"(?P<open>\()?(?P<before>[+\-−])?(?P<prefix>[^\d+\-−.,()]*)(?P<after>[+\-−])?"
    rf"(?P<body>[.,]\d+|\d(?:[\d{_MARKS}]*\d)?\.?)(?P<exponent>[eE][+\-]?\d+)?(?P<suffix>[^\d.,()]*)(?P<close>\))?"
)
_PATTERN = re.compile(
    rf"(?P<parentheses>.+;\()?(?P<prefix>[^#0+\-]*)(?P<sign>[+\-])?"
    rf"(?:#(?P<group>[{_MARKS}])##)?(?P<digits>0+)(?:(?P<decimal>[.,])(?P<least>0*)(?P<more>#*))?"
    rf"(?P<exponent>[eE]\+?0+)?(?P<suffix>[^#0()]*)\)?"
)


@dataclasses.dataclass(frozen=True)
class NumberSpelling:
    """One way to spell numbers, which `pattern` writes as one text, as spreadsheets do: ``$#,##0.00`` or ``0,0# kg``.

    Attributes:
        prefix, suffix: units around the number, with their blanks.
        decimal: the decimal mark.
        group: the mark between groups of three digits, or nothing.
        digits: the least number of digits before the decimal mark; smaller numbers get leading zeros.
        least, most: the least and the largest number of decimals.
        plus: positive numbers have a sign.
        sign_inside: the sign stands between the prefix and the digits.
        parentheses: negative numbers stand in parentheses, without a sign.
        exponent: how exponents are written, as in ``e+00``; empty for none.
    """

    prefix: str = ""
    suffix: str = ""
    decimal: str = "."
    group: str = ""
    digits: int = 1
    least: int = 0
    most: int = 0
    plus: bool = False
    sign_inside: bool = False
    parentheses: bool = False
    exponent: str = ""

    @property
    def plain(self) -> bool:
        """Whether Python reads such numbers by itself."""
        return not (self.prefix or self.suffix or self.group or self.parentheses) and self.decimal == "."

    @property
    def pattern(self) -> str:
        """The spelling as a text that `from_pattern` reads."""
        sign = "+" if self.plus else "-" if self.sign_inside else ""
        whole = f"#{self.group}##0" if self.group else "0" * self.digits
        decimals = "0" * self.least + "#" * (self.most - self.least)
        one = f"{self.prefix}{sign}{whole}{self.decimal + decimals if decimals else ''}{self.exponent}{self.suffix}"
        return f"{one};({one})" if self.parentheses else one

    @classmethod
    def from_pattern(cls, pattern: str) -> "NumberSpelling":
        """The spelling that a pattern describes.

        Raises:
            ValueError: the text is no such pattern.
        """
        found = _PATTERN.fullmatch(pattern)
        if found is None:
            raise ValueError(f"{pattern!r} is no pattern of numbers; write one such as '#,##0.00', '0,0#' or "
                             "'$0.00', or one of times such as '%d.%m.%Y'")  # fmt: skip
        least, more = len(found["least"] or ""), len(found["more"] or "")
        return cls(
            prefix=found["prefix"],
            suffix=found["suffix"],
            decimal=found["decimal"] or ("," if found["group"] == "." else "."),
            group=found["group"] or "",
            digits=len(found["digits"]),
            least=least,
            most=least + more,
            plus=found["sign"] == "+",
            sign_inside=found["sign"] == "-",
            parentheses=found["parentheses"] is not None,
            exponent=found["exponent"] or "",
        )

    def read(self, texts: Iterable[str]) -> Float[np.ndarray, " texts"]:
        """The numbers that texts spell; NaN for a text that is no number in this spelling."""
        return np.array([self._number(text.strip()) for text in texts], float)

    def write(self, values: Float[np.ndarray, " rows"]) -> list[str]:
        """Numbers as texts; NaN gives an empty text."""
        return ["" if np.isnan(value) else self._text(float(value)) for value in values]

    def _number(self, text: str) -> float:
        found = _CELL.fullmatch(text)
        if found is None or (found["prefix"].strip(), found["suffix"].strip()) not in self._units:
            return np.nan
        if self._body.fullmatch(found["body"]) is None:
            return np.nan
        body = found["body"].replace(self.group, "") if self.group else found["body"]
        number = float(body.replace(self.decimal, ".") + (found["exponent"] or ""))
        negative = {found["before"], found["after"]} & {"-", "−"} or (found["open"] and found["close"])
        return -number if negative else number

    @functools.cached_property
    def _units(self) -> set[tuple[str, str]]:
        # a number without its unit is read too
        return {(self.prefix.strip(), self.suffix.strip()), ("", "")}

    @functools.cached_property
    def _body(self) -> re.Pattern[str]:
        decimal, group = re.escape(self.decimal), re.escape(self.group)
        grouped = rf"\d{{1,3}}(?:{group}\d{{3}})+|" if self.group else ""
        return re.compile(rf"(?:{grouped}\d+)?(?:{decimal}\d*)?")

    def _text(self, value: float) -> str:
        size = abs(value)
        if self.exponent:
            digits = self._scientific(size)
        elif self.most > MOST_DECIMALS:
            digits = self._significant(size)
        else:
            digits = self._padded(f"{size:.{self.most}f}")
        whole, _, decimals = digits.partition(".")
        if self.group:
            whole = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", self.group, whole)
        number = whole.zfill(self.digits) + (self.decimal + decimals if decimals else "")
        below = value < 0 and any(c in "123456789" for c in number)
        if below and self.parentheses:
            return f"({self.prefix}{number}{self.suffix})"
        sign = "-" if below else "+" if self.plus else ""
        outer, inner = ("", sign) if self.sign_inside else (sign, "")
        return f"{outer}{self.prefix}{inner}{number}{self.suffix}"

    def _padded(self, digits: str) -> str:
        """The digits without the last zeros that this spelling does not ask for."""
        whole, _, decimals = digits.partition(".")
        decimals = decimals[: self.least] + decimals[self.least :].rstrip("0")
        return f"{whole}.{decimals}" if decimals else whole

    def _significant(self, size: float) -> str:
        digits = f"{size:.10g}"
        if "e" in digits or "." not in digits:
            return digits if "e" in digits else digits + ("." + "0" * self.least if self.least else "")
        return digits.ljust(digits.index(".") + 1 + self.least, "0")

    def _scientific(self, size: float) -> str:
        mantissa, _, power = f"{size:.{min(self.most, 16)}e}".partition("e")
        width = self.exponent.count("0")
        sign = "-" if power.startswith("-") else "+" if "+" in self.exponent else ""
        return f"{self._padded(mantissa)}{self.exponent[0]}{sign}{power[1:].lstrip('0').zfill(width)}"


@dataclasses.dataclass(frozen=True)
class Found:
    """What `find` says of texts.

    Attributes:
        spelling: of the numbers; None where the texts are no numbers, or where it is not certain.
        doubt: what is not certain, as a sentence; empty where all is.
    """

    spelling: NumberSpelling | None = None
    doubt: str = ""


def find(texts: Sequence[str]) -> Found:
    """How the distinct texts of a column spell numbers.

    They are numbers where every text is one in one spelling: the same units around all, one decimal mark, and thousands
    marks that stand where they must.
    """
    if sum(_cell(text) is not None for text in texts[:FIRST]) < MOST * len(texts[:FIRST]):
        return Found()
    cells = [_cell(text) for text in texts]
    numbers = [cell for cell in cells if cell is not None]
    if len(numbers) < MOST * len(cells) or not numbers:
        return Found()
    if len(numbers) < len(cells):
        other = next(text for text, cell in zip(texts, cells, strict=True) if cell is None)
        return Found(doubt=f"most cells look like numbers written as text, but {other!r} does not; if it means a "
                           f'missing cell, set missing = ["{other}"]')  # fmt: skip
    units = {(cell["prefix"].strip(), cell["suffix"].strip()) for cell in numbers}
    if len(units) > MOST_UNITS:
        return Found()
    if len(units) > 1:
        listed = ", ".join(sorted(repr(prefix + suffix) for prefix, suffix in units))
        return Found(doubt=f"the cells look like numbers with different units, {listed}; bring them to one unit")
    (((prefix, suffix), _),) = Counter((cell["prefix"], cell["suffix"]) for cell in numbers).most_common(1)
    if any(bool(cell["open"]) != bool(cell["close"]) for cell in numbers):
        return Found()
    bodies = [cell["body"] for cell in numbers]
    fitting = [marks for marks in _hypotheses(bodies) if _fit(bodies, *marks)]
    if not fitting:
        return Found()
    decimal, group = fitting[0]
    doubt = ""
    if len(fitting) > 1:
        other = NumberSpelling(decimal=fitting[1][0], group=fitting[1][1], most=3 * (not fitting[1][1]))
        taken = "thousands mark" if group else "decimal mark"
        doubt = (f"{(group or decimal)!r} is taken for the {taken}, as in {bodies[0]!r}; if it is not, set "
                 f'text_format = "{other.pattern}"')  # fmt: skip
    return Found(_spelling(numbers, prefix, suffix, decimal, group), doubt)


def told(name: str, pattern: str) -> Found:
    """What the user says of the texts of a column.

    Raises:
        InputError: the text is no pattern of numbers.
    """
    try:
        return Found(NumberSpelling.from_pattern(pattern))
    except ValueError as error:
        raise InputError(f"Column {name!r} of the schema: text_format={error}.") from error


def spelling_of(texts: Sequence[str]) -> NumberSpelling | None:
    """How texts that are known to be plain numbers, such as the fields of a text file, spell them."""
    cells = [_CELL.fullmatch(text.strip()) for text in texts]
    if not cells or any(cell is None or cell["prefix"] or cell["suffix"] or "," in cell["body"] for cell in cells):
        return None
    return _spelling([cell for cell in cells if cell is not None], "", "", ".", "")


def has_leading_zeros(texts: Iterable[str]) -> bool:
    """Whether texts of digits have leading zeros, as codes have and quantities have not."""
    return any(re.fullmatch(r"[+\-]?0\d+", text.strip()) for text in texts)


def _cell(text: str) -> re.Match[str] | None:
    """The parts of a text that is a number with a unit that numbers have."""
    found = _CELL.fullmatch(text.strip())
    if found is None or (found["prefix"] and not _PREFIX.fullmatch(found["prefix"])):
        return None
    return found if not found["suffix"] or _SUFFIX.fullmatch(found["suffix"]) else None


def _hypotheses(bodies: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of decimal mark and thousands mark that use all marks that occur, the more common ones first."""
    marks = {character for body in bodies for character in body if not character.isdigit()}
    if marks <= {"."}:
        return [(".", "")]
    pairs = [(".", ","), (",", "."), (",", "")]
    # without a decimal mark, both decimal marks say the same
    pairs += [(d, group) for group in GROUPS[2:] for d in ((".", ",") if marks & {".", ","} else (".",))]
    return [(d, g) for d, g in pairs if marks <= {d, g} and (not g or g in marks) and (g or d in marks)]


def _fit(bodies: Sequence[str], decimal: str, group: str) -> bool:
    d, g = re.escape(decimal), re.escape(group)
    # where thousands have a mark, four digits in a row would have one too
    whole = rf"(?:[1-9]\d{{0,2}}(?:{g}\d{{3}})+|\d{{1,3}})" if group else r"\d*"
    form = re.compile(rf"{whole}(?:{d}\d*)?")
    return all(form.fullmatch(body) for body in bodies)


def _spelling(cells: Sequence[re.Match[str]], prefix: str, suffix: str, decimal: str, group: str) -> NumberSpelling:
    bodies = [cell["body"] for cell in cells]
    decimals = [len(body.rpartition(decimal)[2]) if decimal in body else 0 for body in bodies]
    wholes = [body.partition(decimal)[0] for body in bodies]
    padded = any(len(whole) > 1 and whole[0] == "0" for whole in wholes)
    positive = [cell for cell in cells if not ({cell["before"], cell["after"]} & {"-", "−"} or cell["open"])]
    exponents = [cell["exponent"] for cell in cells]
    one_form = all(exponents) or not any(exponents)
    # a last decimal of 0 is written only where all numbers have the same decimals
    fixed = any(body.endswith("0") and count == max(decimals) for body, count in zip(bodies, decimals, strict=True))
    least = max(decimals) if fixed and max(decimals) <= MOST_DECIMALS else min(decimals)
    return NumberSpelling(
        prefix=prefix,
        suffix=suffix,
        decimal=decimal,
        group=group,
        digits=min(map(len, wholes)) if padded else 1,
        # numbers with and without an exponent stand side by side where a program chose the shorter form
        least=least if one_form else 0,
        most=max(decimals) if one_form else MOST_DECIMALS + 1,
        plus=bool(positive) and all("+" in (cell["before"], cell["after"]) for cell in positive),
        sign_inside=bool(prefix) and any(cell["after"] for cell in cells),
        parentheses=any(cell["open"] for cell in cells),
        exponent=_exponent([exponent for exponent in exponents if exponent]) if all(exponents) else "",
    )


def _exponent(exponents: Sequence[str]) -> str:
    plus = "+" if any("+" in exponent for exponent in exponents) else ""
    width = min(len(exponent.lstrip("eE+-")) for exponent in exponents)
    return exponents[0][0] + plus + "0" * width
