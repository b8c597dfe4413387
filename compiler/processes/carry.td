// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_CARRY
#define STREAMTENSOR_PROCESS_CARRY

include "compiler/processes/ProcessDialect.td"

def Process_CarryOp : Process_Op<"carry"> {
  let summary = "The value that the layers carry: into the first, from each to the next, out of the last";
  let description = [{
    What an iter_arg of the loop over layers becomes.

    - Reads: header, the initial value, what a layer feeds back. Writes: to the layers, to what follows them.
      All four carry as many words.
    - Trace, with n those words: `header; n{R initial, W body}; (L-1){n{R back, W body}}; n{R back, W last}`.

    Example:
    ```mlir
    process.carry @carry reads [@header_to_carry, @initial, @back] writes [@body, @last] memories []
    ```
  }];
}

#endif
