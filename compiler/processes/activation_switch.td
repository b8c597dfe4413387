// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_ACTIVATION_SWITCH
#define STREAMTENSOR_PROCESS_ACTIVATION_SWITCH

include "compiler/processes/ProcessDialect.td"

// rows: whole rows; tiles: 16 columns of every row, then the next 16, as the engine gives its results.
def Process_RowOrder : AttrOrTypeParameter<"::streamtensor::compiler::RowOrder", "an order of rows"> {
  let parser = "ParseRowOrder($_parser)";
  let printer = "PrintRowOrder($_printer, $_self)";
}

def Process_FrameAttr : Process_Attr<"Frame", "frame"> {
  let summary = "The activations of one issue";
  let description = [{
    `rows` rows of `groups` * 32 float32 from the `source`-th of the switch's sources, which come as
    `rows` or as `tiles`.
  }];
  let parameters = (ins "int64_t":$source, "int64_t":$groups, Process_Rows:$rows, Process_RowOrder:$order);
}

def Process_ActivationSwitchOp
    : Process_ListOp<"activation_switch", Process_FrameAttr, (ins), "", ["getPassages"]> {
  let summary = "Quantises activations into the engine's frames, in the order of its issues";
  let description = [{
    Each list holds the frames of its section, one for each issue of the engine.

    - Reads: header, the sources. Writes: frames.
    - Trace: `header;` for each frame: `+frames, R source*(rows*2*groups), -frames`.

    Example:
    ```mlir
    process.activation_switch @activation_switch reads [@header_to_activation_switch, @x, @y] writes [@frames]
      memories [] prologue [] layer [#process.frame<source = 0, groups = 18, rows = T, order = rows>]
      epilogue [#process.frame<source = 1, groups = 18, rows = W, order = rows>]
    ```
  }];
}

#endif
