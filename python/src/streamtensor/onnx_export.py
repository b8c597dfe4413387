# SPDX-License-Identifier: Apache-2.0
"""From an ONNX file to a `.mlir` file with its weights beside it. Needs no PyTorch."""

import math
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from streamtensor import lowering, safetensors
from streamtensor.dimensions import Dim
from streamtensor.errors import ExportError

# Larger initializers leave the text. Smaller ones are often shapes, axes and bounds, which lowering must see.
MAX_INLINE_ITEMS = 64


def export_onnx(model: str | os.PathLike[str], path: str | os.PathLike[str],
                dims: Mapping[str, int | Dim] | None = None) -> Path:
    """Exports the ONNX file `model` to `path` (.mlir) as linalg on tensors, through Torch-MLIR.

    Initializers of more than 64 items become arguments of @main, whose values are in a safetensors file of the same
    name beside it. `dims` gives the dimensions that the file leaves open, by their name in the file, or as "input.0"
    where they have none: a size, or a Dim with bounds. `If` and `Loop` are folded where constants decide them.

    Returns the path. Raises ValueError for wrong arguments and ExportError, which names the obstacle, where the model
    cannot be exported.
    """
    target = lowering.check_path(path)
    try:
        import onnx
        import torch_mlir.ir  # noqa: F401
    except ImportError as error:
        raise ImportError(f"streamtensor.export_onnx needs onnx and torch-mlir ({error}): pip install 'streamtensor[onnx]'") from None
    from google.protobuf.message import DecodeError

    from streamtensor.onnx_folding import fold

    try:
        loaded = onnx.load(os.fspath(model))
        onnx.checker.check_model(loaded)
    except (DecodeError, onnx.checker.ValidationError, ValueError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ExportError(f"'{os.fspath(model)}' is not a valid ONNX model: {error}") from None
    if loaded.functions:
        raise ExportError(f"'{os.fspath(model)}' has its own functions, such as {loaded.functions[0].name}; inline them (onnx.inliner)")
    described = _set_dimensions(loaded.graph, dict(dims or {}))
    try:
        loaded = onnx.shape_inference.infer_shapes(loaded, data_prop=True)
        loaded = fold(loaded)
        loaded = onnx.shape_inference.infer_shapes(loaded, data_prop=True)
    except onnx.shape_inference.InferenceError as error:
        raise ExportError(f"shapes cannot be inferred: {error}") from None
    weights = _take_weights(loaded.graph)
    arguments = [lowering.Argument(value.name, value.name in weights, tuple(described.get(value.name, ())))
                 for value in loaded.graph.input]
    module = _import(loaded)
    return lowering.write(module, target, arguments, [value.name for value in loaded.graph.output], weights)


def _set_dimensions(graph: Any, dims: dict[str, int | Dim]) -> dict[str, list[Dim | None]]:
    """Fixes the open dimensions of `graph`. Returns the dimensions that stay open of each input, by name."""
    initialized = {initializer.name for initializer in graph.initializer}
    inputs = [value for value in graph.input if value.name not in initialized]
    # Initializers are not inputs, although IR versions before 4 list them.
    del graph.input[:]
    graph.input.extend(inputs)
    inputs = list(graph.input)
    described: dict[str, list[Dim | None]] = {}
    used = set()
    for value in inputs:
        if value.type.WhichOneof("value") != "tensor_type" or not value.type.tensor_type.HasField("shape"):
            raise ExportError(f"input '{value.name}' is not a tensor of known rank")
        shape = value.type.tensor_type.shape.dim
        for index, dim in enumerate(shape):
            if dim.HasField("dim_value"):
                continue
            name = dim.dim_param if dim.dim_param in dims or dim.dim_param.isidentifier() else f"{value.name}.{index}"
            if name not in dims and not name.isidentifier():
                raise ExportError(f"dimension {index} of input '{value.name}' is open; give it a size: dims={{\"{name}\": 1}}")
            used.add(name)
            wanted = dims.get(name) or Dim(name)
            if isinstance(wanted, int):
                if wanted < 1:
                    raise ValueError(f"dims: '{name}' is {wanted}; expected a positive size")
                dim.dim_value = wanted
            else:
                described.setdefault(value.name, [None] * len(shape))[index] = wanted
    unknown = sorted(set(dims) - used)
    if unknown:
        raise ValueError(f"dims names '{unknown[0]}'; open are {', '.join(sorted(used)) or 'none'}")
    # Stale: they were inferred for other sizes.
    del graph.value_info[:]
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")
    return described


def _take_weights(graph: Any) -> dict[str, safetensors.Tensor]:
    """Turns the large initializers of `graph`, and the values of its large Constant nodes, into inputs."""
    from onnx import helper

    small: list[Any] = []
    large: list[Any] = []
    for initializer in graph.initializer:
        (large if math.prod(initializer.dims) > MAX_INLINE_ITEMS else small).append(initializer)
    nodes = []
    for node in graph.node:
        value = next((a.t for a in node.attribute if a.name == "value" and node.op_type == "Constant"), None)
        if value is not None and math.prod(value.dims) > MAX_INLINE_ITEMS:
            value.name = node.output[0]
            large.append(value)
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input} | {value.name for value in graph.output}
    weights = {}
    inputs = []
    for tensor in large:
        if tensor.name not in used:
            continue
        dtype = _dtype(tensor)
        weights[tensor.name] = safetensors.Tensor(tensor.name, dtype, tuple(tensor.dims), partial(_data, tensor))
        inputs.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    graph.input.extend(inputs)
    small = [tensor for tensor in small if tensor.name in used]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(small)
    graph.node.extend(nodes)
    return weights


def _data(tensor: Any) -> bytes:
    from onnx import numpy_helper

    return bytes(numpy_helper.to_array(tensor).tobytes())


def _dtype(tensor: Any) -> str:
    from onnx import TensorProto as T

    dtypes = {T.DOUBLE: "F64", T.FLOAT: "F32", T.FLOAT16: "F16", T.BFLOAT16: "BF16", T.INT64: "I64", T.INT32: "I32",
              T.INT16: "I16", T.INT8: "I8", T.UINT8: "U8", T.BOOL: "BOOL"}
    if tensor.data_type not in dtypes:
        raise ExportError(f"initializer '{tensor.name}' is of type {T.DataType.Name(tensor.data_type)}, which cannot be exported")
    return dtypes[tensor.data_type]


def _import(model: Any) -> Any:
    from torch_mlir import ir
    from torch_mlir.dialects import torch as torch_dialect
    from torch_mlir.extras import onnx_importer

    model.graph.name = lowering.ENTRY
    context = ir.Context()
    torch_dialect.register_dialect(context)
    try:
        info = onnx_importer.ModelInfo(model)
        module = info.create_module(context=context)
        importer = onnx_importer.NodeImporter.define_function(info.main_graph, module.operation)
        importer.import_all()
    except Exception as error:  # the importer raises many classes
        raise ExportError(f"Torch-MLIR cannot import this: {error}") from None
    lowering.lower(module, "onnx")
    return module
