# SPDX-License-Identifier: Apache-2.0
"""Calls streamtensorc: compile a model, run what it compiled.

The program is $STREAMTENSOR_COMPILER, or `streamtensorc` on PATH.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from streamtensor.errors import CompilerError

Array = npt.NDArray[Any]
PathLike = str | os.PathLike[str]


def find_compiler() -> str:
    """The path of streamtensorc. Raises CompilerError where there is none."""
    named = os.environ.get("STREAMTENSOR_COMPILER")
    found = shutil.which(named or "streamtensorc")
    if found:
        return found
    if named:
        raise CompilerError(f"STREAMTENSOR_COMPILER is '{named}', which is not a program")
    raise CompilerError("streamtensorc is not on PATH; add its folder, or set STREAMTENSOR_COMPILER to its path")


def _call(arguments: list[str]) -> str:
    done = subprocess.run([find_compiler(), *arguments], capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        said = done.stderr.strip() or f"streamtensorc ended with code {done.returncode} and said nothing"
        raise CompilerError(said, done.returncode)
    return done.stdout


def _options(options: Mapping[str, object]) -> list[str]:
    """Keyword arguments as options: `step_tokens=8` is `--step-tokens 8`, True is a flag, None and False nothing."""
    arguments = []
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is True:
            arguments.append(option)
        elif value is not None and value is not False:
            arguments.append(f"{option}={os.fspath(value) if isinstance(value, os.PathLike) else value}")
    return arguments


def compile(path: PathLike, output: PathLike, **options: object) -> Path:
    """Compiles a model to the artifact folder `output`, and returns its path.

    `path` is a `.mlir`, `.gguf` or `.onnx` file or a Hugging Face folder; an `.onnx` file is exported first and needs
    streamtensor[onnx]. Further keywords are the options of `streamtensorc compile`, such as `platform="u280"` or
    `step_tokens=8`. Raises CompilerError with what the compiler said.
    """
    source = Path(path)
    if source.suffix != ".onnx":
        # A path that begins with a dash is still a path.
        _call(["compile", *_options(options), "-o", os.path.abspath(output), os.path.abspath(source)])
        return Path(output)
    from streamtensor.onnx_export import export_onnx

    with tempfile.TemporaryDirectory(prefix="streamtensor-") as folder:
        exported = export_onnx(source, Path(folder) / f"{source.stem}.mlir")
        return compile(exported, output, **options)


_DTYPES = {"float32", "float16", "float64", "bool", "int8", "uint8", "int16", "int32", "int64", "complex64"}


def _input(array: npt.ArrayLike, index: int) -> Array:
    """An input as the program takes it. Refuses what no module has."""
    value = np.asarray(array)
    if value.dtype.name not in _DTYPES and value.dtype != np.dtype("V2"):
        raise ValueError(f"input {index} is {value.dtype}; modules have {', '.join(sorted(_DTYPES))} and bfloat16 (V2)")
    if value.size == 0:
        raise ValueError(f"input {index} has shape {value.shape}, which is empty")
    return np.asarray(value, dtype=value.dtype.newbyteorder("<"), order="C")


def _results(artifact: PathLike) -> int:
    """The number of a module's results."""
    path = Path(artifact) / "manifest.json"
    try:
        arguments = json.loads(path.read_text(encoding="utf-8"))["kernel"]["arguments"]
        return sum(argument.get("role") == "ROLE_OUTPUT" and not argument.get("checks") for argument in arguments)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CompilerError(f"{path} is not the manifest of a compiled module: {error}") from error


def run(artifact: PathLike, *arrays: npt.ArrayLike, **options: object) -> Array | tuple[Array, ...]:
    """Runs a compiled module on a card (an emulated one by default) and returns its result.

    Each array has the type and shape of the module's input, in their order; one more dimension before counts samples.
    The result has the type and shape of the module's, or is a tuple where it has several. Further keywords are the
    options of `streamtensorc run`, such as `threads=2`. Raises ValueError for an array that no module takes and
    CompilerError with what the program said.
    """
    if not arrays:
        raise ValueError("no input is given; a module is run on at least one array")
    values = [_input(array, index) for index, array in enumerate(arrays)]
    count = _results(artifact)
    # Its paths are separated by commas, which a folder's name may hold.
    with tempfile.TemporaryDirectory(prefix="streamtensor-") as name:
        folder = Path(name)
        if "," in name:
            raise CompilerError(f"the folder of temporary files, '{name}', holds a comma; set TMPDIR to another")
        inputs = [folder / f"input{index}.npy" for index in range(len(values))]
        results = [folder / f"output{index}.npy" for index in range(count)]
        for file, value in zip(inputs, values, strict=True):
            np.save(file, value, allow_pickle=False)
        _call(["run", *_options(options), "--input=" + ",".join(map(str, inputs)),
               "--output=" + ",".join(map(str, results)), os.path.abspath(artifact)])
        read = tuple(np.load(file, allow_pickle=False) for file in results)
    return read[0] if count == 1 else read
