// SPDX-License-Identifier: Apache-2.0
// Operators on tensors that bind to templates. Their meaning in linalg, scf and arith is what pass
// `decompose` writes; it is the reference, in the order of docs/architecture.md, section 2.
#ifndef STREAMTENSOR_DATAFLOW_TENSOR_OPS
#define STREAMTENSOR_DATAFLOW_TENSOR_OPS

include "compiler/dialects/dataflow/DataflowDialect.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// [P x L x H x 32 x D], pages first.
def PoolTensor : TensorRankOf<[F16], [5]>;

def Dataflow_ContractOp : Dataflow_Op<"contract", [Pure]> {
  let summary = "Activations times block-quantised weights, transposed";
  let description = [{
    `x [T x K] f32`, `q [N x K/G x G]` (`i4`: unsigned nibbles, `i8`: signed), `d` and optionally
    `m` `[N x K/G] f16`; G, the elements that share a scale, is 32, of `i4` also 64 or 128. A weight is
    `d*q + m`. The result is `[T x N] f32`. The activations are quantised to INT8 on the way, and `d` and `m` rounded in units of a row, so that the sums are
    exact (docs/architecture.md, section 2).

    Example:
    ```mlir
    %y = dataflow.contract %x, %q, %d, %m
       : tensor<?x576xf32>, tensor<192x18x32xi4>, tensor<192x18xf16>, tensor<192x18xf16> -> tensor<?x192xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$x, 3DTensorOf<[I<4>, I8]>:$q, 2DTensorOf<[F16]>:$d,
                       Optional<2DTensorOf<[F16]>>:$m);
  let results = (outs 2DTensorOf<[F32]>:$result);
  let assemblyFormat = [{
    $x `,` $q `,` $d (`,` $m^)? attr-dict `:` type($x) `,` type($q) `,` type($d) (`,` type($m)^)?
    `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getInner() { return getX().getType().getDimSize(1); }   // K
    int64_t getOuter() { return getQ().getType().getDimSize(0); }   // N
  }];
}

def Dataflow_PagedAttentionOp : Dataflow_Op<"paged_attention", [Pure]> {
  let summary = "Attention over KV pages and this step's own keys and values";
  let description = [{
    `q [T x Hq x D] f32`, `k_new` and `v_new` `[T x H x D] f16` (this step's rows), the pools
    `[P x L x H x 32 x D] f16`, `page_table [S x M] i32`, `slot`, `position` and `start` `[T] i32`
    and the layer. Rows below `start` of a token's sequence come from pages, the others from
    `k_new` and `v_new`.

    - `scale`: factor of the dot product;
    - `kv_head_map`: query head to KV head;
    - `page_map`: logical page to column of the page table, the identity by default;
    - `mask_offset`: position j is seen from p when j <= p + offset;
    - `windows`: one a layer: p sees only the last so many of these positions, p + offset - window < j; 0: all.
      Without it every layer sees all.

    Example:
    ```mlir
    %o = dataflow.paged_attention %q, %k, %v, %k_pool, %v_pool, %page_table, %slot, %position, %start, %layer
           {scale = 1.250000e-01 : f32, kv_head_map = affine_map<(d0) -> (d0 floordiv 3)>}
       : tensor<?x9x64xf32>, tensor<?x3x64xf16>, tensor<?x3x64xf16>, tensor<?x30x3x32x64xf16>,
         tensor<?x30x3x32x64xf16>, tensor<16x64xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32>
       -> tensor<?x9x64xf32>
    ```
  }];
  let arguments = (ins 3DTensorOf<[F32]>:$q, 3DTensorOf<[F16]>:$k_new, 3DTensorOf<[F16]>:$v_new,
                       PoolTensor:$k_pool, PoolTensor:$v_pool, 2DTensorOf<[I32]>:$page_table,
                       1DTensorOf<[I32]>:$slot, 1DTensorOf<[I32]>:$position, 1DTensorOf<[I32]>:$start,
                       Index:$layer, F32Attr:$scale, AffineMapAttr:$kv_head_map,
                       OptionalAttr<AffineMapAttr>:$page_map,
                       DefaultValuedAttr<I64Attr, "0">:$mask_offset,
                       OptionalAttr<DenseI64ArrayAttr>:$windows);
  let results = (outs 3DTensorOf<[F32]>:$result);
  let assemblyFormat = [{
    $q `,` $k_new `,` $v_new `,` $k_pool `,` $v_pool `,` $page_table `,` $slot `,` $position `,` $start
    `,` $layer attr-dict `:` type($q) `,` type($k_new) `,` type($v_new) `,` type($k_pool) `,` type($v_pool)
    `,` type($page_table) `,` type($slot) `,` type($position) `,` type($start) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    // page_map, or the identity where it is absent.
    ::mlir::AffineMap getEffectivePageMap() {
      return getPageMap().value_or(::mlir::AffineMap::getMultiDimIdentityMap(1, getContext()));
    }
  }];
}

def Dataflow_KvAppendOp : Dataflow_Op<"kv_append", [MemoryEffects<[MemWrite]>]> {
  let summary = "Writes this step's keys and values to their pages";
  let description = [{
    A write at the border of the launch: the pools stay values, and nothing in this launch reads
    what it wrote.

    Example:
    ```mlir
    dataflow.kv_append %k, %v, %k_pool, %v_pool, %page_table, %slot, %position, %layer
      : tensor<?x3x64xf16>, tensor<?x3x64xf16>, tensor<?x30x3x32x64xf16>, tensor<?x30x3x32x64xf16>,
        tensor<16x64xi32>, tensor<?xi32>, tensor<?xi32>
    ```
  }];
  let arguments = (ins 3DTensorOf<[F16]>:$k_new, 3DTensorOf<[F16]>:$v_new, PoolTensor:$k_pool,
                       PoolTensor:$v_pool, 2DTensorOf<[I32]>:$page_table, 1DTensorOf<[I32]>:$slot,
                       1DTensorOf<[I32]>:$position, Index:$layer,
                       OptionalAttr<AffineMapAttr>:$page_map);
  let assemblyFormat = [{
    $k_new `,` $v_new `,` $k_pool `,` $v_pool `,` $page_table `,` $slot `,` $position `,` $layer attr-dict
    `:` type($k_new) `,` type($v_new) `,` type($k_pool) `,` type($v_pool) `,` type($page_table) `,`
    type($slot) `,` type($position)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    // page_map, or the identity where it is absent.
    ::mlir::AffineMap getEffectivePageMap() {
      return getPageMap().value_or(::mlir::AffineMap::getMultiDimIdentityMap(1, getContext()));
    }
  }];
}

def Dataflow_TakeRowsOp : Dataflow_Op<"take_rows", [Pure]> {
  let summary = "Rows whose flag is set, in order";
  let description = [{
    `x [T x K]`, `flags [T] i32` (any value but 0 takes the row) to `[W x K]`. W is another symbol:
    the number of flags that are set.

    Example:
    ```mlir
    %y = dataflow.take_rows %x, %wants_logits : tensor<?x576xf32>, tensor<?xi32> -> tensor<?x576xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$x, 1DTensorOf<[I32]>:$flags);
  let results = (outs 2DTensorOf<[F32]>:$result);
  let assemblyFormat = "$x `,` $flags attr-dict `:` type($x) `,` type($flags) `->` type($result)";
  let hasVerifier = 1;
}

#endif
