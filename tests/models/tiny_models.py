# SPDX-License-Identifier: Apache-2.0
"""The tiny models of every architecture: how each is written, and what it computes.

One line an architecture: where its options, its GGUF file, its Hugging Face folder and its forward pass in numpy are.
"""
import make_tiny_gpt2
import make_tiny_llama
import make_tiny_opt
import numpy_gpt2
import numpy_llama
import numpy_opt
import tiny_llama_folder
from gguf_reader import Model

WRITERS = {
    make_tiny_gpt2.Options: (make_tiny_gpt2.make, make_tiny_gpt2.make_folder),
    make_tiny_opt.Options: (make_tiny_opt.make, make_tiny_opt.make_folder),
    make_tiny_llama.Options: (make_tiny_llama.make, tiny_llama_folder.make),
}
FORWARD = {"gemma3": numpy_llama.forward, "gpt2": numpy_gpt2.forward, "llama": numpy_llama.forward, "mistral": numpy_llama.forward,
           "opt": numpy_opt.forward, "phi3": numpy_llama.forward, "qwen2": numpy_llama.forward, "qwen3": numpy_llama.forward}


def make(path, options):
    """A GGUF file."""
    WRITERS[type(options)][0](path, options)


def make_folder(folder, options, **form):
    """A Hugging Face folder of the same model; its tensors must be floats."""
    WRITERS[type(options)][1](folder, options, **form)


def forward(path, tokens):
    """Logits [len(tokens), vocabulary] of a GGUF file, in float32."""
    model = Model(path)
    return FORWARD[model.metadata["general.architecture"]](model, tokens)
