// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_LOAD
#define STREAMTENSOR_PROCESS_LOAD

include "compiler/processes/ProcessDialect.td"

def Process_LoadOp : Process_Op<"load"> {
  let summary = "Input rows, from memory";
  let description = [{
    Runs once, before the layers.

    - Reads: header. Writes: whole rows of float32. Memory: `input`, rows without gaps.
    - Trace, with n the words of all rows: `header; W rows*n`.

    Example:
    ```mlir
    process.load @load_x reads [@header_to_load_x] writes [@x_rows] memories [@x]
    ```
  }];
}

#endif
