// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_HEADER
#define STREAMTENSOR_PROCESS_HEADER

include "compiler/processes/ProcessDialect.td"

def Process_HeaderOp : Process_Op<"header", (ins), "", "", ["isControl"]> {
  let summary = "Reads and checks the step descriptor";
  let description = [{
    A design has one. On a fault in the descriptor T and W are 0.

    - Reads nothing. Writes: header words, to the fan-out; the page table, where attention reads it. Memory:
      `descriptor`.
    - Trace, with S the bound of T and M the design's `max_pages`:
      `W headers*(1+T)`; with a page table then `W pages*ceil(S*M/16)`.

    Example:
    ```mlir
    process.header @header reads [] writes [@header_words, @page_table] memories [@descriptor]
    ```
  }];
}

#endif
