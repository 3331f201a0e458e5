"""Content in memory that belongs to Arrow."""

import pyarrow as pa


def arrow_buffer(content: bytes) -> pa.Buffer:
    """The content in memory of Arrow's own, for a `pyarrow.BufferReader`.

    Arrow's threads let go of a file a moment after its table is there. Where the file is an object of Python, they need
    the interpreter for that, and a process that was just about to end was aborted.
    """
    stream = pa.BufferOutputStream()
    stream.write(content)
    return stream.getvalue()
