"""What the tests of the sections share."""

from evenvae.report.parts import Figure, Table


def figures(section):
    return {part.name: part for part in section.parts if isinstance(part, Figure)}


def tables(section):
    return [part for part in section.parts if isinstance(part, Table)]
