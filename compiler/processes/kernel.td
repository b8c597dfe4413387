// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_KERNEL
#define STREAMTENSOR_PROCESS_KERNEL

include "compiler/processes/ProcessDialect.td"

def Process_KernelOp
    : Process_SectionOp<"kernel", (ins StrArrayAttr:$fields), "", ["getSourceName", "plan"]> {
  let summary = "Linalg on the elements of its streams";
  let description = [{
    What `dataflow.kernel` becomes. The body has an argument for each stream it reads but the header's, for
    each memory, for each of `fields` (columns of the step header: "token_id", "slot", "position", "start",
    "wants_logits") and last the layer. Its yield gives one itensor for each stream it writes. Loops run over
    constants and extents; reads and writes of streams stand in such loops only.

    - Reads: header, any number of streams. Writes: any number. Memories: any number of `constants`.
    - Trace: `header; section{...}` with the reads and writes of the body, in the order of its loops.

    Example:
    ```mlir
    process.kernel @norm layer reads [@header_to_norm, @x] writes [@y] memories [@norm_value] fields [] {
    ^bb0(%rows: !itensor.itensor<...>, %weight: tensor<30x576xf32>, %layer: index):
      ...
      dataflow.yield %out : !itensor.itensor<...>
    }
    ```
  }];
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name $section `reads` $reads `writes` $writes `memories` $memories `fields` $fields
    attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
}

#endif
