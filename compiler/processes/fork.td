// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_FORK
#define STREAMTENSOR_PROCESS_FORK

include "compiler/processes/ProcessDialect.td"

def Process_ForkOp : Process_SectionOp<"fork", (ins), "", ["getSourceName", "plan"]> {
  let summary = "Copies a stream to several readers";
  let description = [{
    Each word goes to every output, in order, before the next is taken: `itensor.fork`.

    - Reads: header, the source. Writes: one or more outputs, as many words each as the source.
    - Trace, with n the source's words: `header; section{n{R source, W output each}}`.

    Example:
    ```mlir
    process.fork @fork layer reads [@header_to_fork, @x] writes [@a, @b] memories []
    ```
  }];
}

#endif
