// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_CONCAT
#define STREAMTENSOR_PROCESS_CONCAT

include "compiler/processes/ProcessDialect.td"

def Process_ConcatOp : Process_SectionOp<"concat", (ins), "", ["getSourceName", "plan"]> {
  let summary = "Puts streams one after another";
  let description = [{
    The words of the first source, then those of the second, and so on: `itensor.concat`. Each source carries some
    of the outermost iterations of the result.

    - Reads: header, one or more sources, together as many words as the result. Writes: the result.
    - Trace, with n the words of a source: `header; section{n{R source, W result} for each source}`.

    Example:
    ```mlir
    process.concat @concat layer reads [@header_to_concat, @a, @b] writes [@whole] memories []
    ```
  }];
}

#endif
