// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_JOIN
#define STREAMTENSOR_PROCESS_JOIN

include "compiler/processes/ProcessDialect.td"

def Process_JoinOp : Process_SectionOp<"join", (ins), "", ["getSourceName", "plan"]> {
  let summary = "Takes elements from several streams in turn";
  let description = [{
    One element of each source, in order, then the next of each: `itensor.join`.

    - Reads: header, two or more sources of as many and as wide elements each. Writes: the result, with all of them.
    - Trace, with e the elements of a source and n the words of one:
      `header; section{e{n{R source, W result} for each source}}`.

    Example:
    ```mlir
    process.join @join layer reads [@header_to_join, @gate, @up] writes [@pairs] memories []
    ```
  }];
}

#endif
