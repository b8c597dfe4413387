// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_KV_APPEND
#define STREAMTENSOR_PROCESS_KV_APPEND

include "compiler/processes/ProcessDialect.td"

def Process_KvAppendOp : Process_Op<"kv_append", (ins I64Attr:$kv_heads, I64Attr:$head_dim), "",
                                    "", ["getSection", "getSourceName", "plan"]> {
  let summary = "Writes this step's keys and values to their pages";
  let description = [{
    What `dataflow.kv_append` becomes; once a layer. Values are rounded to float16.

    - Reads: header, T whole rows of keys and of values (`kv_heads * head_dim` float32). Writes: a done token.
      Memories: `k_write`, `v_write`.
    - Trace, with K the words of a row: `header; L{R keys*(T*K), R values*(T*K)}; W done*1`.

    Example:
    ```mlir
    process.kv_append @kv_append reads [@header_to_kv_append, @k, @v] writes [@done_kv_append]
      memories [@k_write, @v_write] {kv_heads = 3 : i64, head_dim = 64 : i64}
    ```
  }];
  let hasVerifier = 1;
}

#endif
