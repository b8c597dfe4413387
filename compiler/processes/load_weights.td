// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_LOAD_WEIGHTS
#define STREAMTENSOR_PROCESS_LOAD_WEIGHTS

include "compiler/processes/ProcessDialect.td"

def Process_LoadWeightsOp : Process_Op<"load_weights", (ins), "", "", ["getMemoryBytes"]> {
  let summary = "One channel of packed weights, from memory";
  let description = [{
    A channel holds its parts of all issues of the engine that reads it, in issue order (`contract::IssueCut`). The
    channel is the position among the engine's weight streams, and that of its memory.

    - Reads nothing, not even the header: it always sends every word. Writes: blocks. Memory: `weights`.
    - Trace: for each block of this channel: `+blocks, -blocks`. A block is up to 32 words of whole tiles of a part;
      on the card a stream of blocks is a FIFO of their words.

    Example:
    ```mlir
    process.load_weights @load_weights_0 reads [] writes [@weights_0] memories [@channel_0]
    ```
  }];
}

#endif
