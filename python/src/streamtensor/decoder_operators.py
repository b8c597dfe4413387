# SPDX-License-Identifier: Apache-2.0
"""The two operators of a decoder that the compiler looks for. Both compute, so that a module runs in PyTorch as well."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class CacheShape:
    """Of a decoder's keys, and of its values: [layers, positions, kv_heads, head_dim]."""

    layers: int
    kv_heads: int
    head_dim: int

    def __post_init__(self) -> None:
        for name in ("layers", "kv_heads", "head_dim"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least 1")


def _attend(q: "torch.Tensor", k_new: "torch.Tensor", v_new: "torch.Tensor", k_cache: "torch.Tensor", v_cache: "torch.Tensor",
            positions: "torch.Tensor", layer: int, scale: float) -> "torch.Tensor":
    import torch

    start = int(positions[0])
    repeats = q.shape[1] // k_new.shape[1]
    k, v = (torch.cat([old[layer, :start], new]).repeat_interleave(repeats, 1).transpose(0, 1)
            for old, new in ((k_cache, k_new), (v_cache, v_new)))
    scores = q.transpose(0, 1) @ k.transpose(1, 2) * scale
    seen = torch.arange(start + q.shape[0])[None] <= positions[:, None]
    return (scores.masked_fill(~seen, float("-inf")).softmax(-1) @ v).transpose(0, 1).contiguous()


@cache
def _operators() -> Any:
    import torch

    library = torch.library.Library("streamtensor", "DEF")
    library.define("cached_attention(Tensor q, Tensor k_new, Tensor v_new, Tensor k_cache, Tensor v_cache, "
                   "Tensor positions, int layer, float scale) -> Tensor")
    library.define("layer(Tensor x, int index) -> Tensor")
    library.impl("cached_attention", _attend, "CompositeExplicitAutograd")
    library.impl("layer", lambda x, index: x.clone(), "CompositeExplicitAutograd")
    torch.library.register_fake("streamtensor::cached_attention",
                                lambda q, *_: torch.empty_like(q, memory_format=torch.contiguous_format), lib=library)
    torch.library.register_fake("streamtensor::layer", lambda x, _: torch.empty_like(x), lib=library)
    return library, torch.ops.streamtensor


def cached_attention(q: "torch.Tensor", k_new: "torch.Tensor", v_new: "torch.Tensor", k_cache: "torch.Tensor", v_cache: "torch.Tensor",
                     positions: "torch.Tensor", layer: int, scale: float) -> "torch.Tensor":
    """Causal attention of the step's tokens over layer `layer` of the cache and over each other.

    q [T, heads, D], k_new and v_new [T, kv_heads, D], the caches [layers, S, kv_heads, D], positions [T] ascending by one.
    Rows of the cache from positions[0] on are not read. Query head h reads KV head h // (heads // kv_heads). Softmax of
    `scale` times the scores. Gives [T, heads, D].
    """
    result: torch.Tensor = _operators()[1].cached_attention(q, k_new, v_new, k_cache, v_cache, positions, layer, scale)
    return result


def decoder_layer(x: "torch.Tensor", index: int) -> "torch.Tensor":
    """Marks the residual between layers, and gives it back: before layer `index`, and behind the last with their number."""
    result: torch.Tensor = _operators()[1].layer(x, index)
    return result
