// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_CHUNK
#define STREAMTENSOR_PROCESS_CHUNK

include "compiler/processes/ProcessDialect.td"

def Process_ChunkOp : Process_SectionOp<"chunk", (ins), "", ["getSourceName", "plan"]> {
  let summary = "Splits a stream into parts, one after another";
  let description = [{
    The first words go to the first output, the next to the second, and so on: `itensor.chunk`. Each output carries
    some of the outermost iterations of the source.

    - Reads: header, the source. Writes: one or more outputs, together as many words as the source.
    - Trace, with n the words of an output: `header; section{n{R source, W output} for each output}`.

    Example:
    ```mlir
    process.chunk @chunk layer reads [@header_to_chunk, @qkv] writes [@q, @k, @v] memories []
    ```
  }];
}

#endif
