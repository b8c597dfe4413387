# SPDX-License-Identifier: Apache-2.0
"""The decoders of transformers as one step over a KV cache, without a change to their code.

Attention, its mask and the cache are replaced through the interfaces that transformers has for them, RoPE by a table of
what the model itself computes. What these would drop silently is refused by name.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from streamtensor.decoder_operators import CacheShape, cached_attention, decoder_layer
from streamtensor.errors import ExportError

_NAME = "streamtensor"
# What an attention function may be given beside its arguments, and what says that it asks for nothing.
_IGNORED = frozenset({"position_ids", "cache_position", "use_cache", "output_attentions", "is_causal", "cu_seq_lens_q", "cu_seq_lens_k",
                      "max_length_q", "max_length_k", "position_embeddings", "past_key_values", "past_key_value", "head_mask"})


def cache_shape(config: Any) -> CacheShape:
    heads = config.num_attention_heads
    return CacheShape(layers=config.num_hidden_layers, kv_heads=getattr(config, "num_key_value_heads", None) or heads,
                      head_dim=getattr(config, "head_dim", None) or config.hidden_size // heads)


def context(config: Any) -> int:
    return int(config.max_position_embeddings)


def description(config: Any) -> dict[str, Any]:
    keys = ("vocab_size", "bos_token_id", "eos_token_id", "pad_token_id")
    return {key: getattr(config, key) for key in keys if getattr(config, key, None) is not None}


def _refuse(config: Any) -> None:
    kinds = set(getattr(config, "layer_types", None) or ())
    if kinds - {"full_attention"}:
        raise ExportError(f"layer_types holds {', '.join(sorted(kinds - {'full_attention'}))}; only full_attention can be exported "
                          "(compile the Hugging Face folder for sliding windows)")
    for key in ("attn_logit_softcapping", "final_logit_softcapping", "attention_chunk_size"):
        if getattr(config, key, None):
            raise ExportError(f"{key} is {getattr(config, key)}; such attention cannot be exported")
    rope = getattr(config, "rope_scaling", None) or getattr(config, "rope_parameters", None) or {}
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind in ("dynamic", "longrope"):
        raise ExportError(f"rope_type is '{kind}', whose angles depend on the length of the sequence; they cannot be a table")


class _State:
    """Of the step that is being traced: transformers passes nothing through to the attention function."""

    k_cache: torch.Tensor
    v_cache: torch.Tensor
    positions: torch.Tensor


def _attention(state: _State) -> Any:
    def attend(module: nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attention_mask: Any,
               scaling: float | None = None, dropout: float = 0.0, **other: Any) -> tuple[torch.Tensor, None]:
        asked = {name: value for name, value in other.items() if name not in _IGNORED and value is not None}
        if attention_mask is not None:
            asked["attention_mask"] = attention_mask
        if dropout:
            asked["dropout"] = dropout
        if getattr(module, "sinks", None) is not None:
            asked["sinks"] = module.sinks
        if asked:
            raise ExportError(f"attention of layer {module.layer_idx} asks for {', '.join(sorted(asked))}; plain causal attention "
                              "can be exported")
        q, k, v = (x[0].transpose(0, 1) for x in (query, key, value))
        scale = scaling if scaling is not None else query.shape[-1]**-0.5
        result = cached_attention(q, k, v, state.k_cache, state.v_cache, state.positions, int(module.layer_idx), float(scale))
        return result[None], None

    return attend


class _RopeTable(nn.Module):
    """What `rotary` computes for every position, as two tables: of half the width where both halves are equal."""

    def __init__(self, rotary: nn.Module, positions: int) -> None:
        super().__init__()
        cosines, sines = rotary(torch.zeros(1, positions, 1), torch.arange(positions)[None])
        half = cosines.shape[-1] // 2
        self.repeats = 2 if all(torch.equal(x[..., :half], x[..., half:]) for x in (cosines, sines)) else 1
        width = cosines.shape[-1] // self.repeats
        self.register_buffer("cos", cosines[0, :, :width].contiguous().clone())
        self.register_buffer("sin", sines[0, :, :width].contiguous().clone())

    def forward(self, x: torch.Tensor, position_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        rows = (F.embedding(position_ids, table) for table in (self.cos, self.sin))
        cosines, sines = (torch.cat([row] * self.repeats, -1) if self.repeats > 1 else row for row in rows)
        return cosines, sines


class _Step(nn.Module):
    def __init__(self, model: nn.Module, layers: int, state: _State) -> None:
        super().__init__()
        self.model_ = model
        self._layers = layers
        self._state = state

    def forward(self, ids: torch.Tensor, positions: torch.Tensor, k_cache: torch.Tensor,
                v_cache: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        from transformers.cache_utils import Cache, DynamicLayer

        class NewRows(DynamicLayer):  # type: ignore[misc]
            """Keeps the step's rows; what came before is in the operator's cache."""

            def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any) -> Any:
                self.keys, self.values, self.is_initialized = key_states, value_states, True
                return key_states, value_states

            def get_seq_length(self, *_: Any) -> int:
                return 0

        self._state.k_cache, self._state.v_cache, self._state.positions = k_cache, v_cache, positions
        rows = Cache(layers=[NewRows() for _ in range(self._layers)])
        logits = self.model_(input_ids=ids[None], position_ids=positions[None], past_key_values=rows, use_cache=True).logits[0]
        return (logits, torch.stack([layer.keys[0].transpose(0, 1) for layer in rows.layers]),
                torch.stack([layer.values[0].transpose(0, 1) for layer in rows.layers]))


@contextmanager
def step(model: Any, positions: int) -> Iterator[nn.Module]:
    """`model` as a module of the signature that export_decoder() takes, for as long as the context lasts."""
    from transformers import AttentionInterface, AttentionMaskInterface

    config = model.config
    _refuse(config)
    state = _State()
    AttentionInterface.register(_NAME, _attention(state))
    AttentionMaskInterface.register(_NAME, lambda *_, **__: None)
    body = model.transformer if config.model_type == "gpt2" else model.model
    layers, norm = (body.h, body.ln_f) if config.model_type == "gpt2" else (body.layers, body.norm)

    def mark(index: int) -> Any:
        return lambda module, args, kwargs: ((decoder_layer(args[0], index), *args[1:]), kwargs)

    before = config._attn_implementation
    rotary = getattr(body, "rotary_emb", None)
    hooks = [module.register_forward_pre_hook(mark(index), with_kwargs=True) for index, module in enumerate([*layers, norm])]
    try:
        config._attn_implementation = _NAME
        if rotary is not None:
            with torch.no_grad():
                body.rotary_emb = _RopeTable(rotary, positions)
        yield _Step(model, len(layers), state).eval()
    finally:
        config._attn_implementation = before
        if rotary is not None:
            body.rotary_emb = rotary
        for hook in hooks:
            hook.remove()
