"""The report: one HTML file that shows what a model learned of a table, and what it overlooks."""

from evenvae.report.evidence import Evidence, gather
from evenvae.report.page import build, check_installed, render, write_report

__all__ = ["Evidence", "build", "check_installed", "gather", "render", "write_report"]
