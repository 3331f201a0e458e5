"""When a column only names the rows."""

import re

MANY_ROWS = 50
"""A table with fewer rows never has an identifier."""
_NAME = re.compile(r"(^|[_\-. ])(id|uuid|guid|key|index|rownames?|nr|no)$|^unnamed|Id$|ID$", re.IGNORECASE)


def named_as_identifier(name: str) -> bool:
    """Whether the name of a column is one that identifiers usually have."""
    return _NAME.search(name) is not None
