"""The names that JAX's own types take from jaxlib's compiled module, which ships no types."""

from typing import Any

class Device: ...

class pytree:
    class PyTreeDef:
        def flatten_up_to(self, tree: Any, /) -> list[Any]: ...
