# SPDX-License-Identifier: Apache-2.0
"""A decoder as one writes it by hand: no class of transformers, and no architecture that the compiler knows.

LayerNorm, learned positions, one key for two queries, a squared ReLU, a gate on what attention adds.
"""
import torch
import torch.nn.functional as F
from torch import nn

import streamtensor

LAYERS, HIDDEN, HEADS, KV_HEADS, HEAD_DIM, INNER, VOCABULARY = 3, 64, 4, 2, 16, 96, 384


class Block(nn.Module):
    def __init__(self, index):
        super().__init__()
        self.index = index
        self.norm, self.second_norm = nn.LayerNorm(HIDDEN), nn.LayerNorm(HIDDEN)
        self.query = nn.Linear(HIDDEN, HEADS * HEAD_DIM)
        self.key, self.value = (nn.Linear(HIDDEN, KV_HEADS * HEAD_DIM, bias=False) for _ in range(2))
        self.gate, self.out = nn.Linear(HIDDEN, HIDDEN), nn.Linear(HEADS * HEAD_DIM, HIDDEN)
        self.up, self.down = nn.Linear(HIDDEN, INNER), nn.Linear(INNER, HIDDEN)

    def forward(self, x, positions, k_cache, v_cache):
        tokens = x.shape[0]
        h = self.norm(x)
        q = self.query(h).view(tokens, HEADS, HEAD_DIM)
        k, v = (part(h).view(tokens, KV_HEADS, HEAD_DIM) for part in (self.key, self.value))
        attended = streamtensor.cached_attention(q, k, v, k_cache, v_cache, positions, self.index, HEAD_DIM**-0.5)
        x = x + torch.tanh(self.gate(h)) * self.out(attended.reshape(tokens, HEADS * HEAD_DIM))
        return x + self.down(F.relu(self.up(self.second_norm(x))) ** 2), k, v


class PlainDecoder(nn.Module):
    cache = streamtensor.CacheShape(layers=LAYERS, kv_heads=KV_HEADS, head_dim=HEAD_DIM)

    def __init__(self, context):
        super().__init__()
        self.token_embedding = nn.Embedding(VOCABULARY, HIDDEN)
        self.position_embedding = nn.Embedding(context, HIDDEN)
        self.blocks = nn.ModuleList(Block(index) for index in range(LAYERS))
        self.last_norm = nn.LayerNorm(HIDDEN)
        self.head = nn.Linear(HIDDEN, VOCABULARY, bias=False)

    def forward(self, ids, positions, k_cache, v_cache):
        x = self.token_embedding(ids) + 0.3 * self.position_embedding(positions)
        keys, values = [], []
        for index, block in enumerate(self.blocks):
            x, k, v = block(streamtensor.decoder_layer(x, index), positions, k_cache, v_cache)
            keys.append(k)
            values.append(v)
        x = streamtensor.decoder_layer(x, LAYERS)
        return self.head(self.last_norm(x)), torch.stack(keys), torch.stack(values)
