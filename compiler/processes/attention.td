// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_ATTENTION
#define STREAMTENSOR_PROCESS_ATTENTION

include "compiler/processes/ProcessDialect.td"

def Process_AttentionOp
    : Process_Op<"attention",
                 (ins I64Attr:$query_heads, I64Attr:$kv_heads, I64Attr:$head_dim, F32Attr:$scale,
                     AffineMapAttr:$kv_head_map, I64Attr:$mask_offset, DenseI64ArrayAttr:$windows),
                 "", "", ["getSection", "getSourceName", "plan"]> {
  let summary = "Attention over KV pages and this step's own keys and values";
  let description = [{
    What `dataflow.paged_attention` becomes, with its attributes; once a layer. `windows` has one
    for each, or is empty.

    - Reads: header, words of pages of keys and of values from its `process.load_pages`, T whole rows of q
      (`query_heads * head_dim` float32), of k and of v (`kv_heads * head_dim`). Writes: T rows as wide as q's.
    - Trace, with Q and K the words of a row of q and of k:
      `header; L{R q*(T*Q), R k*(T*K), R v*(T*K), W rows*(T*Q)}`, and words of pages as they are needed.

    Example:
    ```mlir
    process.attention @attention
      reads [@header_to_attention, @load_pages_to_attention, @load_pages_to_attention_2, @q, @k, @v]
      writes [@rows] memories []
      {query_heads = 9 : i64, kv_heads = 3 : i64, head_dim = 64 : i64, scale = 1.250000e-01 : f32,
       kv_head_map = affine_map<(d0) -> (d0 floordiv 3)>, mask_offset = 0 : i64, windows = array<i64>}
    ```
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    // The KV head of a query head, by kv_head_map; nullopt: the map has no value there.
    ::std::optional<int64_t> getKvHead(int64_t query_head);
  }];
}

#endif
