# SPDX-License-Identifier: Apache-2.0
"""The Torch-MLIR part that PyTorch and ONNX share: lower a module to linalg, describe its function, write the files.

The contract of the files is in docs/python.md. Needs torch-mlir, and no torch.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamtensor import safetensors
from streamtensor.dimensions import Dim
from streamtensor.errors import ExportError

ENTRY = "main"
MAX_TEXT_BYTES = 1 << 30  # of streamtensorc
_TORCH_PASSES = ("builtin.module(func.func(torch-match-quantized-custom-ops),"
                 "torchdynamo-export-to-torch-backend-pipeline{extra-library=})")
_ONNX_PASSES = "builtin.module(torch-onnx-to-torch-backend-pipeline)"
_LINALG_PASSES = "builtin.module(torch-backend-to-linalg-on-tensors-backend-pipeline{allow-non-finites=true})"


@dataclass(frozen=True)
class Argument:
    """An argument of @main: an input, or a weight whose tensor is in the safetensors file."""

    name: str
    weight: bool
    dimensions: tuple[Dim | None, ...] = ()


def lower(module: Any, front: str) -> None:
    """Lowers `module`, as an importer made it from "torch" or "onnx", to linalg on tensors, in place."""
    from torch_mlir.passmanager import PassManager

    first = _TORCH_PASSES if front == "torch" else _ONNX_PASSES
    for pipeline in (first, _LINALG_PASSES):
        try:
            with module.context:
                PassManager.parse(pipeline).run(module.operation)
        except Exception as error:  # the bindings' own class, and RuntimeError before it
            raise ExportError(f"Torch-MLIR cannot lower this to linalg: {error}") from None


def _entry(module: Any) -> Any:
    for operation in module.body.operations:
        if operation.operation.name == "func.func" and operation.name.value == ENTRY:
            return operation
    raise ExportError(f"the lowered module has no function @{ENTRY}")


def describe(module: Any, arguments: Sequence[Argument], outputs: Sequence[str], weights_file: str, sha256: str) -> None:
    """Sets the attributes that name inputs, weights, outputs, dimensions and the weights' file."""
    from torch_mlir import ir

    with module.context, ir.Location.unknown():
        function = _entry(module)
        text = ir.StringAttr.get
        i64: Any = ir.IntegerType.get_signless(64)
        attributes = []
        symbols: dict[str, Any] = {}
        for argument in arguments:
            values = {"streamtensor.weight" if argument.weight else "streamtensor.input": text(argument.name)}
            if any(argument.dimensions):
                names = [text(dim.name if dim else "") for dim in argument.dimensions]
                values["streamtensor.dimensions"] = ir.ArrayAttr.get(names)
                symbols |= {dim.name: ir.ArrayAttr.get([ir.IntegerAttr.get(i64, size) for size in (dim.min, dim.max)]) for dim in argument.dimensions if dim}
            attributes.append(ir.DictAttr.get(values))
        function.attributes["arg_attrs"] = ir.ArrayAttr.get(attributes)
        function.attributes["res_attrs"] = ir.ArrayAttr.get(
            [ir.DictAttr.get({"streamtensor.output": text(name)}) for name in outputs])
        whole = module.operation.attributes
        if any(argument.weight for argument in arguments):
            whole["streamtensor.weights"] = text(weights_file)
            whole["streamtensor.weights_sha256"] = text(sha256)
        if symbols:
            whole["streamtensor.dimensions"] = ir.DictAttr.get(symbols)


def write(module: Any, path: Path, arguments: Sequence[Argument], outputs: Sequence[str],
          weights: Mapping[str, safetensors.Tensor]) -> Path:
    """Writes `path`, and beside it the safetensors file where there are weights. Returns `path`."""
    weights_path = path.with_suffix(".safetensors")
    sha256 = safetensors.write(weights_path, list(weights.values())) if weights else ""
    describe(module, arguments, outputs, weights_path.name, sha256)
    module.operation.verify()
    text = module.operation.get_asm(enable_debug_info=False)
    if len(text) > MAX_TEXT_BYTES:
        raise ExportError(f"the module's text would have {len(text)} bytes; streamtensorc reads at most {MAX_TEXT_BYTES}")
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def check_path(path: str | os.PathLike[str]) -> Path:
    checked = Path(path)
    if checked.suffix != ".mlir":
        raise ValueError(f"path is '{checked}'; expected a name that ends in .mlir")
    if not checked.parent.is_dir():
        raise ValueError(f"path is '{checked}', whose folder does not exist")
    return checked
