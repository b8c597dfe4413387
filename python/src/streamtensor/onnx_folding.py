# SPDX-License-Identifier: Apache-2.0
"""Folds what an ONNX graph decides by constants: small computations, `If` and `Loop`.

A branch that a constant chooses takes the place of its `If`; the body of a loop with constant trip count, once an
iteration, that of its `Loop`.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.reference
from onnx import helper, numpy_helper

from streamtensor.errors import ExportError

Array = npt.NDArray[Any]

MAX_CONSTANT_ITEMS = 1024
MAX_ITERATIONS = 1024
MAX_NODES = 100_000
_RANDOM = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial", "Dropout"}
_CONTROL = {"If", "Loop", "Scan"}


def fold(model: Any) -> Any:
    """The model without control flow. Raises ExportError, which names every node that cannot be folded."""
    folded = onnx.ModelProto()
    folded.CopyFrom(model)
    folder = _Folder(folded)
    folder.graph(model.graph)
    if folder.obstacles:
        raise ExportError("control flow that no constant decides: " + "; ".join(folder.obstacles))
    del folded.graph.node[:], folded.graph.initializer[:], folded.graph.value_info[:]
    folded.graph.node.extend(folder.nodes)
    folded.graph.initializer.extend(folder.initializers)
    return folded


def _attributes(node: Any) -> dict[str, Any]:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _shown(node: Any) -> str:
    return f"{node.op_type} '{node.name or ', '.join(node.output)}'"


class _Folder:
    """The nodes and initializers of one flat graph under construction, and the small values known in it."""

    def __init__(self, model: Any) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.obstacles: list[str] = []
        self._opsets = model.opset_import
        self._constants: dict[str, Array] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._scopes = itertools.count()

    def graph(self, graph: Any) -> None:
        for value in (*graph.input, *graph.value_info):
            self._learn_shape(value, value.name)
        self._add_initializers(graph, {})
        for node in graph.node:
            self._visit(node, {})

    def _learn_shape(self, value: Any, name: str) -> None:
        tensor = value.type.tensor_type
        if tensor.HasField("shape") and all(dim.HasField("dim_value") for dim in tensor.shape.dim):
            self._shapes[name] = tuple(dim.dim_value for dim in tensor.shape.dim)

    def _add_initializers(self, graph: Any, names: Mapping[str, str]) -> None:
        for initializer in graph.initializer:
            copy = onnx.TensorProto()
            copy.CopyFrom(initializer)
            copy.name = names.get(initializer.name, initializer.name)
            self.initializers.append(copy)
            self._shapes[copy.name] = tuple(copy.dims)
            if np.prod(copy.dims, dtype=np.int64) <= MAX_CONSTANT_ITEMS:
                self._constants[copy.name] = numpy_helper.to_array(copy)

    def _visit(self, original: Any, names: Mapping[str, str]) -> None:
        node = onnx.NodeProto()
        node.CopyFrom(original)
        node.input[:] = [names.get(name, name) for name in original.input]
        node.output[:] = [names.get(name, name) for name in original.output]
        if node.op_type == "If" and node.input[0] in self._constants:
            self._inline_branch(node, names)
        elif node.op_type == "Loop" and self._trips(node) is not None:
            self._unroll(node, names)
        elif node.op_type in _CONTROL:
            self.obstacles.append(_shown(node))
        elif len(self.nodes) >= MAX_NODES:
            raise ExportError(f"more than {MAX_NODES} nodes once control flow is folded")
        elif not self._evaluate(node):
            self.nodes.append(node)

    def _evaluate(self, node: Any) -> bool:
        """Computes a node of constants. True where integers or booleans take its place."""
        if len(node.output) != 1 or node.op_type in _RANDOM or node.domain not in ("", "ai.onnx"):
            return False
        if node.op_type == "Shape" and node.input[0] in self._shapes:
            attributes = _attributes(node)
            shape = self._shapes[node.input[0]]
            value = np.array(shape[attributes.get("start", 0):attributes.get("end", len(shape))], dtype=np.int64)
        elif all(name in self._constants for name in node.input if name):
            computed = self._compute(node)
            if computed is None:
                return False
            value = computed
        else:
            return False
        if value.size > MAX_CONSTANT_ITEMS:
            return False
        self._constants[node.output[0]] = value
        self._shapes[node.output[0]] = value.shape
        if value.dtype.kind not in "iub":
            return False
        self.initializers.append(numpy_helper.from_array(value, node.output[0]))
        return True

    def _compute(self, node: Any) -> Array | None:
        sizes = [self._constants[name] for name in node.input if name]
        if node.op_type in ("ConstantOfShape", "Expand", "Tile", "Range", "Resize", "Pad", "Loop") and any(
                abs(float(part)) > MAX_CONSTANT_ITEMS for size in sizes for part in size.reshape(-1).tolist()):
            return None  # its result, not its input, is large
        inputs = [helper.make_value_info(name, onnx.TypeProto()) for name in dict.fromkeys(node.input) if name]
        outputs = [helper.make_value_info(node.output[0], onnx.TypeProto())]
        model = helper.make_model(helper.make_graph([node], "one", inputs, outputs), opset_imports=self._opsets)
        try:
            feeds = {name: self._constants[name] for name in node.input if name}
            return np.asarray(onnx.reference.ReferenceEvaluator(model).run(None, feeds)[0])
        except Exception:  # the evaluator raises whatever a node's own code raises; then it stays
            return None

    def _inline(self, graph: Any, bound: Mapping[str, str], outputs: Sequence[str], names: Mapping[str, str]) -> None:
        """Adds a subgraph, whose inputs are named by `bound` and whose results become `outputs`."""
        scope = f"folded{next(self._scopes)}/"
        made = [name for node in graph.node for name in node.output if name]
        made += [initializer.name for initializer in graph.initializer]
        inner = {**names, **{name: scope + name for name in made}, **bound}
        for value in graph.value_info:
            self._learn_shape(value, inner.get(value.name, value.name))
        self._add_initializers(graph, inner)
        for node in graph.node:
            self._visit(node, inner)
        for value, output in zip(graph.output, outputs, strict=False):
            if output:
                self._visit(helper.make_node("Identity", [inner.get(value.name, value.name)], [output]), {})

    def _inline_branch(self, node: Any, names: Mapping[str, str]) -> None:
        attributes = _attributes(node)
        chosen = bool(self._constants[node.input[0]].reshape(-1)[0])
        self._inline(attributes["then_branch" if chosen else "else_branch"], {}, list(node.output), names)

    def _trips(self, node: Any) -> int | None:
        """The iterations of a loop that constants decide, None otherwise."""
        body = _attributes(node)["body"]
        count, go_on = (*node.input, "", "")[:2]
        # The condition must stay as it comes in; a loop that computes it ends when the data says.
        passed = {body.input[1].name}
        for inner in body.node:
            if inner.op_type == "Identity" and inner.input[0] in passed:
                passed.add(inner.output[0])
            value = _attributes(inner).get("value") if inner.op_type == "Constant" else None
            if value is not None and numpy_helper.to_array(value).all():
                passed.add(inner.output[0])
        if body.output[0].name not in passed or count not in self._constants:
            return None
        if go_on and go_on not in self._constants:
            return None
        if go_on and not self._constants[go_on].all():
            return 0
        trips = max(int(self._constants[count].reshape(-1)[0]), 0)
        if trips > MAX_ITERATIONS:
            raise ExportError(f"{_shown(node)} has {trips} iterations; at most {MAX_ITERATIONS} are unrolled")
        return trips

    def _unroll(self, node: Any, names: Mapping[str, str]) -> None:
        body = _attributes(node)["body"]
        trips = self._trips(node) or 0
        carried = list(node.input[2:])
        scans: list[list[str]] = [[] for _ in node.output[len(carried):]]
        if scans and trips == 0:
            self.obstacles.append(f"{_shown(node)} of no iterations with scanned results")
            return
        prefix = f"loop{next(self._scopes)}/"
        true = prefix + "condition"
        self._constant(true, np.array(True))
        for trip in range(trips):
            iteration = f"{prefix}{trip}/"
            self._constant(iteration + "index", np.array(trip, dtype=np.int64))
            bound = dict(zip((value.name for value in body.input), [iteration + "index", true, *carried], strict=True))
            results = [f"{iteration}{index}" for index in range(len(body.output) - 1)]
            self._inline(body, bound, ["", *results], names)
            carried = results[:len(carried)]
            for index, result in enumerate(results[len(carried):]):
                self._constant(f"{iteration}axis{index}", np.array([0], dtype=np.int64))
                self._visit(helper.make_node("Unsqueeze", [result, f"{iteration}axis{index}"], [f"{result}/row"]), {})
                scans[index].append(f"{result}/row")
        for value, output in zip(carried, node.output, strict=False):
            if output:
                self._visit(helper.make_node("Identity", [value], [output]), {})
        for rows, output in zip(scans, node.output[len(carried):], strict=True):
            if output:
                self._visit(helper.make_node("Concat", rows, [output], axis=0), {})

    def _constant(self, name: str, value: Array) -> None:
        self.initializers.append(numpy_helper.from_array(value, name))
        self._constants[name] = value
        self._shapes[name] = value.shape
