# SPDX-License-Identifier: Apache-2.0
"""StreamTensor from Python: export a model, compile it, run it on a card, talk to the daemon.

    import streamtensor

    streamtensor.export(module, (x,), "model.mlir")           # needs streamtensor[torch]
    streamtensor.export_onnx("model.onnx", "model.mlir")      # needs streamtensor[onnx]
    streamtensor.export_decoder(llama, tokenizer, "llama")    # a decoder with its KV cache, for the daemon
    streamtensor.export_encoder(bert, "bert.mlir")            # sentence embeddings
    streamtensor.compile("model.mlir", "model")               # needs streamtensorc on PATH
    y = streamtensor.run("model", x)
    reply = streamtensor.Client("127.0.0.1:50051").chat("smollm2", "Why is the sky blue?")

Importing the package loads none of what these need; each is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from streamtensor.errors import CompilerError, ExportError, ServerError, StreamTensorError

if TYPE_CHECKING:
    from streamtensor.client import AsyncClient, AsyncStream, Client, Reply, Stream
    from streamtensor.compiler import compile, run
    from streamtensor.decoder_export import export_decoder
    from streamtensor.decoder_operators import CacheShape, cached_attention, decoder_layer
    from streamtensor.dimensions import Dim
    from streamtensor.encoder_export import export_encoder
    from streamtensor.onnx_export import export_onnx
    from streamtensor.torch_export import export

_HOMES = {
    "AsyncClient": "client", "AsyncStream": "client", "Client": "client", "Reply": "client", "Stream": "client",
    "compile": "compiler", "run": "compiler",
    "CacheShape": "decoder_operators", "cached_attention": "decoder_operators", "decoder_layer": "decoder_operators",
    "Dim": "dimensions",
    "export_decoder": "decoder_export",
    "export_encoder": "encoder_export",
    "export_onnx": "onnx_export",
    "export": "torch_export",
}

__all__ = [
    "AsyncClient", "AsyncStream", "CacheShape", "Client", "CompilerError", "Dim", "ExportError", "Reply", "ServerError", "Stream",
    "StreamTensorError", "cached_attention", "compile", "decoder_layer", "export", "export_decoder", "export_encoder",
    "export_onnx", "run",
]
__version__ = "0.2.0.dev0"


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'streamtensor' has no attribute '{name}'")
    return getattr(import_module(f"streamtensor.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
