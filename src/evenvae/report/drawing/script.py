"""The script of the page in one piece, and the sentence by which a browser runs no other."""

import base64
import hashlib
from importlib.resources import files

PIECES = ("svg", "numbers", "scales", "axes", "bars", "lines", "dots", "cells", "colours", "legend", "tip", "picture")
"""The files of this folder; together they define what `page.js` calls."""


def joined(page: str) -> str:
    """The scripts that draw and, after them, that of the page, in one scope of their own.

    Args:
        page: the script of the page.
    """
    folder = files("evenvae.report.drawing")
    pieces = [(folder / f"{name}.js").read_text(encoding="utf-8") for name in PIECES]
    return "\n".join(['"use strict";', "(() => {", *pieces, page, "})();", ""])


def trusted(script: str) -> str:
    """A content security policy that lets a page run this script and load nothing.

    Args:
        script: the text inside the script element.
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
