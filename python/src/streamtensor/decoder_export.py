# SPDX-License-Identifier: Apache-2.0
"""From a decoder written in PyTorch to a folder that `streamtensorc compile` takes.

The folder holds one step of the decoder over its KV cache as linalg (step.mlir), the weights (model.safetensors), the
tokenizer's files and decoder.json. docs/python.md describes them and the module's signature.
"""

import contextlib
import copy
import json
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamtensor import lowering, safetensors
from streamtensor.decoder_operators import CacheShape
from streamtensor.errors import ExportError

if TYPE_CHECKING:
    import torch

FORMAT_VERSION = 1
WEIGHTS = "model.safetensors"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja", "special_tokens_map.json")
# Rows of the example step and of its cache. Neither may be 1; the compiler finds the rows by following them.
_STEP_TOKENS = 11
_CACHE_TOKENS = 32
_FAMILIES = ("llama", "qwen2", "gpt2")
_OPERATOR = "torch.streamtensor."
_WRAPPED = "model_."  # what decoder_families.step() puts before the model's own names
# The backend pipeline without its last check, which knows no calls.
_LINALG_PASSES = (
    "builtin.module(func.func(torch-restructure-non-constant-axes,torch-fuse-quantized-ops,"
    "convert-torch-to-tmtensor{allow-non-finites=true},canonicalize,convert-torch-to-linalg{allow-non-finites=true},"
    "canonicalize,convert-torch-to-scf,convert-torch-to-arith,convert-torch-to-tensor),"
    "convert-torch-conversion-to-mlprogram,func.func(memref-expand,canonicalize,resolve-shaped-type-result-dims,cse),"
    "torch-func-backend-type-conversion,func.func(canonicalize,torch-finalizing-backend-type-conversion,canonicalize,cse))")
_TORCH_PASSES = ("builtin.module(func.func(torch-match-quantized-custom-ops),"
                 "torchdynamo-export-to-torch-backend-pipeline{extra-library=})")


def export_decoder(model: "torch.nn.Module", tokenizer: Any, path: str | os.PathLike[str], *,
                   cache: CacheShape | None = None, context: int | None = None) -> Path:
    """Exports one step of `model` with its KV cache to the folder `path`, which `streamtensor.compile` takes.

    `model` is a LlamaForCausalLM, Qwen2ForCausalLM or GPT2LMHeadModel of transformers, or a module of your own whose
    forward(ids, positions, k_cache, v_cache) gives (logits, k_new, v_new) and calls `streamtensor.cached_attention` and
    `streamtensor.decoder_layer` (docs/python.md). Such a module also needs `cache`, the shape of its KV cache, and
    `context`, the positions that its tables have.

    `tokenizer` is a tokenizer of transformers, or a folder with tokenizer.json. The model is exported as it stands, in
    float32: call .eval() first. Returns the folder. Raises ValueError for wrong arguments and ExportError, which names the
    obstacle, where the model cannot be exported.
    """
    try:
        import torch
        import torch_mlir.ir  # noqa: F401
    except ImportError as error:
        raise ImportError(f"streamtensor.export_decoder needs torch and torch-mlir ({error}): pip install 'streamtensor[torch]'") from None
    if not isinstance(model, torch.nn.Module):
        raise ValueError(f"model is {type(model).__name__}; expected a torch.nn.Module")
    if model.training:
        raise ValueError("model is in training mode; call .eval() first")
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"path is '{folder}', a file; expected a folder, new or not")
    family = getattr(getattr(model, "config", None), "model_type", None)
    originals = {name: value for name, value in _tensors(model)}
    if any(value.is_floating_point() and value.dtype != torch.float32 for value in originals.values()):
        model = copy.deepcopy(model).float()
    if family is None:
        if cache is None or context is None:
            raise ValueError("a module of your own needs `cache` (a streamtensor.CacheShape) and `context` (positions)")
        step: Any = contextlib.nullcontext(model)
        description: dict[str, Any] = {"model_type": "module"}
    elif family in _FAMILIES:
        from streamtensor import decoder_families

        if cache is not None:
            raise ValueError("`cache` is for modules of your own; a model of transformers says its shape itself")
        cache = decoder_families.cache_shape(model.config)
        trained = decoder_families.context(model.config)
        context = trained if context is None else context
        if not 1 <= context <= trained:
            raise ValueError(f"context is {context}; expected 1 to {trained}, the positions the model was trained for")
        step = decoder_families.step(model, context)
        description = {"model_type": family} | decoder_families.description(model.config)
    else:
        raise ExportError(f"the model is of type '{family}'; known are {', '.join(_FAMILIES)}, and modules without `config`")
    if not 1 < context < 2**31:
        raise ValueError(f"context is {context}; expected at least 2 positions")
    with step as module, torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = _program(module, cache, context)
        lowered, arguments, weights = _lower(program, module, originals)
    folder.mkdir(parents=True, exist_ok=True)
    sha256 = safetensors.write(folder / WEIGHTS, weights)
    lowering.describe(lowered, arguments, ["logits", "k_new", "v_new"], WEIGHTS, sha256)
    lowered.operation.verify()
    _write_tokenizer(tokenizer, folder)
    _write_text(folder / "step.mlir", lowered.operation.get_asm(enable_debug_info=False))
    described = {"format": "streamtensor-decoder", "version": FORMAT_VERSION, "context": context, **description}
    _write_text(folder / "decoder.json", json.dumps(described, indent=2) + "\n")
    return folder


def _tensors(module: "torch.nn.Module") -> Iterator[tuple[str, "torch.Tensor"]]:
    yield from module.named_parameters(remove_duplicate=False)
    yield from module.named_buffers(remove_duplicate=False)


def _program(module: "torch.nn.Module", cache: CacheShape, context: int) -> Any:
    import torch
    from torch_mlir.extras.fx_decomp_util import get_decomposition_table

    shape = (cache.layers, _CACHE_TOKENS, cache.kv_heads, cache.head_dim)
    tokens = min(_STEP_TOKENS, context)
    ids = torch.zeros(tokens, dtype=torch.int32)
    positions = torch.arange(tokens, dtype=torch.int32)
    # Two tensors: torch.export would merge one that is passed twice.
    inputs = (ids, positions, torch.zeros(shape), torch.zeros(shape))
    try:
        program = torch.export.export(module, inputs, strict=False)
        return program.run_decompositions(get_decomposition_table())
    except ExportError:
        raise
    except Exception as error:  # torch raises many exception classes
        raise ExportError(f"torch.export: {error}") from None


def _lower(program: Any, module: "torch.nn.Module",
           originals: dict[str, "torch.Tensor"]) -> tuple[Any, list[lowering.Argument], list[safetensors.Tensor]]:
    """The module as linalg, its arguments, and the weights that it reads: in the type that the model has them in."""
    from torch.export.graph_signature import InputKind
    from torch_mlir import ir
    from torch_mlir.dialects import torch as torch_dialect
    from torch_mlir.extras.fx_importer import FxImporter
    from torch_mlir.passmanager import PassManager

    from streamtensor.torch_export import check_outputs, to_safetensors

    signature = program.graph_signature
    outputs = check_outputs(signature)
    if len(outputs) != 3:
        raise ExportError(f"forward() returns {len(outputs)} tensors; expected logits, k_new and v_new")
    values: dict[Any, Callable[[Any], Any]] = {
        InputKind.PARAMETER: lambda spec: program.state_dict[spec.target],
        InputKind.BUFFER: lambda spec: program.state_dict[spec.target] if spec.persistent else program.constants[spec.target],
        InputKind.CONSTANT_TENSOR: lambda spec: program.constants[spec.target],
    }
    weights: dict[str, safetensors.Tensor] = {}
    # A tensor under several names (a tied head) has the first that the module gives it.
    known: dict[Any, str] = {}
    for name, value in _tensors(module):
        known.setdefault(_identity(value), name.removeprefix(_WRAPPED))
    arguments = []
    nodes = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    inputs = iter(("ids", "positions", "k_cache", "v_cache"))
    for spec in signature.input_specs:
        if spec.kind == InputKind.USER_INPUT:
            arguments.append(lowering.Argument(next(inputs), weight=False))
        elif spec.kind not in values:
            raise ExportError(f"argument '{spec.target}' is {spec.kind.name}; expected parameters, buffers, constants and inputs")
        elif not nodes[spec.arg.name].users:
            program.graph.erase_node(nodes[spec.arg.name])
        else:
            value = values[spec.kind](spec)
            name = known.setdefault(_identity(value), spec.target.removeprefix(_WRAPPED))
            if name not in weights:
                original = originals.get(name)
                weights[name] = to_safetensors(name, value if original is None else original)
            arguments.append(lowering.Argument(name, weight=True))
    context = ir.Context()
    torch_dialect.register_dialect(context)
    importer = FxImporter(context=context)
    try:
        importer.import_stateless_graph(program.graph, func_name=lowering.ENTRY)
        lowered = importer.module
        _call_operators(lowered)
        with context:
            for pipeline in (_TORCH_PASSES, _LINALG_PASSES):
                PassManager.parse(pipeline).run(lowered.operation)
    except ExportError:
        raise
    except Exception as error:  # the importer and the bindings raise many classes
        raise ExportError(f"Torch-MLIR cannot lower this to linalg: {error}") from None
    for operation in list(lowered.body.operations):
        if operation.operation.name == "ml_program.global":
            operation.operation.erase()
    return lowered, arguments, list(weights.values())


def _identity(value: "torch.Tensor") -> tuple[Any, ...]:
    return value.data_ptr(), value.dtype, tuple(value.shape), tuple(value.stride())


def _call_operators(module: Any) -> None:
    """Makes our operators calls of private functions, which pass through Torch-MLIR's pipelines unchanged."""
    from torch_mlir import ir
    from torch_mlir.dialects import func

    operators: list[Any] = []

    def visit(block: Any) -> None:
        for operation in block.operations:
            if operation.operation.name == "torch.operator":
                operators.append(operation.operation)
            for region in operation.regions:
                for inner in region:
                    visit(inner)

    visit(module.body)
    declared: dict[Any, str] = {}
    with module.context, ir.Location.unknown():
        for operation in operators:
            name = ir.StringAttr(operation.attributes["name"]).value
            if not name.startswith(_OPERATOR):
                raise ExportError(f"the model uses the operator {name.removeprefix('torch.')}, which Torch-MLIR does not know")
            operands = list(operation.operands)
            types = [value.type for value in operands]
            results = [value.type for value in operation.results]
            key = (name, *map(str, types), *map(str, results))
            if key not in declared:
                base = "streamtensor_" + name.removeprefix(_OPERATOR).split(".")[0]
                taken = sum(other.startswith(base) for other in declared.values())
                declared[key] = f"{base}_{taken}" if taken else base
                with ir.InsertionPoint.at_block_begin(module.body):
                    func.FuncOp(declared[key], ir.FunctionType.get(types, results), visibility="private")
            with ir.InsertionPoint(operation):
                call = func.CallOp(results, ir.FlatSymbolRefAttr.get(declared[key]), operands)
            for old, new in zip(operation.results, call.operation.results, strict=True):
                old.replace_all_uses_with(new)
            operation.erase()


def _write_tokenizer(tokenizer: Any, folder: Path) -> None:
    if isinstance(tokenizer, str | os.PathLike):
        source = Path(tokenizer)
        if not (source / "tokenizer.json").is_file():
            raise ValueError(f"tokenizer is '{source}'; expected a folder with tokenizer.json")
        for name in TOKENIZER_FILES:
            if (source / name).is_file() and source.resolve() != folder.resolve():
                shutil.copyfile(source / name, folder / name)
    elif hasattr(tokenizer, "save_pretrained"):
        tokenizer.save_pretrained(folder)
    else:
        raise ValueError(f"tokenizer is {type(tokenizer).__name__}; expected a tokenizer of transformers or a folder")
    if not (folder / "tokenizer.json").is_file():
        raise ExportError("the tokenizer saved no tokenizer.json; use a fast tokenizer")


def _write_text(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
