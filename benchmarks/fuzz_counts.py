"""The counts of `tests/fuzz` as a table."""

from typing import Any

VERDICTS = ("refused", "answered", "failed")


def as_table(report: dict[str, Any]) -> str:
    """By what the inputs were, how many ended in a sentence, in an answer, and otherwise."""
    rows = ["| inputs | tried | refused | answered | failed |", "| --- | ---: | ---: | ---: | ---: |"]
    for group, counts in report["groups"].items():
        cells = [sum(counts.values()), *(counts.get(verdict, 0) for verdict in VERDICTS)]
        rows.append(f"| {group} | {' | '.join(f'{count:,}' for count in cells)} |")
    return "\n".join(rows)
