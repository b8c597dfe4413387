// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_STORE
#define STREAMTENSOR_PROCESS_STORE

include "compiler/processes/ProcessDialect.td"

def Process_StoreOp : Process_Op<"store"> {
  let summary = "Output rows, to memory";
  let description = [{
    Runs once, after the layers where there are any. Rows may come in the engine's order; what pads them to
    whole words is not stored.

    - Reads: header, rows or row tiles of float32. Writes: a done token. Memory: `output` or `logits`, rows
      without gaps.
    - Trace, with n the words of all rows: `header; R rows*n; W done*1`.

    Example:
    ```mlir
    process.store @store_logits reads [@header_to_store_logits, @tiles] writes [@done_store_logits]
      memories [@logits]
    ```
  }];
}

#endif
