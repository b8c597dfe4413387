# SPDX-License-Identifier: Apache-2.0
"""From a PyTorch module to a `.mlir` file with its weights beside it."""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamtensor import lowering, safetensors
from streamtensor.dimensions import Dim
from streamtensor.errors import ExportError

if TYPE_CHECKING:
    import torch

Dynamic = Mapping[str, Mapping[int, Dim | str]]


def export(module: "torch.nn.Module", example_inputs: Any, path: str | os.PathLike[str],
           dynamic: Dynamic | None = None) -> Path:
    """Exports `module` to `path` (.mlir) through torch.export and Torch-MLIR, as linalg on tensors.

    Parameters, buffers and constant tensors become arguments of @main, whose values are in a safetensors file of the
    same name beside it. `example_inputs` is a tensor or a tuple of tensors, as forward() takes them. `dynamic` names
    the dimensions that are not fixed, by argument and position: {"x": {0: Dim("rows", max=512)}}; a string is a Dim
    with its default bounds.

    The module is exported as it stands: call .eval() first. Returns the path. Raises ValueError for wrong arguments
    and ExportError, which names the obstacle, where the module cannot be exported.
    """
    target = lowering.check_path(path)
    try:
        import torch
        import torch_mlir.ir  # noqa: F401
    except ImportError as error:
        raise ImportError(f"streamtensor.export needs torch and torch-mlir ({error}): pip install 'streamtensor[torch]'") from None
    if not isinstance(module, torch.nn.Module):
        raise ValueError(f"module is {type(module).__name__}; expected a torch.nn.Module")
    inputs = (example_inputs,) if isinstance(example_inputs, torch.Tensor) else tuple(example_inputs)
    for index, value in enumerate(inputs):
        if not isinstance(value, torch.Tensor):
            raise ValueError(f"example input {index} is {type(value).__name__}; expected a tensor (bind other arguments in a wrapper)")
    program = _program(module, inputs, dynamic or {})
    return _write(program, target)


def _names(module: "torch.nn.Module", inputs: Sequence[Any]) -> list[str]:
    """The argument of forward() that each input is."""
    try:
        bound = inspect.signature(module.forward).bind(*inputs)
    except TypeError as error:
        raise ValueError(f"example_inputs do not fit forward(): {error}") from None
    return list(bound.arguments)


def _shapes(names: Sequence[str], inputs: Sequence[Any], dynamic: Dynamic) -> tuple[dict[str, Any], dict[str, list[Dim | None]]]:
    """What torch.export takes as dynamic_shapes, and the dimensions of each input by its name."""
    import torch

    dims: dict[str, Dim] = {}
    symbols: dict[str, Any] = {}
    shapes: dict[str, Any] = dict.fromkeys(names)
    described: dict[str, list[Dim | None]] = {}
    for name, wanted in dynamic.items():
        if name not in shapes:
            raise ValueError(f"dynamic names '{name}'; forward() is given {', '.join(names)}")
        rank = inputs[names.index(name)].ndim
        shapes[name] = {}
        described[name] = [None] * rank
        for position, entry in wanted.items():
            dim = Dim(entry) if isinstance(entry, str) else entry
            if not 0 <= position < rank:
                raise ValueError(f"dynamic: '{name}' has {rank} dimensions; there is no dimension {position}")
            if dims.setdefault(dim.name, dim) != dim:
                raise ValueError(f"dynamic: dimension {dim.name} is given two bounds")
            symbols.setdefault(dim.name, torch.export.Dim(dim.name, min=dim.min, max=dim.max))
            shapes[name][position] = symbols[dim.name]
            described[name][position] = dim
    return shapes, described


def _program(module: "torch.nn.Module", inputs: tuple[Any, ...], dynamic: Dynamic) -> tuple[Any, dict[str, list[Dim | None]]]:
    import torch
    from torch_mlir.extras.fx_decomp_util import get_decomposition_table

    names = _names(module, inputs)
    shapes, described = _shapes(names, inputs, dynamic)
    # torch.export would merge a tensor that is passed twice into one argument.
    separate = tuple(value.detach().clone() for value in inputs)
    try:
        with torch.no_grad():
            program = torch.export.export(module, separate, dynamic_shapes=shapes if dynamic else None, strict=False)
            program = program.run_decompositions(get_decomposition_table())
    except Exception as error:  # torch raises many exception classes
        raise ExportError(f"torch.export: {error}") from None
    return program, described


def to_safetensors(name: str, value: "torch.Tensor") -> safetensors.Tensor:
    import torch

    dtypes = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
              torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
              torch.complex64: "C64"}
    if value.dtype not in dtypes:
        raise ExportError(f"weight '{name}' is {value.dtype}; expected one of {', '.join(map(str, dtypes))}")

    def data() -> memoryview:
        flat = value.detach().cpu().resolve_conj().contiguous().reshape(-1).view(torch.uint8)
        return memoryview(flat.numpy())

    return safetensors.Tensor(name, dtypes[value.dtype], tuple(value.shape), data)


class _Weights:
    """Tensors by name; one tensor under several names is kept once."""

    def __init__(self) -> None:
        self.tensors: dict[str, safetensors.Tensor] = {}
        self._names: dict[tuple[Any, ...], str] = {}

    def add(self, name: str, value: "torch.Tensor") -> str:
        key = (value.data_ptr(), value.dtype, tuple(value.shape), tuple(value.stride()))
        known = self._names.get(key) if value.numel() else None
        if known is None:
            self._names[key] = known = name
            self.tensors[name] = to_safetensors(name, value)
        return known


def check_outputs(signature: Any) -> list[str]:
    from torch.export.graph_signature import OutputKind, TensorArgument

    names = []
    for index, spec in enumerate(signature.output_specs):
        if spec.kind in (OutputKind.BUFFER_MUTATION, OutputKind.USER_INPUT_MUTATION):
            raise ExportError(f"forward() changes '{spec.target}'; a design keeps no state (is .eval() missing?)")
        if spec.kind != OutputKind.USER_OUTPUT or not isinstance(spec.arg, TensorArgument):
            raise ExportError(f"result {index} is {spec.arg}; expected tensors alone")
        names.append(f"output{index}")
    if not names:
        raise ExportError("forward() returns no tensor")
    return names


def _write(exported: tuple[Any, dict[str, list[Dim | None]]], path: Path) -> Path:
    from torch.export.graph_signature import InputKind
    from torch_mlir import ir
    from torch_mlir.dialects import torch as torch_dialect
    from torch_mlir.extras.fx_importer import FxImporter

    program, described = exported
    signature = program.graph_signature
    outputs = check_outputs(signature)
    values: dict[Any, Callable[[Any], Any]] = {
        InputKind.PARAMETER: lambda spec: program.state_dict[spec.target],
        InputKind.BUFFER: lambda spec: program.state_dict[spec.target] if spec.persistent else program.constants[spec.target],
        InputKind.CONSTANT_TENSOR: lambda spec: program.constants[spec.target],
    }
    weights = _Weights()
    arguments = []
    nodes = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    for spec in signature.input_specs:
        if spec.kind == InputKind.USER_INPUT:
            dimensions = tuple(described.get(spec.arg.name, ()))
            arguments.append(lowering.Argument(spec.arg.name, weight=False, dimensions=dimensions))
        elif spec.kind not in values:
            raise ExportError(f"argument '{spec.target}' is {spec.kind.name}; expected parameters, buffers, constants and inputs")
        elif not nodes[spec.arg.name].users:
            program.graph.erase_node(nodes[spec.arg.name])
        else:
            name = weights.add(spec.target, values[spec.kind](spec))
            arguments.append(lowering.Argument(name, weight=True))
    context = ir.Context()
    torch_dialect.register_dialect(context)
    importer = FxImporter(context=context)
    try:
        importer.import_stateless_graph(program.graph, func_name=lowering.ENTRY)
    except Exception as error:  # the importer raises many classes
        raise ExportError(f"Torch-MLIR cannot import this: {error}") from None
    lowering.lower(importer.module, "torch")
    return lowering.write(importer.module, path, arguments, outputs, weights.tensors)
