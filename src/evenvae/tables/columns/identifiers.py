"""When a column only names the rows."""

import re

MANY_ROWS = 50
"""A table with fewer rows never has an identifier."""
_THINGS = (
    "account|case|client|cust|customer|device|employee|event|household|item|member|object|order|patient|person|product|"
    "record|row|sample|session|store|student|subject|ticket|transaction|user"
)
_NAME = re.compile(
    rf"(^|[_\-. ])(id|[ugpsot]id|uuid|guid|key|index|rownames?|nr|no)$|^unnamed|^({_THINGS})id$", re.IGNORECASE
)
_CAMEL = re.compile(r"(?<=[a-z\d])(Id|ID|Key|UUID|Guid)$")
"""In camel case, a capital letter begins the last word, so that ``paid`` and ``bid`` are no names of identifiers."""


def named_as_identifier(name: str) -> bool:
    """Whether the name of a column is one that identifiers usually have."""
    return bool(_NAME.search(name) or _CAMEL.search(name))
