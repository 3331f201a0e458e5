"""How the figures of the report, which are data, become pictures in the page: the words of a figure, and the script.

The scripts beside this file draw in the browser, one kind of mark in a file, and need no library.
"""

from evenvae.report.drawing.packing import packed
from evenvae.report.drawing.script import joined, trusted
from evenvae.report.drawing.vocabulary import drawn

__all__ = ["drawn", "joined", "packed", "trusted"]
