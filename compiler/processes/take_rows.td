// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_TAKE_ROWS
#define STREAMTENSOR_PROCESS_TAKE_ROWS

include "compiler/processes/ProcessDialect.td"

def Process_TakeRowsOp : Process_SectionOp<"take_rows", (ins), "", ["getSourceName", "plan", "choosesRows"]> {
  let summary = "Passes on the rows that want logits";
  let description = [{
    What `dataflow.take_rows` becomes.

    - Reads: header, T whole rows of float32. Writes: W of them.
    - Trace, with n the words of a row: `header; section{T{n{R rows, W taken if the row wants logits}}}`.

    Example:
    ```mlir
    process.take_rows @take_rows epilogue reads [@header_to_take_rows, @rows] writes [@taken] memories []
    ```
  }];
}

#endif
