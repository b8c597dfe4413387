#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a tiny OPT with random weights as a Hugging Face folder or, with the graph's names, as a GGUF file, for tests.

GGUF has no OPT of its own; such a file serves the numpy forward and the tests of weights. The values are those of a tiny
GPT-2 of the same options, in OPT's tensors.
"""
from dataclasses import dataclass

import numpy as np

import gguf_writer
import make_tiny_gpt2
from huggingface_folder import tokenizer_json, write_folder
from make_tiny_gpt2 import PRE_TOKENIZER
from tiny_tokenizer import CHAT_TEMPLATE, SPECIAL_TOKENS, tokenizer_metadata

POSITION_OFFSET = 2


@dataclass
class Options(make_tiny_gpt2.Options):
    biases: bool = True


def weights_of(options):
    """(GGUF name, type name, array), rows first."""
    tensors = []
    for name, kind, values in make_tiny_gpt2.weights_of(options):
        is_norm = "norm" in name
        if name == "position_embd.weight":
            # Rows that no position reads.
            values = np.concatenate([np.full((POSITION_OFFSET, options.hidden), 9, np.float32), values])
        if "attn_qkv" in name:
            for part, rows in zip("qkv", np.split(values, 3)):
                if options.biases or name.endswith(".weight"):
                    tensors.append((name.replace("attn_qkv", "attn_" + part), kind, np.ascontiguousarray(rows)))
        elif options.biases or is_norm or not name.endswith(".bias"):
            tensors.append((name, kind, values))
    return tensors


def make(path, options):
    metadata = {
        "general.architecture": "opt",
        "general.type": "model",
        "general.name": "tiny",
        "opt.block_count": options.layers,
        "opt.context_length": options.context,
        "opt.embedding_length": options.hidden,
        "opt.feed_forward_length": options.inner,
        "opt.attention.head_count": options.heads,
        "opt.attention.layer_norm_epsilon": options.epsilon,
        **tokenizer_metadata(options.vocabulary, PRE_TOKENIZER),
    }
    gguf_writer.write_gguf(path, metadata, weights_of(options))


NAMES = {
    "token_embd": "embed_tokens",
    "position_embd": "embed_positions",
    "output_norm": "final_layer_norm",
    "attn_norm": "self_attn_layer_norm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.out_proj",
    "ffn_norm": "final_layer_norm",
    "ffn_up": "fc1",
    "ffn_down": "fc2",
}


def hugging_face_tensors(options, prefix="model."):
    """`prefix`: the files on the hub come with and without."""
    tensors = []
    for name, kind, values in weights_of(options):
        *layer, part, last = name.split(".")
        inside = f"{prefix}decoder." + (f"layers.{layer[1]}." if layer else "")
        tensors.append((inside + NAMES[part] + "." + last if part != "output" else "lm_head.weight", kind, values))
    return tensors


def make_folder(folder, options, files=1, **form):
    metadata = tokenizer_metadata(options.vocabulary, PRE_TOKENIZER)
    merges = [merge.split(" ") for merge in metadata["tokenizer.ggml.merges"]]
    config = {
        "architectures": ["OPTForCausalLM"],
        "model_type": "opt",
        "activation_function": "relu",
        "do_layer_norm_before": True,
        "enable_bias": options.biases,
        "ffn_dim": options.inner,
        "hidden_size": options.hidden,
        "max_position_embeddings": options.context,
        "num_attention_heads": options.heads,
        "num_hidden_layers": options.layers,
        "word_embed_proj_dim": options.hidden,
        "vocab_size": options.vocabulary,
        "tie_word_embeddings": not options.head_type,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "torch_dtype": "float32",
    }
    tokenizer_config = {"add_prefix_space": False, "bos_token": SPECIAL_TOKENS[1], "eos_token": SPECIAL_TOKENS[2],
                        "unk_token": SPECIAL_TOKENS[0], "chat_template": CHAT_TEMPLATE,
                        "tokenizer_class": "PreTrainedTokenizerFast"}
    write_folder(folder, config, hugging_face_tensors(options, **form),
                 tokenizer_json(metadata["tokenizer.ggml.tokens"], merges, SPECIAL_TOKENS, PRE_TOKENIZER), tokenizer_config,
                 files)
