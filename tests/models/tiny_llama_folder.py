#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the tiny models of make_tiny_llama.py as Hugging Face folders: the same values, names and tokenizer."""
import argparse

import numpy as np

import make_tiny_llama
from huggingface_folder import tokenizer_json, write_folder
from tiny_tokenizer import CHAT_TEMPLATE, SPECIAL_TOKENS

FLOATS = ("F32", "F16", "BF16")
NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


CLASSES = {"llama": "LlamaForCausalLM", "mistral": "MistralForCausalLM",
           "gemma3": "Gemma3ForCausalLM", "phi3": "Phi3ForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM"}

MODEL_TYPES = {"gemma3": "gemma3_text"}

# Where an architecture's differ.
OTHER_NAMES = {
    "gemma3": {
        "ffn_norm": "pre_feedforward_layernorm",
        "post_attention_norm": "post_attention_layernorm",
        "post_ffw_norm": "post_feedforward_layernorm",
    },
    "phi3": {"attn_qkv": "self_attn.qkv_proj", "ffn_up": "mlp.gate_up_proj"},
}


def name_of(gguf_name, names):
    *layer, part, kind = gguf_name.split(".")
    prefix = f"model.layers.{layer[1]}." if layer else ""
    return f"{prefix}{names[part]}.{kind}"


def halves(values, heads):
    """Rows of a query or key matrix (or bias) whose RoPE pairs lie side by side, as Transformers has them: the first
    of each pair, then the second."""
    rows = values.reshape(heads, values.shape[0] // heads // 2, 2, *values.shape[1:])
    return np.ascontiguousarray(rows.swapaxes(1, 2).reshape(values.shape))


def tensors_of(options):
    tensors = []
    gemma = options.architecture == "gemma3"
    names = {**NAMES, **OTHER_NAMES.get(options.architecture, {})}
    for name, kind, values in make_tiny_llama.tensors_of(options):
        if name == "rope_freqs.weight":
            continue  # follows from config.json
        if kind not in FLOATS:
            raise SystemExit(f"{name} is {kind}; safetensors have {', '.join(FLOATS)}")
        part = name.split(".")[-2]
        if options.architecture == "llama" and part in ("attn_q", "attn_k"):
            values = halves(values, options.heads if part == "attn_q" else options.kv_heads)
        if gemma and "norm" in part:
            values = values - 1
        tensors.append((name_of(name, names), kind, values))
    return tensors


def rope_scaling(options):
    if not options.rope_scaling:
        return None
    scaling = {"rope_type": options.rope_scaling, "factor": options.rope_factor}
    if options.rope_scaling != "linear":
        scaling["original_max_position_embeddings"] = options.rope_original_context
    if options.rope_scaling == "llama3":
        scaling.update(low_freq_factor=1.0, high_freq_factor=4.0)
    return scaling


def config_of(options, new_dialect=False):
    config = {
        "architectures": [CLASSES[options.architecture]],
        "model_type": MODEL_TYPES.get(options.architecture, options.architecture),
        "hidden_size": options.hidden,
        "intermediate_size": options.inner,
        "num_hidden_layers": options.layers,
        "num_attention_heads": options.heads,
        "num_key_value_heads": options.kv_heads,
        "head_dim": options.head_dim,
        "vocab_size": options.vocabulary,
        "max_position_embeddings": options.context,
        "rms_norm_eps": options.rms_epsilon,
        "hidden_act": "silu",
        "attention_bias": bool(options.biases),
        "tie_word_embeddings": not options.head_type,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 2,
    }
    if options.window:
        config["sliding_window"] = options.window
    scaling = rope_scaling(options)
    if options.architecture == "gemma3":
        del config["hidden_act"]
        config["hidden_activation"] = "gelu_pytorch_tanh"
        config["query_pre_attn_scalar"] = options.head_dim
        period = options.window_period or 6
        config["layer_types"] = ["sliding_attention" if (layer + 1) % period else "full_attention"
                                 for layer in range(options.layers)]
        if not new_dialect:
            config["rope_local_base_freq"] = options.local_rope_base
    if new_dialect and options.architecture == "gemma3":
        config["rope_parameters"] = {
            "full_attention": {"rope_theta": options.rope_base, **(scaling or {"rope_type": "default"})},
            "sliding_attention": {"rope_theta": options.local_rope_base, "rope_type": "default"},
        }
        config["dtype"] = "float32"
    elif new_dialect:
        config["rope_parameters"] = {"rope_theta": options.rope_base, **(scaling or {"rope_type": "default"})}
        config["dtype"] = "float32"
    else:
        config["rope_theta"] = options.rope_base
        config["rope_scaling"] = scaling
        config["torch_dtype"] = "float32"
    return config


def make(folder, options, files=1, new_dialect=False):
    metadata = make_tiny_llama.metadata_of(options)
    pieces = metadata["tokenizer.ggml.tokens"]
    merges = [merge.split(" ") for merge in metadata["tokenizer.ggml.merges"]]
    tokenizer_config = {
        "add_bos_token": False,
        "add_prefix_space": False,
        "bos_token": SPECIAL_TOKENS[1],
        "eos_token": SPECIAL_TOKENS[2],
        "pad_token": SPECIAL_TOKENS[2],
        "unk_token": SPECIAL_TOKENS[0],
        "chat_template": CHAT_TEMPLATE,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    write_folder(folder, config_of(options, new_dialect), tensors_of(options),
                 tokenizer_json(pieces, merges, SPECIAL_TOKENS, options.pre_tokenizer), tokenizer_config, files)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("output")
    parser.add_argument("--files", type=int, default=1, help="safetensors files; default 1")
    parser.add_argument("--new-dialect", action="store_true", help="config.json as transformers 5 writes it")
    defaults = make_tiny_llama.Options(matrix_type="F32", embedding_type="F32")
    for name in vars(defaults):
        if name != "types":
            value = getattr(defaults, name)
            parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value, help=f"default {value!r}")
    arguments = vars(parser.parse_args())
    output, files, new_dialect = (arguments.pop(key) for key in ("output", "files", "new_dialect"))
    make(output, make_tiny_llama.Options(**arguments), files, new_dialect)


if __name__ == "__main__":
    main()
