// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_FAN_OUT
#define STREAMTENSOR_PROCESS_FAN_OUT

include "compiler/processes/ProcessDialect.td"

def Process_FanOutOp : Process_Op<"fan_out", (ins), "", "", ["isControl"]> {
  let summary = "Copies the step header to every process that reads it";
  let description = [{
    - Reads: header words. Writes: one or more header streams.
    - Trace: `(1+T){R in, W out each}`.

    Example:
    ```mlir
    process.fan_out @header_fan_out reads [@header_words] writes [@header_to_fork, @header_status] memories []
    ```
  }];
}

#endif
