// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_WRITE_STATUS
#define STREAMTENSOR_PROCESS_WRITE_STATUS

include "compiler/processes/ProcessDialect.td"

def Process_WriteStatusOp : Process_Op<"write_status", (ins), "", "", ["isControl"]> {
  let summary = "Writes the status word when everything else is written";
  let description = [{
    A fault, which the header carries, is written at once; success only after every done token.

    - Reads: header, any number of done tokens. Writes nothing. Memory: `status`.
    - Trace: `header; R done*1` each, in order.

    Example:
    ```mlir
    process.write_status @write_status reads [@header_status, @done_store_logits] writes [] memories [@status]
    ```
  }];
}

#endif
