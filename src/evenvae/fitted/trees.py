"""Regression trees as plain arrays: small, quick to ask, and checked when they are read from a file.

Trees that were grown by a library are kept in the library's own format by most. Reading that is up to a parser that
trusts its input, and asking them needs the library. Arrays need neither: a saved model that holds them is data, as
everything else in it.
"""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from evenvae.errors import InputError

PLACES = 2**20
"""Pairs of a row and a tree that are followed at once, which bounds memory."""
NAMES = ("feature", "threshold", "left", "missing_left", "value", "roots")


@dataclasses.dataclass(frozen=True, eq=False)
class Trees:
    """Trees whose leaves are summed, for one output or several.

    A node sends a row to its child ``left`` where the feature is at most the threshold, and to the node after that
    otherwise; ``missing_left`` says where a row goes that lacks the feature. Children stand behind their parent. A leaf
    is its own left child.

    Attributes:
        feature: that a node asks for, by its number.
        threshold: infinite at leaves.
        left: number of the left child.
        missing_left: whether NaN goes left; True at leaves.
        value: what a leaf adds.
        roots: the first node of every tree; tree t adds to output ``t % outputs``.
        outputs: number of sums.
    """

    feature: Int[np.ndarray, " nodes"]
    threshold: Float[np.ndarray, " nodes"]
    left: Int[np.ndarray, " nodes"]
    missing_left: Bool[np.ndarray, " nodes"]
    value: Float[np.ndarray, " nodes"]
    roots: Int[np.ndarray, " trees"]
    outputs: int

    @classmethod
    def of_lightgbm(cls, structures: Sequence[Mapping[str, Any]], outputs: int, share: float = 1.0) -> "Trees":
        """From the ``tree_structure`` of every tree, as ``Booster.dump_model`` of LightGBM gives them.

        Args:
            structures: the trees, those of an iteration side by side.
            outputs: number of sums.
            share: by which every leaf is multiplied, as for the mean of several models.
        """
        rows: list[list[Any]] = []
        roots = []
        for structure in structures:
            roots.append(len(rows))
            rows.append([])
            waiting: list[tuple[Mapping[str, Any], int]] = [(structure, roots[-1])]
            while waiting:
                node, place = waiting.pop()
                if "split_feature" not in node:
                    rows[place] = [0, np.inf, place, True, share * node["leaf_value"]]
                    continue
                threshold = float(node["threshold"])
                # where training had no missing cell, LightGBM takes one for 0
                missing_left = node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0.0
                rows[place] = [node["split_feature"], threshold, len(rows), bool(missing_left), 0.0]
                waiting += [(node["left_child"], len(rows)), (node["right_child"], len(rows) + 1)]
                rows += [[], []]
        feature, threshold, left, missing_left, value = zip(*rows, strict=True)
        return cls(
            np.array(feature, np.int32),
            np.array(threshold, np.float64),
            np.array(left, np.int32),
            np.array(missing_left, bool),
            np.array(value, np.float64),
            np.array(roots, np.int32),
            outputs,
        )

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray], outputs: int) -> "Trees":
        """From the arrays by name."""
        feature, threshold, left, missing_left, value, roots = (arrays[name] for name in NAMES)
        return cls(feature, threshold, left, missing_left, value, roots, outputs)

    @classmethod
    def joined(cls, forests: Sequence["Trees"]) -> "Trees":
        """The trees of all, whose sums are added."""
        outputs = forests[0].outputs
        starts = np.cumsum([0] + [len(forest.left) for forest in forests[:-1]])
        moved = [
            dataclasses.replace(
                forest, left=(forest.left + start).astype(np.int32), roots=(forest.roots + start).astype(np.int32)
            )
            for forest, start in zip(forests, starts, strict=True)
        ]
        return cls.of_arrays({name: np.concatenate([getattr(one, name) for one in moved]) for name in NAMES}, outputs)

    @functools.cached_property
    def depth(self) -> int:
        """Steps from a root to the deepest leaf."""
        steps, nodes = 0, self.roots
        while True:
            nodes = nodes[self.left[nodes] != nodes]
            if not len(nodes):
                return steps
            nodes = np.concatenate([self.left[nodes], self.left[nodes] + 1])
            steps += 1

    def sums(self, features: Float[np.ndarray, "rows F"]) -> Float[np.ndarray, "rows outputs"]:
        """The sum of the leaves that every row reaches, by output."""
        size = max(1, PLACES // max(1, len(self.roots)))
        parts = [self._sums(features[start : start + size]) for start in range(0, len(features), size)]
        return np.concatenate(parts) if parts else np.zeros((0, self.outputs))

    def _sums(self, features: Float[np.ndarray, "rows F"]) -> Float[np.ndarray, "rows outputs"]:
        rows = np.arange(len(features))[:, None]
        node = np.broadcast_to(self.roots, (len(features), len(self.roots)))
        for _ in range(self.depth):
            asked = features[rows, self.feature[node]]
            right = np.where(np.isnan(asked), ~self.missing_left[node], asked > self.threshold[node])
            node = self.left[node] + right
        return self.value[node].reshape(len(features), -1, self.outputs).sum(axis=1)

    def check(self, features: int) -> None:
        """Refuse arrays that are no trees of so many ``features``, so that no row is led astray or round in circles.

        Raises:
            InputError: they are none.
        """
        if not (self._shaped() and self._led(features)):
            raise InputError("The file of the model holds trees that do not fit its columns: save the model again.")

    def _shaped(self) -> bool:
        """Whether the arrays have the shapes and types of trees."""
        arrays = [getattr(self, name) for name in NAMES]
        return (
            all(array.shape == self.left.shape for array in arrays[:-1])
            and self.left.ndim == self.roots.ndim == 1
            and [array.dtype.kind for array in arrays] == list("ifibfi")
            and self.outputs > 0
            and len(self.roots) % self.outputs == 0
        )

    def _led(self, features: int) -> bool:
        """Whether every row ends at a leaf."""
        own = np.arange(len(self.left))
        leaf = self.left == own
        return bool(
            ((self.roots >= 0) & (self.roots < len(own))).all()
            and ((self.feature >= 0) & (self.feature < features)).all()
            and (leaf | ((self.left > own) & (self.left < len(own) - 1))).all()
            and (self.missing_left & (self.threshold == np.inf))[leaf].all()
            and np.isfinite(self.value).all()
            and not np.isnan(self.threshold).any()
        )
