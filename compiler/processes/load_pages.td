// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_LOAD_PAGES
#define STREAMTENSOR_PROCESS_LOAD_PAGES

include "compiler/processes/ProcessDialect.td"

def Process_LoadPagesOp
    : Process_Op<"load_pages",
                 (ins I64Attr:$kv_heads, I64Attr:$head_dim, AffineMapAttr:$page_map, I64Attr:$mask_offset,
                     DenseI64ArrayAttr:$windows),
                 "", "", ["isControl"]> {
  let summary = "Reads the KV pages that attention is about to need";
  let description = [{
    Stands before each `process.attention`, with the same attributes, and reads ahead of it: what it reads and
    writes depends on the descriptor alone.

    - Reads: header, the page table. Writes: words of keys, and as many of values; to attention. Memories:
      `k_read`, `v_read`.
    - Trace, with S the bound of T and M the design's `max_pages`: `header; R page_table*ceil(S*M/16)`. Words of
      pages are not told: their number depends on the contexts of the step.

    Example:
    ```mlir
    process.load_pages @load_pages reads [@header_to_load_pages, @page_table]
      writes [@load_pages_to_attention, @load_pages_to_attention_2] memories [@k_read, @v_read]
      {kv_heads = 3 : i64, head_dim = 64 : i64, page_map = affine_map<(d0) -> (d0)>, mask_offset = 0 : i64,
       windows = array<i64>}
    ```
  }];
  let hasVerifier = 1;
}

#endif
