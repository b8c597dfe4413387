#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a small module that is no Llama, as linalg in MLIR text, and computes it in numpy.

    h = max(x W1^T + b1, 0);  y = x + h W2 + b2;  result = (y - mean) / sqrt(variance + eps) * g + b

W1 is stored [N, K] and transposed in the IR, as exporters from PyTorch write it; W2 is stored [K, N]
as a dense_resource. Tests import weights() and forward().
"""
import argparse

import numpy as np

EPSILON = np.float32(1e-5)


def weights(seed=1, width=64, inner=96):
    rng = np.random.default_rng(seed)
    normal = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    return {
        "w1": normal(inner, width) / np.float32(width**0.5),
        "b1": normal(inner) * np.float32(0.5),
        "w2": normal(inner, width) / np.float32(inner**0.5),
        "b2": normal(width) * np.float32(0.5),
        "g": rng.uniform(0.25, 1.75, width).astype(np.float32),
        "b": normal(width) * np.float32(0.5),
    }


def forward(w, x):
    """x [tokens, width] float32 -> the same shape, in float32 and without quantisation."""
    h = np.maximum(x @ w["w1"].T + w["b1"], 0)
    y = x + h @ w["w2"] + w["b2"]
    centred = y - y.mean(axis=1, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=1, keepdims=True) + EPSILON) * w["g"] + w["b"]


def dense(values):
    return 'dense<"0x' + values.astype("<f4").tobytes().hex().upper() + '">'


def module_text(w, tokens=0):
    """MLIR text; `tokens` 0 leaves the leading dimension dynamic."""
    inner, width = w["w1"].shape
    rows = str(tokens) if tokens else "?"
    x, h, r = f"tensor<{rows}x{width}xf32>", f"tensor<{rows}x{inner}xf32>", f"tensor<{rows}xf32>"
    dim = "" if tokens else "%t"
    size = "" if tokens else "    %t = tensor.dim %x, %c0 : " + x + "\n"
    blob = (4).to_bytes(4, "little").hex().upper() + w["w2"].astype("<f4").tobytes().hex().upper()
    pointwise = 'iterator_types = ["parallel", "parallel"]'
    reduction = 'iterator_types = ["parallel", "reduction"]'
    return f"""// A feed-forward layer with bias, residual and layer norm.
#element = affine_map<(t, k) -> (t, k)>
#row = affine_map<(t, k) -> (t)>
#column = affine_map<(t, k) -> (k)>
module {{
  func.func @main(%x: {x}) -> {x} {{
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %epsilon = arith.constant {EPSILON:.9e} : f32
    %factor = arith.constant {np.float32(1) / np.float32(width):.9e} : f32
    %w1 = arith.constant {dense(w["w1"])} : tensor<{inner}x{width}xf32>
    %b1 = arith.constant {dense(w["b1"])} : tensor<{inner}xf32>
    %w2 = arith.constant dense_resource<w2> : tensor<{inner}x{width}xf32>
    %b2 = arith.constant {dense(w["b2"])} : tensor<{width}xf32>
    %g = arith.constant {dense(w["g"])} : tensor<{width}xf32>
    %b = arith.constant {dense(w["b"])} : tensor<{width}xf32>
{size}    %e0 = tensor.empty() : tensor<{width}x{inner}xf32>
    %w1t = linalg.transpose ins(%w1 : tensor<{inner}x{width}xf32>) outs(%e0 : tensor<{width}x{inner}xf32>) permutation = [1, 0]
    %eh = tensor.empty({dim}) : {h}
    %zh = linalg.fill ins(%zero : f32) outs(%eh : {h}) -> {h}
    %p1 = linalg.matmul ins(%x, %w1t : {x}, tensor<{width}x{inner}xf32>) outs(%zh : {h}) -> {h}
    %h = linalg.generic {{indexing_maps = [#element, #column, #element], {pointwise}}} ins(%p1, %b1 : {h}, tensor<{inner}xf32>) outs(%eh : {h}) {{
    ^bb0(%in: f32, %bias: f32, %out: f32):
      %sum = arith.addf %in, %bias : f32
      %positive = arith.cmpf ogt, %sum, %zero : f32
      %relu = arith.select %positive, %sum, %zero : f32
      linalg.yield %relu : f32
    }} -> {h}
    %ex = tensor.empty({dim}) : {x}
    %init = linalg.generic {{indexing_maps = [#column, #element], {pointwise}}} ins(%b2 : tensor<{width}xf32>) outs(%ex : {x}) {{
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    }} -> {x}
    %p2 = linalg.matmul ins(%h, %w2 : {h}, tensor<{inner}x{width}xf32>) outs(%init : {x}) -> {x}
    %y = linalg.generic {{indexing_maps = [#element, #element, #element], {pointwise}}} ins(%x, %p2 : {x}, {x}) outs(%ex : {x}) {{
    ^bb0(%in: f32, %more: f32, %out: f32):
      %sum = arith.addf %in, %more : f32
      linalg.yield %sum : f32
    }} -> {x}
    %er = tensor.empty({dim}) : {r}
    %zr = linalg.fill ins(%zero : f32) outs(%er : {r}) -> {r}
    %total = linalg.generic {{indexing_maps = [#element, #row], {reduction}}} ins(%y : {x}) outs(%zr : {r}) {{
    ^bb0(%in: f32, %out: f32):
      %sum = arith.addf %out, %in : f32
      linalg.yield %sum : f32
    }} -> {r}
    %centred = linalg.generic {{indexing_maps = [#element, #row, #element], {pointwise}}} ins(%y, %total : {x}, {r}) outs(%ex : {x}) {{
    ^bb0(%in: f32, %all: f32, %out: f32):
      %mean = arith.mulf %all, %factor : f32
      %difference = arith.subf %in, %mean : f32
      linalg.yield %difference : f32
    }} -> {x}
    %squares = linalg.generic {{indexing_maps = [#element, #row], {reduction}}} ins(%centred : {x}) outs(%zr : {r}) {{
    ^bb0(%in: f32, %out: f32):
      %square = arith.mulf %in, %in : f32
      %sum = arith.addf %out, %square : f32
      linalg.yield %sum : f32
    }} -> {r}
    %result = linalg.generic {{indexing_maps = [#element, #row, #column, #column, #element], {pointwise}}}
        ins(%centred, %squares, %g, %b : {x}, {r}, tensor<{width}xf32>, tensor<{width}xf32>) outs(%ex : {x}) {{
    ^bb0(%in: f32, %all: f32, %gain: f32, %bias: f32, %out: f32):
      %variance = arith.mulf %all, %factor : f32
      %safe = arith.addf %variance, %epsilon : f32
      %inverse = math.rsqrt %safe : f32
      %normal = arith.mulf %in, %inverse : f32
      %scaled = arith.mulf %normal, %gain : f32
      %shifted = arith.addf %scaled, %bias : f32
      linalg.yield %shifted : f32
    }} -> {x}
    return %result : {x}
  }}
}}
{{-#
  dialect_resources: {{
    builtin: {{
      w2: "0x{blob}"
    }}
  }}
#-}}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("output")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--inner", type=int, default=96)
    parser.add_argument("--tokens", type=int, default=0, help="0: dynamic")
    arguments = parser.parse_args()
    with open(arguments.output, "w") as file:
        file.write(module_text(weights(arguments.seed, arguments.width, arguments.inner), arguments.tokens))


if __name__ == "__main__":
    main()
