// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_CONVERT
#define STREAMTENSOR_PROCESS_CONVERT

include "compiler/processes/ProcessDialect.td"

def Process_ConvertOp
    : Process_SectionOp<"convert", (ins I64Attr:$shared_loops), "", ["getSourceName", "plan"]> {
  let summary = "Brings a stream into another order through a buffer";
  let description = [{
    What `itensor.converter` becomes. The orders are the types of the two streams. The outermost `shared_loops`
    loops are those of both; within one iteration of them everything is read, then everything is written.
    Between rows and the engine's row tiles it is `st::rows_to_tiles` or `st::tiles_to_rows`.

    - Reads: header, the source. Writes: the result.
    - Trace, with s the iterations of the shared loops and n the words within one:
      `header; section{s{R source*n, W result*n}}`.

    Example:
    ```mlir
    process.convert @convert layer reads [@header_to_convert, @tiles] writes [@rows] memories []
      {shared_loops = 0 : i64}
    ```
  }];
  let hasVerifier = 1;
}

#endif
