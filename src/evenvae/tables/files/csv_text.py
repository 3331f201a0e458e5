"""Delimited text cut into fields, such that single fields can be replaced and all other bytes stay as they are."""

import dataclasses
import io
import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from evenvae.errors import InputError
from evenvae.io.watching import tell

DELIMITERS = (",", ";", "\t", "|")
TOLD = 4096
"""Records after which it is told how far they are (`evenvae.io.watching`)."""


@dataclasses.dataclass(frozen=True)
class Document:
    """A text that was cut into fields.

    Attributes:
        text: the whole text.
        delimiter: what separates the fields.
        header: the names of the columns.
        rows: the values of the fields of each row, without quotes and without blanks around them.
        spans: where each field begins and ends in ``text``.
    """

    text: str
    delimiter: str
    header: list[str]
    rows: list[list[str]]
    spans: list[list[tuple[int, int]]]

    def patched(self, replacements: Mapping[tuple[int, int], str]) -> str:
        """The text with new values in the given (row, column) fields, in quotes only where they need them."""
        out, last = io.StringIO(), 0
        for (row, place), value in sorted(replacements.items()):
            start, stop = self.spans[row][place]
            out.write(self.text[last:start])
            out.write(self._replaced(self.text[start:stop], value))
            last = stop
        out.write(self.text[last:])
        return out.getvalue()

    def _replaced(self, old: str, value: str) -> str:
        lead = old[: len(old) - len(old.lstrip(" "))]
        quoted = old.strip().startswith('"')
        if quoted or value != value.strip(" ") or any(c in value for c in (self.delimiter, *'"\r\n')):
            value = '"' + value.replace('"', '""') + '"'
        return lead + value


def parse(text: str, path: str | Path, delimiter: str | None = None, skipped: int = 0) -> Document:
    """Cut delimited text into fields.

    Args:
        text: the text, with a header.
        path: where it comes from, for messages.
        delimiter: None for the most frequent one of the header.
        skipped: lines of the file between the header and the first row of the text, for messages.

    Raises:
        InputError: a row has too few or too many fields, or a quote is not closed; the message names the line.
    """
    first = first_record(text)
    delimiter = delimiter or find_delimiter(first)
    records = list(_records(text, delimiter, path, skipped))
    header = [_value(text[a:b]) for a, b in records[0][1]]
    rows, spans = [], []
    for line, fields in records[1:]:
        if len(fields) == 1 and len(header) > 1 and not text[fields[0][0] : fields[0][1]].strip():
            continue
        if len(fields) != len(header):
            raise InputError(
                f"{path}, line {line + skipped}: {len(fields)} fields where the header has {len(header)} "
                f"(delimiter {delimiter!r}); correct that line."
            )
        rows.append([_value(text[a:b]) for a, b in fields])
        spans.append(fields)
    return Document(text, delimiter, header, rows, spans)


def _value(field: str) -> str:
    field = field.strip(" ")
    if len(field) >= 2 and field[0] == '"' and field[-1] == '"':
        return field[1:-1].replace('""', '"')
    return field


def first_record(text: str) -> str:
    """The header, which may hold line ends inside quotes."""
    quoted = False
    for place, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character in "\r\n" and not quoted:
            return text[:place]
    return text


def find_delimiter(header: str) -> str:
    """The delimiter that is most frequent in a header, outside quotes."""
    bare = re.sub(r'"[^"]*"', "", header)
    counts = {delimiter: bare.count(delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: counts[delimiter])
    return best if counts[best] else ","


def _records(text: str, delimiter: str, path: str | Path, skipped: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """The line number and the spans of the fields of every record."""
    field = re.compile(rf' *"(?:[^"]|"")*" *(?=[{re.escape(delimiter)}\r\n]|$)|[^{re.escape(delimiter)}\r\n]*')
    place, line, end = 0, 1, len(text)
    for number in itertools.count():
        if number and number % TOLD == 0:
            tell("going through the text", place, end)
        if place >= end:
            return
        started, fields = line, []
        while True:
            match = field.match(text, place)
            assert match is not None
            if text[place : match.end()].lstrip(" ").startswith('"') and not match[0].rstrip(" ").endswith('"'):
                raise InputError(
                    f"{path}, line {started + skipped}: a quote is opened and never closed; correct that line."
                )
            fields.append(match.span())
            line += match[0].count("\n")
            place = match.end()
            if place < end and text[place] == delimiter:
                place += 1
                continue
            break
        if place < end:
            place += 2 if text.startswith("\r\n", place) else 1
            line += 1
        yield started, fields
